// Whether another CA of a certificate's list may do what this one did not.
#pragma once

#include <autohttps/common/error.h>

namespace autohttps::acme {

// Yes for what is the CA's own matter: it is not there, breaks RFC 8555, sent a certificate that is
// no good, has had enough of us, does not issue for such a name, or a CAA record lets others only
// (RFC 8659). No for what would fail everywhere (a name that does not lead here, a store that
// cannot be written) and for what a person has to mend (terms, settings). Pure.
bool may_another_ca_help(const Error&);

}  // namespace autohttps::acme
