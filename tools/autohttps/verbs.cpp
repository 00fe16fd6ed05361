// The table of verbs.
#include <autohttps/tools/autohttps/options.h>

#include <algorithm>
#include <iterator>

namespace autohttps::tools {
namespace {

constexpr VerbInfo kVerbs[] = {
    {Verb::setup, "setup", "DOMAIN...",
     "certificate, renewal and, with --root or --reverse-proxy, the server, in one go"},
    {Verb::obtain, "obtain", "DOMAIN...",
     "get one certificate for these names, or renew it if it is due"},
    {Verb::renew, "renew", "[NAME...]", "renew every certificate that is due; for cron and timers"},
    {Verb::serve, "serve", "[DOMAIN...]",
     "serve HTTPS: obtain, renew and swap certificates while running; redirect http"},
    {Verb::status, "status", "[NAME...]", "what every certificate's state is and what comes next"},
    {Verb::list, "list", "", "one line per certificate"},
    {Verb::retry, "retry", "NAME...", "forget the waiting time after failures"},
    {Verb::promote, "promote", "NAME...",
     "get the real certificate for what was tried out with --staging"},
    {Verb::history, "history", "NAME...",
     "the generations of a certificate that are kept, and the attempts"},
    {Verb::rollback, "rollback", "NAME [GENERATION]",
     "go back to a generation that was in place before"},
    {Verb::hook, "hook", "test NAME [pre|deploy|failed]",
     "run a certificate's hooks now, told that it is a test, and show what they say"},
    {Verb::dns_persist, "dns-persist", "record|check DOMAIN...",
     "print or look for the DNS record that proves a domain for good"},
    {Verb::account, "account", "list|show|update|rollover|deactivate|import [FILE]",
     "the account at a CA: its contact, key and end, or one from elsewhere"},
    {Verb::revoke, "revoke", "NAME", "have the CA revoke a certificate, which is then replaced"},
    {Verb::remove, "delete", "NAME...", "remove a certificate and its keys from the store"},
    {Verb::config, "config", "check", "read the configuration files and say what is wrong in them"},
    {Verb::uninstall, "uninstall", "", "take back what setup installed; store and logs stay"},
    {Verb::completion, "completion", "bash|zsh|fish",
     "print what makes a shell complete commands and flags"},
    {Verb::version, "version", "", "versions of this program and its libraries"},
};

}  // namespace

std::span<const VerbInfo> verbs() noexcept { return kVerbs; }

const VerbInfo& info(Verb verb) noexcept {
  return *std::ranges::find(kVerbs, verb, &VerbInfo::verb);
}

std::optional<Verb> find_verb(std::string_view name) noexcept {
  const auto found = std::ranges::find(kVerbs, name, &VerbInfo::name);
  if (found == std::end(kVerbs)) return std::nullopt;
  return found->verb;
}

}  // namespace autohttps::tools
