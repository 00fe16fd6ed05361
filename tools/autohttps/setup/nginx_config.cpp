#include <autohttps/tools/autohttps/setup/nginx_config.h>

#include <autohttps/common/strings.h>

#include <algorithm>
#include <optional>

namespace autohttps::tools {
namespace {

constexpr std::size_t kMostTokens = 200'000;  // of a configuration of some megabytes
constexpr std::string_view kChallenge = "/.well-known/acme-challenge/";
constexpr std::string_view kDumpHead = "# configuration file ";

struct Token {
  enum class Kind { word, open, close, end } kind = Kind::word;
  std::string text;
  std::string file;
};

// Words with quotes and backslashes taken away, and { } ;
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  std::optional<Token> next() {
    skip_blanks();
    if (at_ >= text_.size() || ++count_ > kMostTokens) return std::nullopt;
    switch (text_[at_]) {
      case '{':
        return punctuation(Token::Kind::open);
      case '}':
        return punctuation(Token::Kind::close);
      case ';':
        return punctuation(Token::Kind::end);
      case '"':
      case '\'':
        return quoted();
      default:
        return word();
    }
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size()) {
      const char letter = text_[at_];
      if (letter == '#') {
        comment();
      } else if (letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r') {
        ++at_;
      } else {
        return;
      }
    }
  }

  void comment() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    const std::string_view line = text_.substr(at_, end - at_);
    if (line.starts_with(kDumpHead) && line.ends_with(':')) {
      file_ = line.substr(kDumpHead.size(), line.size() - kDumpHead.size() - 1);
    }
    at_ = end;
  }

  Token punctuation(Token::Kind kind) {
    ++at_;
    return {kind, {}, file_};
  }

  Token quoted() {
    const char quote = text_[at_++];
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_++];
    }
    ++at_;
    return {Token::Kind::word, value, file_};
  }

  Token word() {
    std::string value;
    while (at_ < text_.size()) {
      const char letter = text_[at_];
      const bool variable = letter == '{' && value.ends_with('$');  // ${name}
      if (std::string_view(" \t\r\n;").find(letter) != std::string_view::npos) break;
      if ((letter == '{' && !variable) || letter == '}') break;
      if (variable) {
        const std::size_t end = std::min(text_.find('}', at_), text_.size() - 1);
        value += text_.substr(at_, end - at_ + 1);
        at_ = end + 1;
        continue;
      }
      if (letter == '\\' && at_ + 1 < text_.size()) value += text_[at_++];
      value += text_[at_++];
    }
    return {Token::Kind::word, value, file_};
  }

  std::string_view text_;
  std::string file_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
};

using Words = std::vector<std::string>;

class Reader {
 public:
  Reader(std::string_view configuration, std::string_view prefix)
      : tokens_(configuration), prefix_(prefix) {}

  std::vector<VirtualHost> all() {
    outside({});
    return std::move(hosts_);
  }

 private:
  struct Server {
    VirtualHost host;
    bool listens = false;        // a listen directive was seen
    bool passes_on = false;      // a return of the server, or everything is passed on
    std::string challenge_root;  // of a location of its own for the CA's path
    std::string root_of_all;     // of location /
  };

  static constexpr int kDeepest = 50;

  // main, http and whatever lies around servers; `root` is inherited inwards.
  void outside(std::string root) {
    if (++depth_ > kDeepest) return;
    Words words;
    while (const auto token = tokens_.next()) {
      if (token->kind == Token::Kind::word) {
        words.push_back(token->text);
        continue;
      }
      if (token->kind == Token::Kind::close) break;
      if (token->kind == Token::Kind::open) {
        if (words.size() == 1 && words.front() == "server") {
          server(root, token->file);
        } else {
          outside(root);
        }
      } else if (words.size() == 2 && words.front() == "root") {
        root = words[1];
      }
      words.clear();
    }
    --depth_;
  }

  void server(const std::string& inherited, const std::string& file) {
    Server server;
    server.host.file = file;
    server.host.root = inherited;
    Words words;
    while (const auto token = tokens_.next()) {
      if (token->kind == Token::Kind::word) {
        words.push_back(token->text);
        continue;
      }
      if (token->kind == Token::Kind::close) break;
      if (token->kind == Token::Kind::open) {
        block(server, words);
      } else {
        directive(server, words);
      }
      words.clear();
    }
    add(std::move(server));
  }

