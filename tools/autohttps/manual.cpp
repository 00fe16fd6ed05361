#include <autohttps/tools/autohttps/manual.h>

#include <autohttps/common/advice.h>
#include <autohttps/tools/autohttps/config.h>
#include <autohttps/tools/autohttps/config_keys.h>
#include <autohttps/tools/autohttps/exit_codes.h>
#include <autohttps/tools/autohttps/options.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace autohttps::tools {
namespace {

// man(7): "-" alone may become a hyphen that cannot be pasted, "\" begins an escape.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '\\':
        result += "\\e";
        break;
      case '-':
        result += "\\-";
        break;
      case '\'':
        result += "\\(aq";
        break;
      case '`':
        result += "\\(ga";
        break;
      case '~':
        result += "\\(ti";
        break;
      case '^':
        result += "\\(ha";
        break;
      default:
        result += letter;
    }
  }
  return result;
}

// A line of text: a "." in front of it would be a request.
std::string line(std::string_view text) {
  return (text.starts_with('.') ? "\\&" : "") + escaped(text) + "\n";
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

// Inside a macro's argument a quote ends it.
std::string argument(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text)
    result += letter == '"' ? std::string("\\(dq") : std::string(1, letter);
  return result + "\"";
}

std::string title(std::string_view name, int section) {
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(), [](char letter) {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  });
  return ".TH " + argument(upper) + " " + std::to_string(section) +
         " \"\" \"autohttps " AUTOHTTPS_VERSION "\" \"\"\n.nh\n";
}

std::string name_section(std::string_view name, std::string_view what) {
  return ".SH NAME\n" + escaped(name) + " \\- " + escaped(what) + "\n";
}

std::string section(const std::string& heading) { return ".SH " + argument(heading) + "\n"; }

std::string entry(const std::string& term, std::string_view what) {
  return ".TP\n" + term + "\n" + line(what);
}

std::string see_also(const std::vector<std::string>& pages) {
  std::string text = section("SEE ALSO");
  for (const std::string& page : pages) {
    const std::size_t bracket = page.find('(');
    text += ".BR " + escaped(page.substr(0, bracket)) + " " + page.substr(bracket) +
            (&page == &pages.back() ? "\n" : ",\n");
  }
  return text;
}

std::string page_of(const VerbInfo& verb) { return "autohttps-" + std::string(verb.name); }

const std::vector<std::pair<Exit, const char*>>& exit_codes() {
  static const std::vector<std::pair<Exit, const char*>> codes = {
      {Exit::done, "done, or nothing to do"},
      {Exit::failed, "failed: the CA was not reached or made no sense, a key is broken"},
      {Exit::usage, "the command line, the configuration, a name or a file named there is wrong"},
      {Exit::refused, "the CA refused, or could not validate a name"},
      {Exit::later, "later: rate-limited or deferred; the same command works then"},
      {Exit::local, "this machine: a port, a permission, the disk, a lock"},
      {Exit::some_failed, "some of several certificates failed"},
      {Exit::changed, "with --detailed-exitcode: done, and a certificate changed"}};
  return codes;
}

std::string exit_section() {
  std::string text = section("EXIT STATUS");
  for (const auto& [code, what] : exit_codes()) {
    text += entry(bold(std::to_string(static_cast<int>(code))), what);
  }
  return text;
}

std::string error_section() {
  std::string text =
      section("ERROR CODES") +
      line("The word after \"code:\" in a message and in --json, what it means and what to do:");
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    const Advice advice = advice_for(code);
    text += entry(bold(std::string(code_name(code))),
                  std::string(advice.meaning) + ": " + std::string(advice.next_step));
  }
  return text;
}

