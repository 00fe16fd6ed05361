#include <autohttps/tests/support/scripted_ca.h>

#include <autohttps/tests/support/scripted_ca_state.h>

#include <autohttps/common/base64url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace autohttps {
namespace {

using acme::HttpRequest;
using acme::HttpResponse;

std::string random_text(std::size_t bytes) {
  std::string raw(bytes, '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes));
  return base64url_encode(raw);
}

// RFC 9110 5.6.7.
std::string http_date(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t length =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text.data(), length);
}

std::optional<Operation> operation_of(const std::string& url) {
  if (!url.starts_with(kCaBase)) return std::nullopt;
  const std::string_view path = std::string_view(url).substr(kCaBase.size());
  if (path == "/directory") return Operation::directory;
  if (path == "/new-nonce") return Operation::new_nonce;
  if (path == "/new-account") return Operation::new_account;
  if (path == "/new-order") return Operation::new_order;
  if (path == "/revoke") return Operation::revoke;
  if (path == "/key-change") return Operation::key_change;
  if (path.starts_with("/renewal-info/")) return Operation::renewal_info;
  if (path.starts_with("/account/")) return Operation::account;
  if (path.starts_with("/order/")) {
    return path.ends_with("/finalize") ? Operation::finalize : Operation::order;
  }
  if (path.starts_with("/authorization/")) return Operation::authorization;
  if (path.starts_with("/challenge/")) return Operation::challenge;
  if (path.starts_with("/certificate/")) return Operation::certificate;
  return std::nullopt;
}

HttpResponse problem_answer(const CaProblem& problem) {
  std::vector<std::string> retry_after;
  if (!problem.retry_after.empty()) retry_after.push_back(problem.retry_after);
  return *Action::problem(problem.type, problem.status, problem.what(), retry_after).answer;
}

[[noreturn]] void lose(const HttpRequest& request, const char* how) {
  throw Error(ErrorCode::network,
              "asking \"ca.test\": " + std::string(how) + " (" + request.url + ")");
}

}  // namespace

ScriptedCa::ScriptedCa(Clock& clock, Validate validate, ScriptedCaBehaviour behaviour)
    : state_(std::make_unique<State>(clock, std::move(validate), std::move(behaviour))) {}

ScriptedCa::~ScriptedCa() = default;

const std::string& ScriptedCa::root() const noexcept { return state_->issuer.root(); }
const CertificateIssuer& ScriptedCa::issuer() const noexcept { return state_->issuer; }
ScriptedCaBehaviour& ScriptedCa::behaviour() noexcept { return state_->behaviour; }

std::string ScriptedCa::State::fresh_nonce() {
  std::string nonce = random_text(16);
  nonces.insert(nonce);
  return nonce;
}

std::string ScriptedCa::State::fresh_token() { return random_text(32); }

CaAccount& ScriptedCa::State::account_of(const SignedRequest& request) {
  for (CaAccount& account : accounts) {
    if (account.url != request.header.at("kid").get<std::string>()) continue;
    if (account.status != "valid")
      throw CaProblem("unauthorized", 403, "the account is " + account.status);
    return account;
  }
  throw CaProblem("accountDoesNotExist", 400, "no such account");
}

CaOrder& ScriptedCa::State::order_at(const std::string& url, const CaAccount& owner) {
  for (const auto& order : orders) {
    if ((order->url == url || order->url + "/finalize" == url) && order->account == owner.url)
      return *order;
  }
  throw CaProblem("malformed", 404, "no such order");
}

CaAuthorization& ScriptedCa::State::authorization_at(const std::string& url,
                                                     const CaAccount& owner) {
  for (const auto& authorization : authorizations) {
    if (authorization->url == url && authorization->account == owner.url) return *authorization;
  }
  throw CaProblem("malformed", 404, "no such authorization");
}

