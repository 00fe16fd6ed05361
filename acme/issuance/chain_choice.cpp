#include <autohttps/acme/issuance/chain_choice.h>

#include <autohttps/common/error.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/pem.h>
#include <autohttps/common/strings.h>

#include <openssl/pem.h>

#include <algorithm>
#include <optional>

namespace autohttps::acme {
namespace {

constexpr std::size_t kMostNameBytes = 200;

std::string issuer_of(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const X509Ptr certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)
                                : nullptr);
  if (!certificate) throw_openssl("reading a certificate of a chain");
  const X509_NAME* name = X509_get_issuer_name(certificate.get());
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) throw_openssl("reading an issuer's name");
  const std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return printable(text, kMostNameBytes);
}

struct Offer {
  IssuedChain chain;
  std::vector<std::string> issuers;
};

bool ends_at(const Offer& offer, std::string_view preferred) {
  return !offer.issuers.empty() && equals_ignoring_case(offer.issuers.back(), preferred);
}

bool passes(const Offer& offer, std::string_view preferred) {
  return std::any_of(offer.issuers.begin(), offer.issuers.end(), [&](const std::string& issuer) {
    return equals_ignoring_case(issuer, preferred);
  });
}

std::string list_of(const std::vector<Offer>& offers) {
  std::string list;
  for (const Offer& offer : offers) {
    list += (list.empty() ? "\"" : ", \"") + offer.issuers.back() + "\"";
  }
  return list;
}

}  // namespace

std::vector<std::string> chain_issuers(std::string_view chain_pem) {
  std::vector<std::string> issuers;
  for (const std::string& certificate : split_certificates(chain_pem)) {
    issuers.push_back(issuer_of(certificate));
  }
  return issuers;
}

IssuedChain choose_chain(IssuedChain standard, std::string_view preferred,
                         const std::function<IssuedChain(const std::string& url)>& fetch,
                         const std::function<void(const IssuedChain&)>& check,
                         const std::function<void(const std::string&)>& warn) {
  std::vector<Offer> offers;
  try {
    offers.push_back({standard, chain_issuers(standard.pem)});
  } catch (const Error&) {
    return standard;  // whoever checks the certificate says what is wrong with it
  }
  if (ends_at(offers.front(), preferred)) return standard;
  for (const std::string& url : standard.alternates) {
    try {
      Offer offer{fetch(url), {}};
      offer.issuers = chain_issuers(offer.chain.pem);
      check(offer.chain);
      offers.push_back(std::move(offer));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::canceled) throw;
      warn("the alternate chain \"" + printable(url, 300) + "\" is passed over: " + error.what());
      continue;
    }
    if (ends_at(offers.back(), preferred)) return std::move(offers.back().chain);
  }
  const auto anywhere = std::find_if(offers.begin(), offers.end(),
                                     [&](const Offer& offer) { return passes(offer, preferred); });
  if (anywhere != offers.end()) return std::move(anywhere->chain);
  warn("the CA offers no chain of \"" + printable(preferred, kMostNameBytes) +
       "\": its own choice is taken; there are those of " + list_of(offers));
  return standard;
}

}  // namespace autohttps::acme
