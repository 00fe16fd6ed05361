// The scripted CA's certificates: issued, fetched, revoked, and when to renew them.
#include <autohttps/tests/support/scripted_ca_state.h>

#include <autohttps/common/base64url.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/timestamps.h>

#include <openssl/pem.h>

#include <algorithm>
#include <array>

namespace autohttps {
namespace {

using acme::HttpResponse;

constexpr auto kDay = std::chrono::hours(24);

std::string bytes_of(const unsigned char* data, int size) {
  return std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
}

// RFC 9773 4.1, from the number itself and not from its encoding: X.690 8.3 puts a zero byte before
// a number whose first bit is set.
std::string identifier_of(const X509* leaf) {
  const ASN1_OCTET_STRING* issuer = X509_get0_authority_key_id(const_cast<X509*>(leaf));
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), nullptr));
  if (issuer == nullptr || !number) return {};
  std::string serial(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(serial.data()));
  if (!serial.empty() && (static_cast<unsigned char>(serial.front()) & 0x80) != 0) {
    serial.insert(serial.begin(), '\0');
  }
  return base64url_encode(bytes_of(ASN1_STRING_get0_data(issuer), ASN1_STRING_length(issuer))) +
         "." + base64url_encode(serial);
}

std::string der_of(X509* leaf) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(leaf, &der);
  std::string bytes = bytes_of(der, size);
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

void ScriptedCa::State::issue(CaOrder& order, const ParsedCsr& csr) {
  CertificateRequest request;
  request.names = csr.names;
  request.key = csr.key.get();
  request.issuer = &issuer;
  request.plan.names = csr.names;
  request.plan.not_before = clock.wall() - std::chrono::hours(1);
  request.plan.not_after = request.plan.not_before + behaviour.certificate_life;
  order.certificate = std::string(kCaBase) + "/certificate/" + std::to_string(++made);
  std::vector<std::string>& offered = chains[order.certificate];
  offered.push_back(behaviour.chain ? behaviour.chain(request) : request.chain());
  remember(order, request, offered.front());
  if (behaviour.alternates > 0 &&
      (!alternate_issuer || alternate_issuer->name() != behaviour.alternate_name)) {
    alternate_issuer.emplace(clock.wall(), behaviour.alternate_name);
  }
  for (int i = 0; i < behaviour.alternates; ++i) {
    offered.push_back(alternate_issuer->leaf(request.key, request.plan) +
                      alternate_issuer->intermediate());
  }
  sold.push_back(offered.front());
  if (behaviour.habits)
    counters.issued(*behaviour.habits, order.names, !order.replaces.empty(), clock.wall());
}

// What a test's own chain function made may be no certificate at all: then nothing is known of it.
void ScriptedCa::State::remember(const CaOrder& order, const CertificateRequest& request,
                                 const std::string& chain) {
  const BioPtr bio(BIO_new_mem_buf(chain.data(), static_cast<int>(chain.size())));
  const X509Ptr leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  openssl_reason();
  if (!leaf) return;
  CaCertificate certificate;
  certificate.identifier = identifier_of(leaf.get());
  certificate.account = order.account;
  certificate.der = der_of(leaf.get());
  certificate.key = std::shared_ptr<EVP_PKEY>(X509_get_pubkey(leaf.get()), EVP_PKEY_free);
  certificate.names = order.names;
  certificate.not_before = request.plan.not_before;
  certificate.not_after = request.plan.not_after;
  certificates.push_back(std::move(certificate));
}

HttpResponse ScriptedCa::State::certificate(const std::string& url, const CaAccount&) {
  const std::size_t alternate = url.find("/alternate/");
  const auto offered = chains.find(url.substr(0, alternate));
  if (offered == chains.end()) throw CaProblem("malformed", 404, "no such certificate");
  std::size_t index = 0;
  if (alternate != std::string::npos) index = std::stoul(url.substr(alternate + 11));
  if (index >= offered->second.size()) throw CaProblem("malformed", 404, "no such chain");
  HttpResponse response;
  response.status = 200;
  response.headers = {{"content-type", "application/pem-certificate-chain"}};
  for (std::size_t i = 0; i < offered->second.size(); ++i) {
    if (i == index) continue;
    const std::string target =
        i == 0 ? offered->first : offered->first + "/alternate/" + std::to_string(i);
    response.headers.emplace_back("link", "<" + target + ">;rel=\"alternate\"");
  }
  response.body = offered->second[index];
  return response;
}