std::string hook_section() {
  std::string text =
      section("HOOKS") +
      line(
          "Commands of yours: pre before the CA is asked (when it fails, so does the attempt), "
          "deploy when a new certificate is in place, failed after a failed attempt. A command is "
          "split at spaces, double quotes keep a word together; there is no shell. The first word "
          "is a whole path, or the name of a ready-made hook.") +
      line(
          "A hook runs as the owner of the file it is written in: root for /etc/autohttps, the "
          "store's owner for those of the command line. What the present process may not run, or "
          "what failed, is run by a later autohttps renew, without issuing again; autohttps "
          "status shows it. A hook ends after 60 seconds at the latest.") +
      line("It gets PATH, HOME, LANG and:");
  for (const auto& [name, what] : std::initializer_list<std::pair<const char*, const char*>>{
           {"HOOK", "pre, deploy or failed"},
           {"CERTIFICATE", "its name in the store"},
           {"NAMES", "the domains, with spaces between them"},
           {"FULLCHAIN, CHAIN, CERT, PRIVKEY", "the files in place"},
           {"GENERATION", "the number of the one in place"},
           {"NOT_AFTER, NEXT_ATTEMPT", "times, as 2027-01-31T12:00:00Z"},
           {"CAUSE", "first issue, due, forced, rollback ..."},
           {"STAGING, DRY_RUN", "1 or 0"},
           {"ERROR_CODE, ERROR, HINT", "failed hooks: what went wrong, and what to do"}}) {
    text += entry(bold(std::string("AUTOHTTPS_") + name), what);
  }
  return text;
}

std::string dns_hook_section() {
  std::string text =
      section("DNS HOOKS") +
      line(
          "The command of --dns-hook is run as COMMAND present NAME VALUE to set a TXT record, and "
          "as COMMAND cleanup NAME VALUE to remove it, as the store's owner, for 120 seconds at "
          "the "
          "most. NAME is _acme-challenge.DOMAIN, or where a CNAME record of that name leads, "
          "without a final dot. Several values may be up for one name at the same time: both leave "
          "others alone, and cleanup succeeds when the record is gone already. What could not be "
          "removed is tried again by autohttps renew.") +
      line(
          "Ready are dns-nsupdate (RFC 2136, TSIG), dns-lego-exec and dns-acmesh. It gets PATH, "
          "HOME, LANG and:");
  for (const auto& [name, what] : std::initializer_list<std::pair<const char*, const char*>>{
           {"HOOK", "dns"},
           {"CERTIFICATE", "its name in the store"},
           {"DOMAIN", "what is being proven, without *."},
           {"DNS_ACTION, DNS_NAME, DNS_VALUE", "the three arguments"},
           {"DNS_ZONE", "the zone that NAME lies in, where it could be found out"}}) {
    text += entry(bold(std::string("AUTOHTTPS_") + name), what);
  }
  return text;
}

std::string account_section() {
  std::string text = section("WHAT TO DO");
  for (const auto& [word, what] : std::initializer_list<std::pair<const char*, const char*>>{
           {"list", "every account of the store"},
           {"show", "the account at the CA of --server: its status, contact and key"},
           {"update", "tell the CA another contact (--email), or keep another binding (--eab-kid)"},
           {"rollover",
            "a new key of --key-type for the account (RFC 8555 7.3.5); what cuts it off is settled "
            "when the account is used next"},
           {"deactivate", "end the account at the CA, for ever; its key stays in the store"},
           {"import",
            "FILE has the key (PEM) of an account that the CA knows: it becomes this store's; the "
            "key before is kept beside it"}}) {
    text += entry(bold(word), what);
  }
  return text;
}

std::string flag_term(const Option& option) {
  std::string term;
  if (option.letter != 0) term = bold(std::string("-") + option.letter) + ", ";
  term += bold("--" + std::string(option.name));
  if (!option.value_name.empty()) term += " " + italic(option.value_name);
  return term;
}

// How it is said elsewhere: the environment, and the file where it may stand there.
std::string flag_text(const Option& option) {
  if (option.name == "help") return line(option.help);
  std::string elsewhere = "Environment: " + environment_name(option) + ".";
  if (option.scope != Scope::line) elsewhere += " Configuration: " + config_key(option) + ".";
  return line(std::string(option.help) + ".") + ".br\n" + line(elsewhere);
}

