#include <autohttps/acme/protocol/resources.h>

#include <autohttps/acme/protocol/problem_json.h>
#include <autohttps/acme/protocol/url.h>
#include <autohttps/common/challenge_answers.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/strings.h>

#include <array>

namespace autohttps::acme {
namespace {

constexpr std::size_t kMostNames = 100;      // of the largest certificate there is
constexpr std::size_t kMostChallenges = 20;  // a handful of types exist
constexpr std::size_t kMostContacts = 20;
constexpr std::size_t kMostProfiles = 50;
constexpr std::size_t kMostCaaNames = 20;      // of a CA in CAA records
constexpr std::size_t kMostTypeBytes = 64;     // of a challenge: "dns-account-01"
constexpr std::size_t kMostTextBytes = 500;    // of descriptions for people
constexpr std::size_t kMostAddresses = 10;     // told of where a name leads
constexpr std::size_t kMostAddressBytes = 45;  // the longest text of an IPv6 address

using Context = ResourceContext;

[[noreturn]] void refuse(const Context& context, const std::string& cause) {
  throw Error(ErrorCode::protocol, std::string(context.what) + ": " + cause);
}

std::string url_of(const std::string& text, const char* name, const Context& context) {
  return https_url(text, std::string(context.what) + ": \"" + name + "\"", context.origin);
}

std::string url_member(const Json& object, const char* name, const Context& context) {
  return url_of(string_member(object, name, context.what), name, context);
}

std::optional<std::string> optional_url(const Json& object, const char* name,
                                        const Context& context) {
  const auto text = optional_string(object, name, context.what);
  if (!text) return std::nullopt;
  return url_of(*text, name, context);
}

// The member as an object or a list; null when absent or null.
const Json* part(const Json& object, const char* name, bool list, const Context& context) {
  const auto member = object.find(name);
  if (member == object.end() || member->is_null()) return nullptr;
  if (list ? member->is_array() : member->is_object()) return &*member;
  refuse(context, "\"" + std::string(name) + "\" is not " + (list ? "a list" : "an object"));
}

template <typename Status, std::size_t count>
Status status_member(const Json& object,
                     const std::array<std::pair<std::string_view, Status>, count>& known,
                     const Context& context) {
  const std::string text = string_member(object, "status", context.what);
  for (const auto& [name, status] : known) {
    if (text == name) return status;
  }
  refuse(context, "unknown status \"" + printable(text, 40) + "\"");
}

std::optional<Problem> error_member(const Json& object, const Context& context) {
  const Json* error = part(object, "error", false, context);
  if (error == nullptr) return std::nullopt;
  return problem_from_json(*error);
}

Identifier parse_identifier(const Json& object, const Context& context) {
  const std::string type = string_member(object, "type", context.what);
  const std::string value = string_member(object, "value", context.what);
  try {
    Identifier identifier = Identifier::parse(value);
    if (type == (identifier.type == Identifier::Type::dns ? "dns" : "ip")) return identifier;
  } catch (const Error&) {
    // Said below, in the CA's terms and not in those of a person who typed a name.
  }
  refuse(context, "not an identifier: type \"" + printable(type, 20) + "\", value \"" +
                      printable(value, 100) + "\"");
}

// A help for people and for records they make: what is no text among it is left out.
std::vector<std::string> names_member(const Json& object, const char* name) {
  std::vector<std::string> names;
  const auto list = object.find(name);
  if (list == object.end() || !list->is_array()) return names;
  for (const Json& one : *list) {
    if (!one.is_string() || names.size() == kMostCaaNames) continue;
    names.push_back(printable(to_lower(one.get_ref<const std::string&>()), kMostTextBytes));
  }
  return names;
}

void read_meta(Directory& directory, const Json& meta, const Context& context) {
  // For people only, nothing of ours ever goes there: CAs give http:// here, Pebble a data: URL.
  if (const auto terms = optional_string(meta, "termsOfService", context.what)) {
    directory.terms_of_service = printable(*terms, kMostTextBytes);
  }
  if (const auto website = optional_string(meta, "website", context.what)) {
    directory.website = printable(*website, kMostTextBytes);
  }
  directory.external_account_required =
      bool_or(meta, "externalAccountRequired", false, context.what);
  directory.caa_identities = names_member(meta, "caaIdentities");
  const Json* profiles = part(meta, "profiles", false, context);
  if (profiles == nullptr) return;
  if (profiles->size() > kMostProfiles) refuse(context, "more than 50 profiles");
  for (const auto& [name, description] : profiles->items()) {
    directory.profiles[printable(name, kMostTextBytes)] =
        description.is_string()
            ? printable(description.get_ref<const std::string&>(), kMostTextBytes)
            : std::string();
  }
}

// RFC 8555 8.3, 8.4, RFC 8737: these cannot be answered without a token.
bool needs_token(std::string_view type) {
  return type == "http-01" || type == "dns-01" || type == "tls-alpn-01";
}

// A help for people: whatever is odd about it is left out, and no reason to refuse the rest.
std::string address_member(const Json& record, const char* name) {
  const auto member = record.find(name);
  return member != record.end() && member->is_string()
             ? printable(member->get_ref<const std::string&>(), kMostAddressBytes)
             : std::string();
}

std::string tried_addresses(const Json& challenge) {
  const auto records = challenge.find("validationRecord");
  if (records == challenge.end() || !records->is_array() || records->empty()) return {};
  const Json& last = records->back();  // the one that redirects led to
  if (!last.is_object()) return {};
  std::string text = address_member(last, "addressUsed");
  if (text.empty()) return {};
  const std::string port = address_member(last, "port");
  if (!port.empty()) text += " port " + port;
  const auto resolved = last.find("addressesResolved");
  if (resolved == last.end() || !resolved->is_array() || resolved->size() < 2) return text;
  std::size_t told = 0;
  for (const Json& address : *resolved) {
    if (!address.is_string() || told == kMostAddresses) continue;
    text += (told++ == 0 ? ", of " : ", ") +
            printable(address.get_ref<const std::string&>(), kMostAddressBytes);
  }
  return text;
}

// draft-ietf-acme-dns-persist: three shapes are about, with and without the account, and with two
// spellings of the names.
void read_persistent(Challenge& challenge, const Json& object, const Context& context) {
  challenge.issuer_domain_names = names_member(object, "issuer-domain-names");
  if (challenge.issuer_domain_names.empty()) {
    challenge.issuer_domain_names = names_member(object, "issuerDomainNames");
  }
  const auto account = optional_string(object, "accounturi", context.what);
  challenge.account_uri = printable(account.value_or(""), kMostTextBytes);
}

// Empty: a challenge without a url, which nobody can respond to.
std::optional<Challenge> read_challenge(const Json& object, const Context& context) {
  static constexpr std::array<std::pair<std::string_view, ChallengeStatus>, 4> kStatus = {{
      {"pending", ChallengeStatus::pending},
      {"processing", ChallengeStatus::processing},
      {"valid", ChallengeStatus::valid},
      {"invalid", ChallengeStatus::invalid},
  }};
  const auto url = optional_url(object, "url", context);
  if (!url) return std::nullopt;
  Challenge challenge;
  challenge.url = *url;
  challenge.type = printable(string_member(object, "type", context.what), kMostTypeBytes);
  challenge.status = status_member(object, kStatus, context);
  challenge.token = optional_string(object, "token", context.what).value_or("");
  challenge.error = error_member(object, context);
  challenge.tried = tried_addresses(object);
  if (challenge.type == "dns-persist-01") read_persistent(challenge, object, context);
  if (challenge.token.empty() ? needs_token(challenge.type) : !is_token(challenge.token)) {
    refuse(context, "the token \"" + printable(challenge.token, 40) + "\" of " + challenge.type +
                        " is not one that RFC 8555 8.3 allows");
  }
  return challenge;
}

// Whatever a CA thinks up next must not be the end of what we know.
std::optional<Challenge> read_offered(const Json& object, const Context& context) {
  const auto type = object.find("type");
  const bool known = type == object.end() || !type->is_string() ||
                     needs_token(type->get_ref<const std::string&>());
  try {
    return read_challenge(object, context);
  } catch (const Error&) {
    if (known) throw;
    return std::nullopt;
  }
}

std::vector<std::string> url_list(const Json& object, const char* name, const Context& context) {
  std::vector<std::string> urls = string_list(object, name, context.what);
  if (urls.size() > kMostNames)
    refuse(context, "more than 100 entries in \"" + std::string(name) + "\"");
  for (const std::string& url : urls) url_of(url, name, context);
  return urls;
}

std::vector<Identifier> identifier_list(const Json& order, const Context& context) {
  const Json* list = part(order, "identifiers", true, context);
  if (list == nullptr || list->empty()) refuse(context, "no identifiers");
  if (list->size() > kMostNames) refuse(context, "more than 100 identifiers");
  std::vector<Identifier> identifiers;
  for (const Json& identifier : *list) identifiers.push_back(parse_identifier(identifier, context));
  return identifiers;
}

Json parse_object(std::string_view json, const Context& context) {
  Json object = parse_json(json, context.what);
  if (!object.is_object()) refuse(context, "not a JSON object");
  return object;
}

}  // namespace

Directory parse_directory(std::string_view json, const Context& context) {
  const Json object = parse_object(json, context);
  Directory directory;
  directory.new_nonce = url_member(object, "newNonce", context);
  directory.new_account = url_member(object, "newAccount", context);
  directory.new_order = url_member(object, "newOrder", context);
  directory.revoke_cert = optional_url(object, "revokeCert", context);
  directory.key_change = optional_url(object, "keyChange", context);
  directory.renewal_info = optional_url(object, "renewalInfo", context);
  if (const Json* meta = part(object, "meta", false, context)) read_meta(directory, *meta, context);
  return directory;
}

Account parse_account(std::string_view json, const Context& context) {
  const Json object = parse_object(json, context);
  Account account;
  account.status = printable(string_member(object, "status", context.what), kMostTypeBytes);
  account.contact = string_list(object, "contact", context.what);
  if (account.contact.size() > kMostContacts) refuse(context, "more than 20 contacts");
  for (std::string& contact : account.contact) contact = printable(contact, kMostTextBytes);
  return account;
}

Order parse_order(std::string_view json, const Context& context) {
  static constexpr std::array<std::pair<std::string_view, OrderStatus>, 5> kStatus = {{
      {"pending", OrderStatus::pending},
      {"ready", OrderStatus::ready},
      {"processing", OrderStatus::processing},
      {"valid", OrderStatus::valid},
      {"invalid", OrderStatus::invalid},
  }};
  const Json object = parse_object(json, context);
  Order order;
  order.status = status_member(object, kStatus, context);
  order.expires = optional_time(object, "expires", context.what);
  order.identifiers = identifier_list(object, context);
  order.authorizations = url_list(object, "authorizations", context);
  order.finalize = url_member(object, "finalize", context);
  order.certificate = optional_url(object, "certificate", context);
  order.error = error_member(object, context);
  return order;
}

Authorization parse_authorization(std::string_view json, const Context& context) {
  static constexpr std::array<std::pair<std::string_view, AuthorizationStatus>, 6> kStatus = {{
      {"pending", AuthorizationStatus::pending},
      {"valid", AuthorizationStatus::valid},
      {"invalid", AuthorizationStatus::invalid},
      {"deactivated", AuthorizationStatus::deactivated},
      {"expired", AuthorizationStatus::expired},
      {"revoked", AuthorizationStatus::revoked},
  }};
  const Json object = parse_object(json, context);
  const Json* identifier = part(object, "identifier", false, context);
  if (identifier == nullptr) refuse(context, "no identifier");
  Authorization authorization;
  authorization.identifier = parse_identifier(*identifier, context);
  authorization.status = status_member(object, kStatus, context);
  authorization.expires = optional_time(object, "expires", context.what);
  authorization.wildcard = bool_or(object, "wildcard", false, context.what);
  const Json* challenges = part(object, "challenges", true, context);
  if (challenges == nullptr) return authorization;
  if (challenges->size() > kMostChallenges) refuse(context, "more than 20 challenges");
  for (const Json& challenge : *challenges) {
    if (!challenge.is_object()) refuse(context, "a challenge is not an object");
    if (auto read = read_offered(challenge, context)) {
      authorization.challenges.push_back(*std::move(read));
    }
  }
  return authorization;
}

Challenge parse_challenge(std::string_view json, const Context& context) {
  auto challenge = read_challenge(parse_object(json, context), context);
  if (!challenge) refuse(context, "the challenge has no url");
  return *std::move(challenge);
}

RenewalInfo parse_renewal_info(std::string_view json, const Context& context) {
  const Json object = parse_object(json, context);
  const Json* window = part(object, "suggestedWindow", false, context);
  if (window == nullptr) refuse(context, "no suggestedWindow");
  const auto start = optional_time(*window, "start", context.what);
  const auto end = optional_time(*window, "end", context.what);
  if (!start || !end) refuse(context, "the suggestedWindow lacks its start or end");
  // "A RenewalInfo object in which the end timestamp equals or precedes the start timestamp is
  // invalid."
  if (*end <= *start) refuse(context, "the suggestedWindow ends before it starts");
  RenewalInfo info;
  info.start = *start;
  info.end = *end;
  // For people; one that leads elsewhere than to a web page costs the link, not the window.
  const auto explanation = object.find("explanationURL");
  if (explanation != object.end() && explanation->is_string() &&
      is_https_url(explanation->get_ref<const std::string&>(), {})) {
    info.explanation = printable(explanation->get_ref<const std::string&>(), kMostTextBytes);
  }
  return info;
}

}  // namespace autohttps::acme