// RFC 8555 6.2, 6.4, 6.5.
void ScriptedCa::State::check_signed(Operation operation, const HttpRequest& request,
                                     const SignedRequest& jws) {
  if (jws.header.value("url", "") != request.url)
    throw CaProblem("unauthorized", 401, "url is not the request's");
  if (nonces.erase(jws.header.value("nonce", "")) == 0)
    throw CaProblem("badNonce", 400, "not a nonce of ours, or used");
  const bool with_jwk = jws.header.contains("jwk");
  const bool either = operation == Operation::revoke;
  if (!either && with_jwk != (operation == Operation::new_account)) {
    throw CaProblem("malformed", 400, "newAccount takes a jwk, all else a kid");
  }
  verify_jws(jws, with_jwk ? jws.header.at("jwk") : account_of(jws).jwk);
}

HttpResponse ScriptedCa::State::work(Operation operation, const HttpRequest& request,
                                     SeenRequest& seen) {
  if (operation == Operation::directory) {
    if (request.method != "GET") throw CaProblem("malformed", 405, "the directory is for GET");
    return directory();
  }
  if (operation == Operation::new_nonce) {
    if (request.method != "HEAD") throw CaProblem("malformed", 405, "nonces are for HEAD");
    HttpResponse response;
    response.status = 200;
    response.headers = {{"cache-control", "no-store"}};
    return response;
  }
  if (operation == Operation::renewal_info) {
    if (request.method != "GET") throw CaProblem("malformed", 405, "renewal info is for GET");
    return renewal_info(request.url);
  }
  if (request.method != "POST")
    throw CaProblem("malformed", 405, "all resources are for POST (RFC 8555 6.3)");
  if (request.content_type != "application/jose+json")
    throw CaProblem("malformed", 415, "application/jose+json is wanted");
  const SignedRequest jws = read_jws(request.body);
  seen.payload = jws.payload;
  seen.with_jwk = jws.header.contains("jwk");
  seen.account = jws.header.value("kid", "");
  check_signed(operation, request, jws);
  return signed_work(operation, jws, request.url);
}

HttpResponse ScriptedCa::State::signed_work(Operation operation, const SignedRequest& jws,
                                            const std::string& url) {
  if (operation == Operation::new_account) return new_account(jws);
  if (operation == Operation::revoke) return revoke(jws);
  CaAccount& owner = account_of(jws);
  const bool reads = operation == Operation::order || operation == Operation::certificate;
  if (reads && !jws.payload.empty())
    throw CaProblem("malformed", 400, "POST-as-GET has an empty payload");
  switch (operation) {
    case Operation::account:
      return account(owner, jws);
    case Operation::new_order:
      return new_order(owner, parse_json(jws.payload, "newOrder"));
    case Operation::order:
      return order(order_at(url, owner));
    case Operation::authorization:
      return authorization(authorization_at(url, owner), jws.payload);
    case Operation::key_change:
      return key_change(owner, jws);
    case Operation::challenge:
      return challenge(owner, url, jws.payload);
    case Operation::finalize:
      return finalize(owner, order_at(url, owner), parse_json(jws.payload, "finalize"));
    default:
      return certificate(url, owner);
  }
}

Action ScriptedCa::State::next_action(Operation operation) {
  const int number = ++counts[operation];
  for (const CaRule& rule : rules) {
    if (rule.operation != operation) continue;
    if (rule.nth == 0 || (number >= rule.nth && number < rule.nth + rule.times)) return rule.action;
  }
  return {};
}

HttpResponse ScriptedCa::State::answer(Operation operation, const HttpRequest& request,
                                       const Action& action, SeenRequest& seen) {
  HttpResponse response;
  try {
    if (action.bad_nonce_only) throw CaProblem("badNonce", 400, "as the test wants it");
    response = action.answer ? *action.answer : work(operation, request, seen);
  } catch (const CaProblem& problem) {
    response = problem_answer(problem);
  } catch (const std::exception& error) {  // what JSON or a test's own function does not like
    response = problem_answer(CaProblem("malformed", 400, error.what()));
  }
  const bool is_signed = operation != Operation::directory && operation != Operation::renewal_info;
  if (is_signed && response.header("replay-nonce").empty()) {
    response.headers.emplace_back("replay-nonce", fresh_nonce());
  }
  if (response.header("date").empty()) {
    response.headers.emplace_back("date", http_date(clock.wall()));
  }
  return response;
}

