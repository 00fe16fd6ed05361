// Which of the chains that a CA offers for a certificate (RFC 8555 7.4.2) is wanted.
#pragma once

#include <autohttps/acme/protocol/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// The issuer's common name of each certificate, leaf first. Throws Error(crypto).
std::vector<std::string> chain_issuers(std::string_view chain_pem);

// The chain whose last certificate was issued by `preferred`, else one that has it anywhere, the
// CA's own choice before the alternates; none: the CA's own, and `warn` is told which there are. An
// alternate that cannot be had or that `check` throws an Error for is passed over and told: it must
// not cost the certificate. Throws what `fetch` throws for a stop only (Error(canceled)).
IssuedChain choose_chain(IssuedChain standard, std::string_view preferred,
                         const std::function<IssuedChain(const std::string& url)>& fetch,
                         const std::function<void(const IssuedChain&)>& check,
                         const std::function<void(const std::string&)>& warn);

}  // namespace autohttps::acme