ManualPage verb_page(const VerbInfo& verb) {
  std::string text = title(page_of(verb), 1) + name_section(page_of(verb), verb.summary) +
                     section("SYNOPSIS") + bold("autohttps " + std::string(verb.name));
  if (!verb.operand.empty()) text += " " + italic(verb.operand);
  text += " [" + italic("flags") + "]\n" + section("DESCRIPTION");
  std::string summary(verb.summary);
  summary.front() = summary.front() >= 'a' && summary.front() <= 'z'
                        ? static_cast<char>(summary.front() - 'a' + 'A')
                        : summary.front();
  text += line(summary + ".") +
          line("A flag wins over its environment variable, and that over the configuration.");
  if (verb.verb == Verb::account) text += account_section();
  text += section("OPTIONS");
  for (const Option& option : options()) {
    if (takes(verb.verb, option)) text += ".TP\n" + flag_term(option) + "\n" + flag_text(option);
  }
  return {page_of(verb) + ".1",
          text + exit_section() + see_also({"autohttps(1)", "autohttps.toml(5)"})};
}

ManualPage overview_page() {
  std::string text =
      title("autohttps", 1) +
      name_section("autohttps",
                   "certificates that are obtained, renewed and swapped by themselves") +
      section("SYNOPSIS") + bold("autohttps") + " " + italic("COMMAND") + " [" +
      italic("DOMAIN or NAME") + " ...] [" + italic("flags") + "]\n" + section("DESCRIPTION") +
      line(
          "Gets certificates from an ACME CA (RFC 8555) such as Let's Encrypt, renews them in "
          "time, and serves HTTPS with certificates that are swapped while connections go on.") +
      line("Results go to standard output, everything else to standard error.") +
      section("COMMANDS");
  std::vector<std::string> pages;
  for (const VerbInfo& verb : verbs()) {
    std::string term = bold(verb.name);
    if (!verb.operand.empty()) term += " " + italic(verb.operand);
    text += entry(term, std::string(verb.summary) + "; see " + page_of(verb) + "(1)");
    pages.push_back(page_of(verb) + "(1)");
  }
  text +=
      exit_section() + error_section() + hook_section() + dns_hook_section() +
      section("ENVIRONMENT") +
      line(
          "Every flag is also a variable, as --http-port is AUTOHTTPS_HTTP_PORT; each "
          "command's page names them.") +
      entry(bold("NO_COLOR"), "no colours on a terminal") + section("FILES") +
      entry(italic(kDefaultConfig), "the configuration, see autohttps.toml(5)") +
      entry(italic("/etc/autohttps/sites.d/*.toml"), "a site each") +
      entry(italic("/var/lib/autohttps"),
            "the store: accounts, keys and certificates; "
            "certificates/NAME/current/fullchain.pem and privkey.pem are what other servers "
            "are given") +
      entry(italic("autohttps.socket"),
            "a systemd unit that holds ports 80 and 443, so that a restart refuses no "
            "connection; in use after systemctl stop autohttps, systemctl enable --now "
            "autohttps.socket and systemctl start autohttps") +
      entry(italic("/usr/lib/autohttps/hooks"), "ready-made hooks, named without their folder") +
      section("EXAMPLES") + line("A certificate, and a server of one's own reloaded with it:") +
      ".PP\n.in +4n\n.nf\n" +
      line("autohttps obtain example.com www.example.com --agree-tos --deploy reload-nginx") +
      ".fi\n.in\n.PP\n" + line("A site of files, over HTTPS:") + ".PP\n.in +4n\n.nf\n" +
      line("autohttps serve example.com --agree-tos --root /var/www/html") + ".fi\n.in\n";
  pages.emplace_back("autohttps.toml(5)");
  return {"autohttps.1", text + see_also(pages)};
}

