#include <autohttps/acme/protocol/client.h>

#include <autohttps/acme/protocol/answers.h>
#include <autohttps/acme/protocol/headers.h>
#include <autohttps/acme/protocol/jws.h>
#include <autohttps/acme/protocol/nonce_pool.h>
#include <autohttps/acme/protocol/resources.h>
#include <autohttps/acme/protocol/url.h>
#include <autohttps/common/base64url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/strings.h>

#include <map>
#include <mutex>
#include <optional>

namespace autohttps::acme {
namespace {

constexpr int kMostTries = 16;                       // of one request with badNonce: RELIABILITY F2
constexpr std::size_t kMostChainBytes = 256 * 1024;  // RELIABILITY I7
// CAs change their terms and profiles; a server runs for months.
constexpr std::chrono::hours kDirectoryLife{24};

constexpr std::string_view kChainType = "application/pem-certificate-chain";

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

std::string profile_hint(const std::map<std::string, std::string>& profiles) {
  std::string list;
  for (const auto& [name, description] : profiles) list += (list.empty() ? "" : ", ") + name;
  return "the CA offers --profile " + list + "; leave it out for the CA's default";
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
  const HttpResponse response = get(url, doing, stop);
  require_content_type(response, "application/json", doing);
  Directory directory = parse_directory(response.body, {doing, url});
  shared.nonces.put(response.header("replay-nonce"));
  const std::lock_guard lock(shared.mutex);
  shared.directory = directory;
  shared.fetched = clock_.steady();
  return directory;
}

HttpResponse Client::get(const std::string& url, std::string_view doing, std::stop_token stop) {
  HttpResponse response =
      transport_.send({.method = "GET", .url = url, .accept = "application/json"}, stop);
  if (!is_success(response)) {
    throw refusal(response, problem_of(response), doing, clock_.wall());
  }
  return response;
}

std::string Client::fresh_nonce(std::string_view doing, std::stop_token stop) {
  const std::string url = directory(stop).new_nonce;
  const HttpResponse response = transport_.send({.method = "HEAD", .url = url}, stop);
  if (!is_success(response)) {
    throw refusal(response, problem_of(response), std::string(doing) + ": asking for a nonce",
                  clock_.wall());
  }
  const std::string_view nonce = response.header("replay-nonce");
  if (is_nonce(nonce)) return std::string(nonce);
  throw Error(ErrorCode::protocol, std::string(doing) + ": the CA sent no usable nonce");
}

HttpResponse Client::post(std::string_view url, const std::string& payload, const Signer& signer,
                          std::string_view doing, std::stop_token stop, std::string_view accept) {
  NoncePool& nonces = session_->shared_->nonces;
  std::optional<std::string> nonce = nonces.take();
  for (int tries = 1;; ++tries) {
    if (!nonce) nonce = fresh_nonce(doing, stop);
    const JwsHeader header{.url = url, .nonce = *nonce, .account = signer.account};
    HttpResponse response = transport_.send({.method = "POST",
                                             .url = std::string(url),
                                             .content_type = "application/jose+json",
                                             .accept = std::string(accept),
                                             .body = sign_jws(signer.key, header, payload)},
                                            stop);
    const std::string_view next = response.header("replay-nonce");
    if (is_success(response)) {
      nonces.put(next);
      return response;
    }
    refuse_redirect(response, doing);
    Problem problem = problem_of(response);
    if (problem.short_type() != "badNonce" || tries == kMostTries) {
      nonces.put(next);
      throw refusal(response, std::move(problem), doing, clock_.wall());
    }
    // 6.5: "the server MUST include a Replay-Nonce header field with a fresh nonce that the server
    // will accept in a retry". It does not pass through the pool, where another thread could take
    // it.
    nonce = is_nonce(next) ? std::optional<std::string>(next) : std::nullopt;
  }
}

HttpResponse Client::post_for_json(std::string_view url, const std::string& payload,
                                   const Signer& signer, std::string_view doing,
                                   std::stop_token stop) {
  HttpResponse response = post(url, payload, signer, doing, std::move(stop));
  require_content_type(response, "application/json", doing);
  return response;
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

Order Client::read_order(const HttpResponse& response, std::string url, std::string_view doing) {
  Order order = parse_order(response.body, {doing, session_->directory_url()});
  order.url = std::move(url);
  order.retry_after = retry_wait(response, clock_.wall());
  return order;
}

Order Client::new_order(const NewOrder& request, std::stop_token stop) {
  const std::string doing = doing_to("creating the order for", describe(request.identifiers));
  const std::string url = directory(stop).new_order;
  try {
    const HttpResponse response =
        post_for_json(url, new_order_payload(request).dump(), as_account(), doing, stop);
    return read_order(response, location_of(response, doing, session_->directory_url()), doing);
  } catch (const ProblemError& error) {
    if (error.problem().short_type() != "invalidProfile") throw;
    const auto profiles = directory(stop).profiles;
    if (profiles.empty()) throw;
    throw ProblemError(error.code(), doing, error.problem(), profile_hint(profiles));
  }
}

Order Client::order(std::string_view url, std::stop_token stop) {
  const std::string doing = doing_to("reading the order", url);
  const HttpResponse response = post_for_json(url, "", as_account(), doing, stop);
  return read_order(response, std::string(url), doing);
}

Authorization Client::authorization(std::string_view url, std::stop_token stop) {
  const std::string doing = doing_to("reading the authorization", url);
  const HttpResponse response = post_for_json(url, "", as_account(), doing, stop);
  Authorization authorization =
      parse_authorization(response.body, {doing, session_->directory_url()});
  authorization.url = url;
  authorization.retry_after = retry_wait(response, clock_.wall());
  return authorization;
}

Challenge Client::respond(const Challenge& challenge, std::stop_token stop) {
  const std::string doing = doing_to("responding to the challenge", challenge.url);
  const HttpResponse response = post_for_json(challenge.url, "{}", as_account(), doing, stop);
  Challenge answer = parse_challenge(response.body, {doing, session_->directory_url()});
  answer.retry_after = retry_wait(response, clock_.wall());
  return answer;
}

Order Client::finalize(const Order& order, std::string_view csr_der, std::stop_token stop) {
  const std::string doing = doing_to("finalizing the order for", describe(order.identifiers)) +
                            " (order=" + printable(order.url, 300) + ")";
  const Json payload = {{"csr", base64url_encode(csr_der)}};
  const HttpResponse response =
      post_for_json(order.finalize, payload.dump(), as_account(), doing, stop);
  // The Location header is not asked for: RFC 8555 7.4 demands none, and Pebble sends none
  // since 2.9.
  return read_order(response, order.url, doing);
}

Authorization Client::deactivate_authorization(std::string_view url, std::stop_token stop) {
  const std::string doing = doing_to("deactivating the authorization", url);
  const HttpResponse response =
      post_for_json(url, R"({"status":"deactivated"})", as_account(), doing, stop);
  Authorization authorization =
      parse_authorization(response.body, {doing, session_->directory_url()});
  authorization.url = url;
  return authorization;
}

IssuedChain Client::certificate(std::string_view url, std::stop_token stop) {
  const std::string doing = doing_to("downloading the certificate", url);
  HttpResponse response = post(url, "", as_account(), doing, stop, kChainType);
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