  static void directive(Server& server, const Words& words) {
    if (words.empty()) return;
    const std::string& name = words.front();
    if (name == "listen") listen(server, words);
    if (name == "server_name") {
      server.host.names.insert(server.host.names.end(), words.begin() + 1, words.end());
    }
    if (name == "root" && words.size() == 2) server.host.root = words[1];
    if (name == "return") server.passes_on = server.host.redirects = true;
  }

  static void listen(Server& server, const Words& words) {
    if (words.size() < 2) return;
    server.listens = true;
    if (words[1].starts_with("unix:")) return;
    const std::string& address = words[1];
    const bool ipv6 = address.starts_with("[");
    std::string port = "80";
    const std::size_t colon = address.rfind(':');
    if (address.find_first_not_of("0123456789") == std::string::npos) {
      port = address;
    } else if (colon != std::string::npos && (!ipv6 || address[colon - 1] == ']')) {
      port = address.substr(colon + 1);
    }
    server.host.http = server.host.http || port == "80";
    server.host.https = server.host.https || port == "443";
    server.host.ipv6 = server.host.ipv6 || (ipv6 && (port == "80" || port == "443"));
    for (const std::string& word : words) {
      if (word == "default_server" || word == "default") server.host.is_default = true;
    }
  }

  // A block within a server: a location may have a root of its own, or pass everything on.
  void block(Server& server, const Words& words) {
    std::string path;
    const bool is_location = !words.empty() && words.front() == "location";
    if (is_location && words.size() == 2) path = words[1];
    if (is_location && words.size() == 3 && words[1] != "~" && words[1] != "~*") path = words[2];
    Words inner;
    std::string root;
    std::string proxy;
    bool returns = false;
    while (const auto token = tokens_.next()) {
      if (token->kind == Token::Kind::word) {
        inner.push_back(token->text);
        continue;
      }
      if (token->kind == Token::Kind::close) break;
      if (token->kind == Token::Kind::open) skip_block();
      if (token->kind == Token::Kind::end && inner.size() >= 2) {
        if (inner.front() == "root") root = inner[1];
        if (inner.front() == "alias") root = without_challenge(inner[1], path);
        if (inner.front() == "proxy_pass") proxy = inner[1];
        returns = returns || inner.front() == "return";
      }
      inner.clear();
    }
    const bool passes_on = returns || !proxy.empty();
    if (path.size() > 1 && kChallenge.starts_with(path)) {
      server.challenge_root = passes_on ? "" : root.empty() ? server.host.root : root;
    } else if (path == "/") {
      server.passes_on = server.passes_on || passes_on;
      server.root_of_all = root;
      server.host.proxy = proxy;
      server.host.redirects = server.host.redirects || returns;
    }
  }

  // alias replaces the location's path: below which folder is the CA's whole path then?
  static std::string without_challenge(std::string alias, const std::string& path) {
    while (alias.size() > 1 && alias.ends_with('/')) alias.pop_back();
    std::string ending = path;
    while (ending.size() > 1 && ending.ends_with('/')) ending.pop_back();
    if (!alias.ends_with(ending)) return {};  // not below any folder in the way a webroot is
    alias.resize(alias.size() - ending.size());
    return alias.empty() ? "/" : alias;
  }

  void skip_block() {
    int depth = 1;
    while (const auto token = tokens_.next()) {
      if (token->kind == Token::Kind::open) ++depth;
      if (token->kind == Token::Kind::close && --depth == 0) return;
    }
  }

  // A root as an absolute folder; empty: a variable decides.
  std::string whole(std::string root) const {
    if (root.empty() || root.find('$') != std::string::npos) return {};
    if (!root.starts_with('/')) root = prefix_ + "/" + root;
    while (root.size() > 1 && root.ends_with('/')) root.pop_back();
    return root;
  }

  void add(Server server) {
    if (!server.listens) server.host.http = true;  // *:80 for root
    std::string pages;
    if (!server.passes_on) {
      pages = server.root_of_all.empty() ? server.host.root : server.root_of_all;
      if (pages.empty()) pages = "html";  // nginx's own default
    }
    server.host.pages = whole(pages);
    server.host.root = whole(server.challenge_root);
    if (server.host.root.empty()) server.host.root = server.host.pages;
    if (server.host.http || server.host.https) hosts_.push_back(std::move(server.host));
  }

  Tokens tokens_;
  std::string prefix_;
  std::vector<VirtualHost> hosts_;
  int depth_ = 0;
};

}  // namespace

std::vector<VirtualHost> nginx_hosts(std::string_view configuration, std::string_view prefix) {
  return Reader(configuration, prefix).all();
}

}  // namespace autohttps::tools