std::string keys(const std::vector<Scope>& scopes) {
  std::string text;
  for (const Option& option : options()) {
    if (std::ranges::find(scopes, option.scope) == scopes.end()) continue;
    text += entry(bold(config_key(option)),
                  std::string(option.help) + " (as --" + std::string(option.name) + ")");
  }
  return text;
}

std::string path_section() {
  std::string text =
      section("KEYS OF A PATH") +
      line(
          "A [[site.path]] table beneath a site ([[path]] in a site's own file) is about what "
          "begins "
          "with its prefix; the longest prefix wins, and what a path does not say its site says. A "
          "path that servers could read in two ways (.., an encoded /, // before a prefix) is "
          "refused with 400.") +
      entry(bold("prefix"), "where it begins, as in /api: for /api and /api/x, not for /apix");
  text += keys({Scope::one_path});
  std::string others;
  for (const Option& option : options()) {
    if (!is_of_path(option) || option.scope == Scope::one_path) continue;
    others += (others.empty() ? "" : ", ") + config_key(option);
  }
  return text + ".PP\n" +
         line("As of a site: " + others + "; basic_auth = \"none\" asks for no password there.");
}

std::string ca_section() {
  std::string its_own;
  for (const Option& option : options()) {
    if (!belongs(option, Where::ca_table)) continue;
    its_own += (its_own.empty() ? "" : ", ") + config_key(option);
  }
  return section("KEYS OF A CA") +
         line(
             "A [ca.NAME] table is about one CA, which server and fallback_server then call by "
             "NAME; that of a CA that is known by a name, as zerossl, adds to it and needs no "
             "server. A private CA's is") +
         ".PP\n.in +4n\n.nf\n" + line("server = \"corp\"") + "\n" + line("[ca.corp]") +
         line("server = \"https://ca.corp.example/acme/directory\"") +
         line("ca_bundle = \"corp-root.pem\"") + ".fi\n.in\n.PP\n" +
         line("Its keys: " + its_own + "; they go before those of a site or the whole program.");
}

ManualPage config_page() {
  const std::string text =
      title("autohttps.toml", 5) +
      name_section("autohttps.toml", "the configuration of autohttps") + section("DESCRIPTION") +
      line(
          "The main file has keys for the whole program and any number of [[site]] tables. Each "
          "file of the folder sites.d beside it is one site, its keys at the top level; "
          "autohttps setup writes such files and never changes the main file.") +
      line(
          "Every key is also a flag and an environment variable, and these win, in this order: "
          "flag, environment, site, main file, default. A key that is not known is an error; "
          "autohttps config check says where, with the nearest spelling.") +
      ".PP\n" +
      line(
          "A running server reads the files again on SIGHUP (systemctl reload autohttps), and "
          "opens access_log anew on SIGUSR1, after it was moved away.") +
      section("KEYS FOR THE WHOLE PROGRAM") + keys({Scope::program}) +
      section("KEYS FOR EVERY SITE, OR FOR ONE") + keys({Scope::every_site}) +
      section("KEYS OF A SITE") + keys({Scope::one_site}) + path_section() + ca_section() +
      section("EXAMPLE") + ".nf\n" + line("email = \"admin@example.com\"") +
      line("agree_tos = true") + line("access_log = \"/var/log/autohttps/access.log\"") +
      line("metrics = \"127.0.0.1:9180\"") + "\n" + line("[[site]]") +
      line("names = [\"example.com\", \"www.example.com\"]") + line("root = \"/var/www/html\"") +
      line("redirect_to = \"example.com\"") + "\n" + line("[[site.path]]") +
      line("prefix = \"/api\"") + line("reverse_proxy = \"http://127.0.0.1:3000\"") + ".fi\n" +
      see_also({"autohttps(1)", "autohttps-config(1)"});
  return {"autohttps.toml.5", text};
}

}  // namespace

std::vector<ManualPage> manual_pages() {
  std::vector<ManualPage> pages = {overview_page(), config_page()};
  for (const VerbInfo& verb : verbs()) pages.push_back(verb_page(verb));
  return pages;
}

}  // namespace autohttps::tools
