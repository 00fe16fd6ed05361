// Which certificate a wish is about: names belong to one certificate each (DESIGN 4).
#pragma once

#include <autohttps/acme/store/certificate_store.h>

#include <string>

namespace autohttps::acme {

// The id under which the wish is to be written. wish.id, where given: a new certificate, or that
// one with other names. Empty: the certificate that has exactly these names or fewer of them, else
// a new one named after the first name. Throws Error(config) that names the other certificate, and
// which command replaces and which adds, when a name belongs to another one.
std::string id_for_wish(const CertificateStore&, const CertificateSpec& wish);

}  // namespace autohttps::acme
