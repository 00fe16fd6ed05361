#include <autohttps/tools/autohttps/setup/summary.h>

#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/setup/installation.h>
#include <autohttps/tools/autohttps/setup/places.h>

namespace autohttps::tools {
namespace {

std::string row(std::string label, const std::string& text) {
  constexpr std::size_t kLabel = 9;
  label.resize(std::max(kLabel, label.size()), ' ');
  return label + text + "\n";
}

std::string day(const std::optional<WallTime>& time) {
  return time ? format_rfc3339(*time) : std::string("an unknown time");
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string served(const Plan& plan, const Surroundings& found) {
  const Settings& site = plan.site;
  std::string text;
  if (plan.serves) {
    const std::uint16_t port =
        site.public_https_port != 0 ? site.public_https_port : site.https_port;
    constexpr std::uint16_t kUsual = 443;
    for (const std::string& name : site.names) {
      text += (text.empty() ? "https://" : ", https://") + name +
              (port == kUsual ? "" : ":" + std::to_string(port)) + "/";
    }
    const std::vector<std::string>& from =
        !site.root.empty() ? std::vector{site.root}
                           : (site.reverse_proxy.empty() ? site.routes : site.reverse_proxy);
    for (const std::string& one : from) {
      text += (&one == &from.front() ? " from " : ", ") + printable(one, 300);
    }
    if (!site.redirect_to.empty()) text += ", all sent to " + site.redirect_to;
  } else {
    text = "nothing by autohttps; a certificate for " + listed(site.names);
  }
  return text + "; valid until " + day(found.certificate.not_after);
}

std::string renewal(const Plan& plan, const Surroundings& found) {
  std::string text = renewal_text(found);
  if (text.empty()) {
    text = plan.serves ? "by the server itself" : "by nothing yet: see the warning above";
  } else {
    text = "looks " + text;
  }
  if (found.certificate.next) text += "; the next one is due at " + day(found.certificate.next);
  return text;
}

}  // namespace

std::string summary(const Plan& plan, const Surroundings& found) {
  return row("served", served(plan, found)) +
         row("files", files_of(found.certificate.store, found.certificate.id).string() +
                          "/fullchain.pem and privkey.pem; " +
                          site_path(found.config, found.certificate.id)) +
         row("renewal", renewal(plan, found)) +
         row("to look", "autohttps status " + found.certificate.id) +
         row("to undo", "autohttps uninstall");
}

std::string plan_text(const Plan& plan) {
  if (plan.changes.empty()) return "nothing to change: all is so already\n";
  std::string text;
  for (const Change& change : plan.changes) {
    text += change.what + "\n";
    if (change.kind != Change::Kind::write) continue;
    for (const std::string_view line : split(trim(change.text), '\n')) {
      if (!line.empty()) text += "    " + printable(line) + "\n";
    }
  }
  return text;
}

std::string snippet_text(const Snippet& snippet) {
  if (snippet.text.empty()) return {};
  std::string text = snippet.whole
                         ? "For HTTPS, write this into " + snippet.file + ":\n\n"
                         : "For HTTPS, put these lines into the server of " + snippet.file +
                               ", in place of those of the same names:\n\n";
  text += snippet.text + "\nthen:\n\n";
  for (const std::string& command : snippet.then) text += command + "\n";
  return text + "\n";
}

}  // namespace autohttps::tools
