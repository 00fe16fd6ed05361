// An ACME CA (RFC 8555) in this process, behind acme::Transport: no network, no sleeping, its own
// idea of the time from a Clock. It checks what a CA checks (signatures, nonces, URLs, payloads,
// CSRs), remembers what it was asked, and misbehaves by rule.
#pragma once

#include <autohttps/tests/support/scripted_ca_habits.h>
#include <autohttps/tests/support/scripted_ca_issuer.h>

#include <autohttps/acme/protocol/transport.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/identifier.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace autohttps {

enum class Operation {
  directory,
  new_nonce,
  new_account,
  account,
  new_order,
  order,
  authorization,
  challenge,
  finalize,
  certificate,
  revoke,
  key_change,
  renewal_info,
};

// What goes wrong with one request.
struct Action {
  using Headers = std::vector<std::pair<std::string, std::string>>;

  std::optional<acme::HttpResponse> answer{};          // instead of doing the work
  bool bad_nonce_only = false;                         // instead of doing the work
  bool lost = false;                                   // after the work: Error(network)
  bool unreached = false;                              // before the work: Error(network)
  std::function<void(acme::HttpResponse&)> changes{};  // after the work
  std::function<void()> first{};                       // before anything else: the test's own doing

  static Action reply(
      acme::HttpResponse answer);  // a fresh nonce goes with it, unless it brings one
  // RFC 8555 6.7: type without "urn:ietf:params:acme:error:". Several Retry-After headers are
  // possible.
  static Action problem(std::string_view type, int status,
                        std::string_view detail = "as the test wants it",
                        const std::vector<std::string>& retry_after = {});
  static Action bad_nonce();                             // with a fresh nonce in the error
  static Action busy(std::chrono::seconds retry_after);  // 503, as Let's Encrypt's load balancer
  static Action lose_reply();   // the work is done, the answer never arrives
  static Action not_reached();  // nothing is done
  static Action change_body(std::function<std::string(const std::string&)> change);
  static Action change_headers(std::function<void(Headers&)> change);
  static Action change(std::function<void(acme::HttpResponse&)> change);
  static Action before(std::function<void()> first);  // then all as usual
};

// How the CA is by nature. To be changed only while no request is under way.
struct ScriptedCaBehaviour {
  bool terms_required = true;
  bool external_account_required = false;
  std::map<std::string, std::string> external_keys{};  // RFC 8555 7.3.4: key id -> the MAC's key
  bool keeps_contacts = true;                          // Let's Encrypt does not
  bool reuse_authorizations =
      false;  // a valid one of the same account and name serves the next order
  bool reuse_orders =
      false;  // as Let's Encrypt: an identical order that is pending or ready is returned
  int validation_polls = 0;  // an authorization is seen pending that often after the response
  int finalize_polls = 0;    // an order is seen processing that often after finalize
  bool orders_stay_pending = false;  // though all their authorizations are valid
  std::vector<std::string> authorization_retry_after{};  // header values, as they are
  std::vector<std::string> order_retry_after{};
  // After finalize and its polls the order turns invalid: {type, detail}.
  std::optional<std::pair<std::string, std::string>> finalize_fails{};
  std::map<std::string, std::string> profiles{};
  std::chrono::seconds order_life = std::chrono::hours(24 * 7);
  std::chrono::seconds certificate_life = std::chrono::hours(24 * 90);
  int alternates = 0;                       // chains on offer besides the first one
  std::string alternate_name = "Scripted";  // their root's common name, without " Root"
  // RFC 9773: renewalInfo in the directory, `replaces` looked at. A `replaces` of another account
  // is refused with 403, of a certificate with an order that replaces it with 409, of anything else
  // that is not right with malformed. Without: an order's `replaces` is a member nobody knows.
  bool renewal_information = false;
  // The same for every certificate; empty: around 2/3 of its life (a day before and after if that
  // is 90 days), and once it is revoked, the day before yesterday.
  std::optional<std::pair<WallTime, WallTime>> renewal_window{};
  std::string renewal_explanation{};
  std::vector<std::string> renewal_retry_after{"21600"};
  // The whole body instead, by certificate identifier.
  std::function<std::string(const std::string& certificate)> renewal_body{};
  std::optional<CaHabits> habits{};  // see lets_encrypt()
  // The PEM to send for a CSR (RELIABILITY F16, F17); empty: a right one.
  std::function<std::string(const CertificateRequest&)> chain{};
};

struct SeenRequest {
  Operation operation;
  std::string method, url, accept;
  std::string payload;  // decoded; empty for POST-as-GET
  bool with_jwk = false;
  std::string account;  // kid; empty with a JWK and for what is not signed
};

struct CaRevocation {
  std::string certificate;  // identifier (RFC 9773 4.1)
  int reason = 0;
  bool by_account = false;  // else by the certificate's own key
};

// Thread-safe, the rules included; `validate` is called without any lock.
class ScriptedCa final : public acme::Transport {
 public:
  // What the CA gets when it fetches the token for the name from port 80; empty: nothing answers.
  // Without such a function every response to a challenge is taken as right.
  using Validate =
      std::function<std::optional<std::string>(const Identifier&, const std::string& token)>;

  explicit ScriptedCa(Clock&, Validate validate = {}, ScriptedCaBehaviour behaviour = {});
  ~ScriptedCa() override;

  acme::HttpResponse send(const acme::HttpRequest&, std::stop_token) override;

  std::string directory_url() const { return "https://ca.test/directory"; }
  const std::string& root() const noexcept;  // PEM: what its chains lead to
  const CertificateIssuer& issuer() const noexcept;
  ScriptedCaBehaviour& behaviour() noexcept;

  // The nth request of this operation, counted from the CA's start (1 = the first); 0: every one.
  // `times`: so many from the nth on. The first rule that fits is taken.
  void rule(Operation, int nth, Action, int times = 1);
  void clear_rules();

  void
  forget_accounts();  // as a CA that was restored from nothing: accountDoesNotExist from now on
  void deactivate_accounts();  // RFC 8555 7.3.6
  void expire_orders();        // every order that is not valid yet: its time is over
  void invalidate_orders(std::string_view type,
                         std::string_view detail);  // likewise, with an error

  void unpause();  // what the link in the problem leads to: every name may be ordered again

  std::vector<std::string> refusals() const;  // what its habits refused: the problems' details
  int count(Operation) const;
  int count() const;  // of all requests
  std::vector<SeenRequest> requests() const;
  std::vector<std::string> certificates()
      const;  // the chains sold, in order, whether or not they were fetched
  std::vector<CaRevocation> revocations() const;
  std::size_t accounts() const;
  std::size_t orders() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace autohttps
