#include <autohttps/acme/protocol/client.h>

#include <autohttps/acme/protocol/headers.h>
#include <autohttps/acme/protocol/jws.h>
#include <autohttps/acme/protocol/nonce_pool.h>
#include <autohttps/acme/protocol/resources.h>
#include <autohttps/acme/protocol/url.h>
#include <autohttps/common/base64url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <mutex>
#include <optional>

namespace autohttps::acme {
namespace {

constexpr int kMostTries = 16;                       // of one request with badNonce: RELIABILITY F2
constexpr std::size_t kMostChainBytes = 256 * 1024;  // RELIABILITY I7
// CAs change their terms and profiles; a server runs for months.
constexpr std::chrono::hours kDirectoryLife{24};

constexpr std::string_view kChainType = "application/pem-certificate-chain";

bool is_success(const HttpResponse& response) {
  return response.status >= 200 && response.status <= 299;
}

// Media types compare without regard to case and parameters (RFC 9110 8.3.1).
bool has_content_type(const HttpResponse& response, std::string_view wanted) {
  const std::string_view type = response.header("content-type");
  return equals_ignoring_case(trim(type.substr(0, type.find(';'))), wanted);
}

void require_content_type(const HttpResponse& response, std::string_view wanted,
                          std::string_view doing) {
  if (has_content_type(response, wanted)) return;
  throw Error(ErrorCode::protocol,
              std::string(doing) + ": the CA answered with \"" +
                  printable(response.header("content-type"), 100) + "\", not " +
                  std::string(wanted),
              "check --server: it must be the URL of an ACME directory");
}

std::string location_of(const HttpResponse& response, std::string_view doing,
                        std::string_view origin) {
  return https_url(response.header("location"), std::string(doing) + ": the Location header",
                   origin);
}

ProblemError refusal(const HttpResponse& response, Problem problem, std::string_view doing,
                     const Clock& clock) {
  const ErrorCode code = refusal_code(problem, false);
  ProblemError error(code, std::string(doing), std::move(problem));
  const WallTime now = clock.wall();
  if (const auto wait = retry_after(response, now)) error.with_retry_at(now + *wait);
  return error;
}

// 6.4: the signature covers the URL, so a signed request cannot be sent on (RELIABILITY F20).
void refuse_redirect(const HttpResponse& response, std::string_view doing) {
  if (response.status < 300 || response.status > 399) return;
  throw Error(ErrorCode::protocol,
              std::string(doing) + ": the CA redirects a signed request to \"" +
                  printable(response.header("location"), 300) + "\" (HTTP " +
                  std::to_string(response.status) + ")",
              "the URLs in the CA's directory have to be those that answer: tell whoever runs it");
}

std::string doing_to(std::string_view verb, std::string_view url) {
  return std::string(verb) + " \"" + printable(url, 300) + "\"";
}

// The value for "now" when our own clock is wrong.
std::optional<WallTime> date_of(const HttpResponse& response) {
  return parse_http_date(response.header("date"));
}

Json new_account_payload(const NewAccount& request) {
  Json payload = Json::object();
  if (!request.contact.empty()) payload["contact"] = request.contact;
  if (request.terms_of_service_agreed) payload["termsOfServiceAgreed"] = true;
  if (request.only_return_existing) payload["onlyReturnExisting"] = true;
  return payload;
}

Json new_order_payload(const NewOrder& request) {
  Json identifiers = Json::array();
  for (const Identifier& identifier : request.identifiers) {
    const char* type = identifier.type == Identifier::Type::dns ? "dns" : "ip";
    identifiers.push_back({{"type", type}, {"value", identifier.value}});
  }
  Json payload = {{"identifiers", std::move(identifiers)}};
  if (request.profile) payload["profile"] = *request.profile;
  if (request.replaces) payload["replaces"] = *request.replaces;
  return payload;
}

}  // namespace

struct ClientSession::Shared {
  NoncePool nonces;

