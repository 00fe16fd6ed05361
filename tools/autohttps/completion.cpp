#include <autohttps/tools/autohttps/completion.h>

#include <autohttps/tools/autohttps/commands.h>

#include <array>

namespace autohttps::tools {
namespace {

constexpr std::array<std::string_view, 3> kShells = {"bash", "zsh", "fish"};
constexpr std::array<std::string_view, 5> kKeyTypes = {"ec256", "ec384", "rsa2048", "rsa3072",
                                                       "rsa4096"};
constexpr std::array<std::string_view, 4> kLimits = {"letsencrypt", "letsencrypt-staging",
                                                     "conservative", "none"};
constexpr std::array<std::string_view, 1> kConfig = {"check"};
constexpr std::array<std::string_view, 4> kHook = {"test", "pre", "deploy", "failed"};
constexpr std::array<std::string_view, 6> kAccount = {"list",     "show",       "update",
                                                      "rollover", "deactivate", "import"};
constexpr std::array<std::string_view, 6> kReasons = {"unspecified",          "keyCompromise",
                                                      "affiliationChanged",   "superseded",
                                                      "cessationOfOperation", "privilegeWithdrawn"};
// Those of tools/hooks, which need no folder; any command will do.
constexpr std::array<std::string_view, 3> kReadyDnsHooks = {"dns-acmesh", "dns-lego-exec",
                                                            "dns-nsupdate"};
constexpr std::array<std::string_view, 8> kReadyHooks = {
    "copy",           "mail",         "reload-apache",  "reload-dovecot",
    "reload-haproxy", "reload-nginx", "reload-postfix", "webhook"};

}  // namespace

std::optional<Shell> find_shell(std::string_view name) noexcept {
  for (const Shell shell : {Shell::bash, Shell::zsh, Shell::fish}) {
    if (kShells[static_cast<std::size_t>(shell)] == name) return shell;
  }
  return std::nullopt;
}

std::string completion_script(Shell shell) {
  switch (shell) {
    case Shell::bash:
      return bash_completion();
    case Shell::zsh:
      return zsh_completion();
    case Shell::fish:
      return fish_completion();
  }
  return {};
}

std::span<const std::string_view> choices(const Option& option) noexcept {
  if (option.name == "key-type") return kKeyTypes;
  if (option.name == "limits") return kLimits;
  if (option.name == "dns-hook") return kReadyDnsHooks;
  if (option.name == "reason") return kReasons;
  if (option.value_name == "COMMAND") return kReadyHooks;
  return {};
}

std::span<const std::string_view> operand_choices(const VerbInfo& verb) noexcept {
  if (verb.verb == Verb::completion) return kShells;
  if (verb.verb == Verb::config) return kConfig;
  if (verb.verb == Verb::hook) return kHook;
  if (verb.verb == Verb::account) return kAccount;
  return {};
}

bool names_certificates(const VerbInfo& verb) noexcept {
  return verb.operand.find("NAME") != std::string_view::npos;
}

Exit completion(const Settings& settings, Output& output) {
  output.result(completion_script(*find_shell(settings.names.front())));
  return Exit::done;
}

}  // namespace autohttps::tools
