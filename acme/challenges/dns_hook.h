// The user's command that sets and removes TXT records, and what is done about records that it
// left.
#pragma once

#include <autohttps/acme/store/cleanup_notes.h>
#include <autohttps/acme/store/hook_process.h>
#include <autohttps/acme/store/leftovers.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/event.h>

#include <stop_token>
#include <string>
#include <string_view>

namespace autohttps::acme {

enum class DnsAction { present, cleanup };
std::string_view dns_action_name(
    DnsAction) noexcept;  // "present", "cleanup": what the hook is told

// Thread-safe. Tests run no processes.
struct DnsHookRunner {
  virtual ~DnsHookRunner() = default;
  virtual std::string obstacle() const = 0;  // why this process may not run it; empty: it may
  // Waits for the command's end, bounded. Never throws for what concerns the command.
  virtual HookReply run(DnsAction, const CleanupNote&, const std::string& certificate,
                        std::stop_token) = 0;
};

// `COMMAND present|cleanup NAME VALUE`, as the store's owner. The same facts are in the
// environment:
//   AUTOHTTPS_HOOK=dns           AUTOHTTPS_CERTIFICATE=<id>   AUTOHTTPS_DOMAIN=example.com
//   AUTOHTTPS_DNS_ACTION         AUTOHTTPS_DNS_NAME           AUTOHTTPS_DNS_VALUE
//   AUTOHTTPS_DNS_ZONE           the zone that NAME lies in, where it could be found out
// NAME has no final dot. Several values may be up for one name (example.com and *.example.com):
// `present` MUST leave others alone, and so must `cleanup`, which succeeds also when the record is
// gone already.
class DnsHookProcess final : public DnsHookRunner {
 public:
  // `options.limit` holds for each run: an API may need longer than a reload.
  explicit DnsHookProcess(HookProcess::Options options) : process_(std::move(options)) {}
  static constexpr std::chrono::milliseconds kLimit{120'000};

  std::string obstacle() const override { return process_.obstacle({}); }
  HookReply run(DnsAction, const CleanupNote&, const std::string& certificate,
                std::stop_token) override;

 private:
  HookProcess process_;
};

// "DNS hook "dns-nsupdate" could not set ..." with how it ended and its last line.
std::string describe_failure(DnsAction, const CleanupNote&, const HookReply&);

// Thread-safe.
class DnsLeftovers final : public Leftovers {
 public:
  DnsLeftovers(Store& store, DnsHookRunner& runner, Clock& clock, EventSink events)
      : store_(store), runner_(runner), clock_(clock), events_(std::move(events)) {}

  bool is_due(const std::string& certificate) const override;
  bool take_down(const std::string& certificate, bool due, std::stop_token) override;

  // One record: the hook runs; what failed is written down and told. True: it is gone, and so is
  // its note. Never throws.
  bool remove(const std::string& certificate, CleanupNote, std::stop_token) noexcept;

 private:
  bool is_due(const CleanupNote&) const;
  void tell(Event::Level, const std::string& certificate, const std::string& text,
            const std::string& hint = {}) const;

  Store& store_;
  DnsHookRunner& runner_;
  Clock& clock_;
  const EventSink events_;
};

}  // namespace autohttps::acme