// RFC 8555 7.6.
HttpResponse ScriptedCa::State::revoke(const SignedRequest& request) {
  const Json payload = parse_json(request.payload, "revokeCert");
  const auto der = base64url_decode(payload.at("certificate").get<std::string>());
  const auto known = std::find_if(certificates.begin(), certificates.end(),
                                  [&](const CaCertificate& one) { return one.der == der; });
  if (known == certificates.end()) throw CaProblem("malformed", 404, "no certificate of ours");
  const bool by_account = request.header.contains("kid");
  const bool allowed = by_account ? account_of(request).url == known->account
                                  : EVP_PKEY_eq(public_key_of(request.header.at("jwk")).get(),
                                                known->key.get()) == 1;
  if (!allowed) throw CaProblem("unauthorized", 403, "the certificate is not this key's");
  if (known->revocation) throw CaProblem("alreadyRevoked", 400, "it is revoked already");
  const int reason = payload.value("reason", 0);
  static constexpr std::array<int, 6> kReasons = {0, 1, 3, 4, 5, 9};
  if (std::find(kReasons.begin(), kReasons.end(), reason) == kReasons.end())
    throw CaProblem("badRevocationReason", 400, "reason " + std::to_string(reason));
  known->revocation = CaRevocation{known->identifier, reason, by_account};
  HttpResponse response;
  response.status = 200;
  return response;
}

HttpResponse ScriptedCa::State::renewal_info(const std::string& url) {
  const std::string identifier = url.substr(url.rfind('/') + 1);
  const auto known =
      std::find_if(certificates.begin(), certificates.end(),
                   [&](const CaCertificate& one) { return one.identifier == identifier; });
  if (!behaviour.renewal_information || known == certificates.end())
    throw CaProblem("malformed", 404, "no such certificate");
  const WallTime middle = known->not_before + (known->not_after - known->not_before) / 3 * 2;
  const auto half = (known->not_after - known->not_before) / 90;  // a day of a common life
  std::pair<WallTime, WallTime> window{middle - half, middle + half};
  if (known->revocation) window = {clock.wall() - 2 * kDay, clock.wall() - kDay};
  if (behaviour.renewal_window) window = *behaviour.renewal_window;
  Json body = {{"suggestedWindow",
                {{"start", format_rfc3339(window.first)}, {"end", format_rfc3339(window.second)}}}};
  if (!behaviour.renewal_explanation.empty())
    body["explanationURL"] = behaviour.renewal_explanation;
  HttpResponse response = json_answer(200, body);
  if (behaviour.renewal_body) response.body = behaviour.renewal_body(identifier);
  for (const std::string& value : behaviour.renewal_retry_after) {
    response.headers.emplace_back("retry-after", value);
  }
  return response;
}

// RFC 9773 5.
void ScriptedCa::State::check_replaces(const CaAccount& owner, const std::string& replaces,
                                       const std::vector<Identifier>& names) {
  const auto known = std::find_if(certificates.begin(), certificates.end(),
                                  [&](const auto& one) { return one.identifier == replaces; });
  if (known == certificates.end()) throw CaProblem("malformed", 404, "replaces no certificate");
  if (known->account != owner.url)
    throw CaProblem("unauthorized", 403, "replaces a certificate of another account");
  const bool shares = std::any_of(names.begin(), names.end(), [&](const Identifier& name) {
    return std::find(known->names.begin(), known->names.end(), name) != known->names.end();
  });
  if (!shares) throw CaProblem("malformed", 400, "replaces a certificate of other names");
  for (const auto& order : orders) {
    if (order->replaces == replaces && status_of(*order) != "invalid")
      throw CaProblem("alreadyReplaced", 409, "an order replaces it already");
  }
}

}  // namespace autohttps
