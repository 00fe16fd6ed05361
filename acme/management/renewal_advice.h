// What a CA suggests for the renewal of a certificate (RFC 9773), as pure functions of times.
#pragma once

#include <autohttps/acme/management/renewal_policy.h>
#include <autohttps/acme/protocol/types.h>
#include <autohttps/acme/store/certificate_state.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/error.h>

#include <chrono>
#include <optional>
#include <string>

namespace autohttps::acme {

struct Life {
  WallTime not_before, not_after;
};

// When the CA is next to be asked about the certificate with this CertID: at once when nothing is
// known of it, else when its Retry-After has passed. A time further ahead than any rule of ours
// sets was written by a clock that was wrong: it counts as now (RELIABILITY F37).
WallTime next_poll(const std::optional<RenewalAdvice>&, const std::string& certificate,
                   WallTime now);

// What is known after an answer. The moment is drawn uniformly from the window (4.2), by `draw`
// from 0 to 1, and kept while the window is the same. A window that begins after the certificate's
// end suggests nothing.
RenewalAdvice advised(const std::optional<RenewalAdvice>& before, const std::string& certificate,
                      const RenewalInfo&, const Life&, double draw, WallTime now);
// After an answer that the CA gives no such information at all.
RenewalAdvice never_advised(const std::string& certificate, WallTime now);
// After a poll that failed. 4.3: what passes (no connection, a busy CA) is tried again after ten
// minutes, then twice that and so on up to six hours, and what was known holds; after any other
// answer nothing is known, and it is asked again after six hours. A Retry-After is obeyed.
RenewalAdvice unadvised(const std::optional<RenewalAdvice>& before, const std::string& certificate,
                        const Error&, WallTime now);

// The moment that was drawn, or the guard, whichever is earlier; the guard is where a sixth of the
// life is left, a third of one below 10 days: whatever a CA suggests, there is time to fail and try
// again. Empty: nothing is suggested, the lifetime decides.
std::optional<Due> suggested_due(const std::optional<RenewalAdvice>&,
                                 const std::string& certificate, const Life&);

// Is it time now for who looks again only after `until_next_look`? The moment may pass meanwhile
// (RFC 9773 4.2: "If the selected time is before the next time that the client would wake up
// normally, attempt renewal immediately"); but what the next look finds still inside the window is
// left to it: before the window begins, CAs count a renewal as any other.
bool would_be_missed(const RenewalAdvice&, WallTime now, std::chrono::seconds until_next_look);

}  // namespace autohttps::acme
