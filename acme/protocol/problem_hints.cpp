// What a person does about each kind of refusal.
#include <autohttps/acme/protocol/problem.h>
#include <autohttps/acme/protocol/revocation.h>

#include <algorithm>
#include <array>

namespace autohttps::acme {
namespace {

constexpr int kServerTrouble = 500;  // HTTP: from here on it is the server's own

struct Hint {
  std::string_view type;
  std::string_view text;
};

constexpr std::string_view kReportIt =
    "the CA could not read the request: this may be a bug of autohttps; please report it with the "
    "text above";
// RFC 8739, 9115: nothing of ours asks for it.
constexpr std::string_view kNeverAsked =
    "it speaks of something that autohttps never asks for: report it with the text above";

// RFC 8555 6.7 and what came after it (IANA's registry; draft-ietf-acme-profiles; Boulder's own).
constexpr std::array kHints = {
    Hint{"accountDoesNotExist",
         "the CA does not know this account: run the same command again and it is registered anew "
         "with the same key"},
    Hint{"agreementRequired", "read the CA's terms of service, then give --agree-tos"},
    Hint{"alreadyReplaced",
         "this certificate was renewed before; the next attempt orders without naming it"},
    Hint{"alreadyRevoked", "nothing to do: it is revoked"},
    Hint{"autoRenewalCanceled", kNeverAsked},
    Hint{"autoRenewalCancellationInvalid", kNeverAsked},
    Hint{"autoRenewalExpired", kNeverAsked},
    Hint{"autoRenewalRevocationNotSupported",
         "such certificates cannot be revoked: they end by themselves within days"},
    Hint{"badCSR",
         "try another --key-type, or fewer names; a request given by --csr has to be made anew for "
         "exactly these names"},
    Hint{"badNonce",
         "the CA keeps refusing its own nonces: try again later; a proxy or load balancer in "
         "between may be the cause"},
    Hint{"badPublicKey", "the CA does not take this kind of key: try another --key-type"},
    Hint{"caa",
         "a CAA record forbids this CA: add it to the domain's CAA records, or use the CA they "
         "name"},
    Hint{"compound", "each name's own problem stands in the brackets"},
    Hint{"conflict",
         "something else of this account is under way at the CA, or the key is another account's: "
         "try again in a minute"},
    Hint{"connection",
         "the CA could not reach this machine: check that the name's A and AAAA records lead here "
         "and that port 80 (for tls-alpn-01: 443) is open to the internet"},
    Hint{"dns",
         "the CA could not resolve the name: check its A, AAAA and CAA records and that its name "
         "servers answer"},
    Hint{"externalAccountRequired",
         "this CA binds accounts to those of its own web site: get a key id and an HMAC key there "
         "and give them by --eab-kid and --eab-key-file"},
    Hint{"incorrectResponse",
         "something else answered on port 80: check that the name leads to this machine and that "
         "no other server answers /.well-known/acme-challenge/"},
    Hint{"invalidContact", "check --email: the CA does not accept this address"},
    Hint{"invalidProfile", "the CA offers no such --profile; leave it out for the CA's default"},
    Hint{"malformed", kReportIt},
    Hint{"onionCAARequired", "the CA wants the onion service's CAA records: use another CA"},
    Hint{"orderNotReady", "the order is not validated yet: try again"},
    Hint{"rejectedIdentifier", "the CA does not issue for this name: remove it, or use another CA"},
    Hint{"serverInternal", "the CA has a problem of its own: try again later"},
    Hint{"tls",
         "the CA could not make a TLS connection to this machine: check what answers on port 443, "
         "or where port 80 redirects to"},
    Hint{"unauthorized",
         "the CA got another answer than ours: check that the name's A and AAAA records lead to "
         "this machine only"},
    Hint{"unknownDelegation", kNeverAsked},
    Hint{"unsupportedContact", "give --email as a plain address, or leave it out"},
    Hint{"unsupportedIdentifier",
         "this CA does not issue for this kind of name (some take no IP addresses)"},
    Hint{"userActionRequired",
         "agree to the CA's terms of service with --agree-tos; if you did, visit the URL it names"},
};

// Let's Encrypt pauses names that failed validation for months, until their owner says that it is
// mended. Its words: "Your account is temporarily prevented from requesting certificates for ...
// Please visit: <link>/unpause?..."
bool is_paused(const Problem& problem) {
  const auto says = [&](std::string_view word) {
    return problem.detail.find(word) != std::string::npos;
  };
  return says("paused") || says("unpause") || says("temporarily prevented");
}

std::string rate_limit_hint(const Problem& problem) {
  if (is_paused(problem)) {
    return "the CA paused these names after many failures: mend the cause, then visit the link in "
           "its answer to unpause them";
  }
  return "wait as the CA says; nothing is lost, the attempt is made again by itself then. Use "
         "--staging for experiments";
}

// 6.2: "the problem document returned MUST include an "algorithms" field with an array of supported
// "alg" values".
std::string algorithm_hint(const Problem& problem) {
  std::string text =
      "the CA does not take this account key's algorithm: `account rollover` gives "
      "it an ec256 key";
  std::string list;
  for (const std::string& one : problem.algorithms) list += (list.empty() ? "" : ", ") + one;
  if (!list.empty()) text += "; the CA takes " + list;
  return text;
}

}  // namespace

std::string hint_for(const Problem& problem) {
  const std::string_view type = problem.short_type();
  if (type == "rateLimited") return rate_limit_hint(problem);
  if (type == "badSignatureAlgorithm") return algorithm_hint(problem);
  if (type == "badRevocationReason") {
    return "give another --reason, or none; there are " + revocation_reasons();
  }
  const auto* hint = std::find_if(kHints.begin(), kHints.end(),
                                  [&](const Hint& entry) { return entry.type == type; });
  if (hint != kHints.end()) return std::string(hint->text);
  if (problem.status == 429 || problem.status == 503) {
    return "the CA is busy: wait as it says; the attempt is made again by itself then";
  }
  if (problem.type == "about:blank" && problem.status == 404) {
    return "check --server: it must be the URL of an ACME directory";
  }
  if (problem.status >= kServerTrouble) return "the CA has a problem of its own: try again later";
  return {};
}

}  // namespace autohttps::acme