  std::mutex mutex;
  std::optional<Directory> directory;  // guarded by mutex
  SteadyTime fetched;                  // guarded by mutex
};

ClientSession::ClientSession(const std::string& directory_url)
    : directory_url_(https_url(directory_url, "the CA's directory", {}, ErrorCode::config)),
      shared_(std::make_unique<Shared>()) {}

ClientSession::~ClientSession() = default;

Client::Client(std::shared_ptr<ClientSession> session, Transport& transport, Clock& clock,
               std::shared_ptr<const AccountKey> key)
    : session_(std::move(session)), transport_(transport), clock_(clock), key_(std::move(key)) {}

Directory Client::directory(std::stop_token stop) {
  ClientSession::Shared& shared = *session_->shared_;
  {
    const std::lock_guard lock(shared.mutex);
    if (shared.directory && clock_.steady() - shared.fetched < kDirectoryLife) {
      return *shared.directory;
    }
  }
  const std::string& url = session_->directory_url();
  const std::string doing = doing_to("reading the directory", url);
  const HttpResponse response =
      transport_.send({.method = "GET", .url = url, .accept = "application/json"}, stop);
  if (!is_success(response)) {
    throw refusal(response,
                  parse_problem(response.body, response.header("content-type"), response.status),
                  doing, clock_);
  }
  require_content_type(response, "application/json", doing);
  Directory directory = parse_directory(response.body, {doing, url});
  shared.nonces.put(response.header("replay-nonce"));
  const std::lock_guard lock(shared.mutex);
  shared.directory = directory;
  shared.fetched = clock_.steady();
  return directory;
}

std::string Client::fresh_nonce(std::string_view doing, std::stop_token stop) {
  const std::string url = directory(stop).new_nonce;
  const HttpResponse response = transport_.send({.method = "HEAD", .url = url}, stop);
  if (!is_success(response)) {
    throw refusal(response,
                  parse_problem(response.body, response.header("content-type"), response.status),
                  std::string(doing) + ": asking for a nonce", clock_);
  }
  const std::string_view nonce = response.header("replay-nonce");
  if (is_nonce(nonce)) return std::string(nonce);
  throw Error(ErrorCode::protocol, std::string(doing) + ": the CA sent no usable nonce");
}

HttpResponse Client::post(std::string_view url, const std::string& payload, bool with_jwk,
                          std::string_view doing, std::stop_token stop, std::string_view accept) {
  NoncePool& nonces = session_->shared_->nonces;
  const std::string account = with_jwk ? std::string() : account_url();
  std::optional<std::string> nonce = nonces.take();
  for (int tries = 1;; ++tries) {
    if (!nonce) nonce = fresh_nonce(doing, stop);
    const JwsHeader header{.url = url, .nonce = *nonce, .account = account};
    HttpResponse response = transport_.send({.method = "POST",
                                             .url = std::string(url),
                                             .content_type = "application/jose+json",
                                             .accept = std::string(accept),
                                             .body = sign_jws(*key_, header, payload)},
                                            stop);
    const std::string_view next = response.header("replay-nonce");
    if (is_success(response)) {
      nonces.put(next);
      return response;
    }
    refuse_redirect(response, doing);
    Problem problem =
        parse_problem(response.body, response.header("content-type"), response.status);
    if (problem.short_type() != "badNonce" || tries == kMostTries) {
      nonces.put(next);
      throw refusal(response, std::move(problem), doing, clock_);
    }
    // 6.5: "the server MUST include a Replay-Nonce header field with a fresh nonce that the server
    // will accept in a retry". It does not pass through the pool, where another thread could take
    // it.
    nonce = is_nonce(next) ? std::optional<std::string>(next) : std::nullopt;
  }
}

HttpResponse Client::post_for_json(std::string_view url, const std::string& payload, bool with_jwk,
                                   std::string_view doing, std::stop_token stop) {
  HttpResponse response = post(url, payload, with_jwk, doing, std::move(stop));
  require_content_type(response, "application/json", doing);
  return response;
}

Account Client::new_account(const NewAccount& request, std::stop_token stop) {
  const std::string& origin = session_->directory_url();
  const std::string doing = doing_to("registering an account at", host_of(origin));
  const std::string url = directory(stop).new_account;
  const HttpResponse response =
      post_for_json(url, new_account_payload(request).dump(), true, doing, stop);
  Account account = parse_account(response.body, {doing, origin});
  account.url = location_of(response, doing, origin);
  use_account(account.url);
  return account;
}

void Client::use_account(std::string url) {
  const std::lock_guard lock(mutex_);
  account_url_ = std::move(url);
}

std::string Client::account_url() const {
  const std::lock_guard lock(mutex_);
  if (account_url_.empty()) throw Error(ErrorCode::internal, "a request before use_account()");
  return account_url_;
}

Account Client::account(std::stop_token stop) {
  const std::string url = account_url();
  const std::string doing = doing_to("reading the account", url);
  const HttpResponse response = post_for_json(url, "", false, doing, stop);
  Account account = parse_account(response.body, {doing, session_->directory_url()});
  account.url = url;
  return account;
}

Order Client::read_order(const HttpResponse& response, std::string url, std::string_view doing) {
  Order order = parse_order(response.body, {doing, session_->directory_url()});
  order.url = std::move(url);
  order.retry_after = retry_after(response, clock_.wall());
  return order;
}

Order Client::new_order(const NewOrder& request, std::stop_token stop) {
  const std::string doing = doing_to("creating the order for", describe(request.identifiers));
  const std::string url = directory(stop).new_order;
  const HttpResponse response =
      post_for_json(url, new_order_payload(request).dump(), false, doing, stop);
  return read_order(response, location_of(response, doing, session_->directory_url()), doing);
}

Order Client::order(std::string_view url, std::stop_token stop) {
  const std::string doing = doing_to("reading the order", url);
  const HttpResponse response = post_for_json(url, "", false, doing, stop);
  return read_order(response, std::string(url), doing);
}

Authorization Client::authorization(std::string_view url, std::stop_token stop) {
  const std::string doing = doing_to("reading the authorization", url);
  const HttpResponse response = post_for_json(url, "", false, doing, stop);
  Authorization authorization =
      parse_authorization(response.body, {doing, session_->directory_url()});
  authorization.url = url;
  authorization.retry_after = retry_after(response, clock_.wall());
  return authorization;
}

Challenge Client::respond(const Challenge& challenge, std::stop_token stop) {
  const std::string doing = doing_to("responding to the challenge", challenge.url);
  const HttpResponse response = post_for_json(challenge.url, "{}", false, doing, stop);
  Challenge answer = parse_challenge(response.body, {doing, session_->directory_url()});
  answer.retry_after = retry_after(response, clock_.wall());
  return answer;
}

Order Client::finalize(const Order& order, std::string_view csr_der, std::stop_token stop) {
  const std::string doing = doing_to("finalizing the order for", describe(order.identifiers)) +
                            " (order=" + printable(order.url, 300) + ")";
  const Json payload = {{"csr", base64url_encode(csr_der)}};
  const HttpResponse response = post_for_json(order.finalize, payload.dump(), false, doing, stop);
  // The Location header is not asked for: RFC 8555 7.4 demands none, and Pebble sends none
  // since 2.9.
  return read_order(response, order.url, doing);
}

IssuedChain Client::certificate(std::string_view url, std::stop_token stop) {
  const std::string doing = doing_to("downloading the certificate", url);
  HttpResponse response = post(url, "", false, doing, stop, kChainType);
  require_content_type(response, kChainType, doing);
  if (response.body.size() > kMostChainBytes) {
    throw Error(ErrorCode::protocol, doing + ": the chain has " +
                                         std::to_string(response.body.size()) +
                                         " bytes, at most 256 KiB are taken");
  }
  IssuedChain chain;
  for (std::string& link : links(response, "alternate")) {
    if (is_https_url(link, session_->directory_url())) chain.alternates.push_back(std::move(link));
  }
  chain.ca_time = date_of(response);
  chain.pem = std::move(response.body);
  return chain;
}

}  // namespace autohttps::acme
