#include <autohttps/tools/autohttps/setup/apache_config.h>

#include <autohttps/common/strings.h>

#include <algorithm>
#include <optional>

namespace autohttps::tools {
namespace {

constexpr std::string_view kChallenge = "/.well-known/acme-challenge";

// Words of a line, quotes taken away.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0;;) {
    at = line.find_first_not_of(" \t\r", at);
    if (at == std::string_view::npos) return words;
    const char quote = line[at];
    if (quote == '"' || quote == '\'') {
      const std::size_t end = std::min(line.find(quote, at + 1), line.size());
      words.emplace_back(line.substr(at + 1, end - at - 1));
      at = std::min(end + 1, line.size());
    } else {
      const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
      words.emplace_back(line.substr(at, end - at));
      at = end;
    }
  }
}

// A line that ends in a backslash goes on in the next one.
std::optional<std::string> next_line(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  std::string line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    line += text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.ends_with('\\')) break;
    line.back() = ' ';
  }
  return line;
}

// "*:80", "[::]:443", "_default_:443", "192.0.2.1".
void listen(VirtualHost& host, std::string address) {
  while (address.ends_with('>')) address.pop_back();
  const std::size_t colon = address.rfind(':');
  const bool has_port = colon != std::string::npos && !address.ends_with(']');
  const std::string port = has_port ? address.substr(colon + 1) : std::string("*");
  host.http = host.http || port == "80" || port == "*";
  host.https = host.https || port == "443" || port == "*";
  host.ipv6 =
      host.ipv6 || address.starts_with('[') || address.starts_with('*') || address.starts_with('_');
}

// A site of ServerName www.example.com:80 or https://www.example.com is www.example.com.
std::string host_name(std::string name) {
  const std::size_t scheme = name.find("://");
  if (scheme != std::string::npos) name.erase(0, scheme + 3);
  return name.substr(0, name.find(':'));
}

void directive(VirtualHost& host, bool& passes_on, const std::vector<std::string>& words) {
  const std::string name = to_lower(words.front());
  if (name == "servername" && words.size() == 2) host.names.push_back(host_name(words[1]));
  if (name == "serveralias") host.names.insert(host.names.end(), words.begin() + 1, words.end());
  if (name == "documentroot" && words.size() == 2) host.root = words[1];
  const bool whole = words.size() >= 3 && (words[1] == "/" || words[words.size() - 2] == "/");
  if ((name == "redirect" || name == "redirectpermanent" || name == "proxypass") && whole) {
    passes_on = true;
    host.redirects = name != "proxypass";
    if (name == "proxypass") host.proxy = words[2];
  }
  // ProxyPass of the CA's path to "!" takes it out again.
  if (name == "proxypass" && words.size() >= 3 && words[1].starts_with(kChallenge) &&
      words[2] == "!") {
    passes_on = false;
  }
}

void finish(VirtualHost& host, bool passes_on) {
  if (passes_on || host.root.find('$') != std::string::npos || !host.root.starts_with('/')) {
    host.root.clear();
  }
  while (host.root.size() > 1 && host.root.ends_with('/')) host.root.pop_back();
  if (host.proxy.empty()) host.pages = host.root;
}

}  // namespace

std::vector<VirtualHost> apache_hosts(std::string_view text, const std::string& file) {
  std::vector<VirtualHost> hosts;
  std::optional<VirtualHost> host;
  bool passes_on = false;
  while (const auto line = next_line(text)) {
    const std::vector<std::string> words = words_of(*line);
    if (words.empty() || words.front().starts_with('#')) continue;
    const std::string first = to_lower(words.front());
    if (first == "<virtualhost") {
      host.emplace();
      host->file = file;
      passes_on = false;
      for (std::size_t i = 1; i < words.size(); ++i) listen(*host, words[i]);
    } else if (first == "</virtualhost>") {
      if (host) {
        finish(*host, passes_on);
        hosts.push_back(std::move(*host));
      }
      host.reset();
    } else if (host) {
      directive(*host, passes_on, words);
    }
  }
  return hosts;
}

}  // namespace autohttps::tools