HttpResponse ScriptedCa::send(const HttpRequest& request, std::stop_token stop) {
  if (stop.stop_requested()) throw Error(ErrorCode::canceled, "asking \"ca.test\": stopped");
  const auto operation = operation_of(request.url);
  if (!operation) lose(request, "no such host or path");
  SeenRequest seen{*operation, request.method, request.url, request.accept, {}, false, {}};
  std::unique_lock lock(state_->mutex);
  const Action action = state_->next_action(*operation);
  if (action.first) {
    lock.unlock();
    action.first();
    lock.lock();
  }
  if (action.unreached) lose(request, "connection refused");
  HttpResponse response = state_->answer(*operation, request, action, seen);
  state_->requests.push_back(std::move(seen));
  const std::vector<CaValidation> to_validate = std::exchange(state_->to_validate, {});
  lock.unlock();
  for (const CaValidation& validation : to_validate) {
    const auto body = state_->validate ? state_->validate(validation.identifier, validation.token)
                                       : std::optional<std::string>(validation.key_authorization);
    const std::lock_guard settling(state_->mutex);
    state_->settle(validation, body);
  }
  if (action.changes) action.changes(response);
  if (action.lost) lose(request, "the connection broke before the answer came");
  return response;
}

void ScriptedCa::rule(Operation operation, int nth, Action action, int times) {
  const std::lock_guard lock(state_->mutex);
  state_->rules.push_back({operation, nth, times, std::move(action)});
}

void ScriptedCa::clear_rules() {
  const std::lock_guard lock(state_->mutex);
  state_->rules.clear();
}

void ScriptedCa::forget_accounts() {
  const std::lock_guard lock(state_->mutex);
  state_->accounts.clear();
}

void ScriptedCa::deactivate_accounts() {
  const std::lock_guard lock(state_->mutex);
  for (CaAccount& account : state_->accounts) account.status = "deactivated";
}

void ScriptedCa::expire_orders() {
  const std::lock_guard lock(state_->mutex);
  for (const auto& order : state_->orders) order->expires = state_->clock.wall();
}

void ScriptedCa::invalidate_orders(std::string_view type, std::string_view detail) {
  const std::lock_guard lock(state_->mutex);
  for (const auto& order : state_->orders) {
    if (order->status == "valid") continue;
    order->status = "invalid";
    order->error =
        Json{{"type", "urn:ietf:params:acme:error:" + std::string(type)}, {"detail", detail}};
  }
}

int ScriptedCa::count(Operation operation) const {
  const std::lock_guard lock(state_->mutex);
  const auto count = state_->counts.find(operation);
  return count == state_->counts.end() ? 0 : count->second;
}

int ScriptedCa::count() const {
  const std::lock_guard lock(state_->mutex);
  int sum = 0;
  for (const auto& [operation, count] : state_->counts) sum += count;
  return sum;
}

std::vector<SeenRequest> ScriptedCa::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

std::vector<std::string> ScriptedCa::certificates() const {
  const std::lock_guard lock(state_->mutex);
  return state_->sold;
}

std::vector<CaRevocation> ScriptedCa::revocations() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<CaRevocation> revocations;
  for (const CaCertificate& certificate : state_->certificates) {
    if (certificate.revocation) revocations.push_back(*certificate.revocation);
  }
  return revocations;
}

std::vector<std::string> ScriptedCa::refusals() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counters.refusals();
}

void ScriptedCa::unpause() {
  const std::lock_guard lock(state_->mutex);
  for (const CaAccount& account : state_->accounts) state_->counters.unpause(account.url);
}

std::size_t ScriptedCa::accounts() const {
  const std::lock_guard lock(state_->mutex);
  return state_->accounts.size();
}

std::size_t ScriptedCa::orders() const {
  const std::lock_guard lock(state_->mutex);
  return state_->orders.size();
}

}  // namespace autohttps
