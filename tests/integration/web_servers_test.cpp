// Our answers for files beside those of Debian's nginx and Caddy, for the same folder: the same, or
// web_requests.h says why not.
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/static_files.h>
#include <autohttps/tests/integration/web_requests.h>
#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/engine_fixture.h>
#include <autohttps/tests/support/paths.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

constexpr std::time_t kModified = 1'700'000'000;  // Tue, 14 Nov 2023 22:13:20 GMT

// Where `name` is: unpacked into build/ (tools/test), else installed. Empty: it is not here.
fs::path program(const std::string& name) {
  std::error_code none;
  for (const auto& version : fs::directory_iterator(source_folder() / "build" / name, none)) {
    for (const char* folder : {"usr/bin", "usr/sbin"}) {
      const fs::path found = version.path() / folder / name;
      if (fs::exists(found)) return found;
    }
  }
  for (const char* folder : {"/usr/bin", "/usr/sbin"}) {
    if (fs::exists(fs::path(folder) / name)) return fs::path(folder) / name;
  }
  return {};
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

// As it goes over the wire.
std::string wire_form(const std::string& request) {
  const std::size_t end = request.find("\n\n");
  const std::string head = request.substr(0, end);
  std::string text;
  for (const std::string_view line : split(head, '\n')) {
    text += line;
    const bool is_first = line.data() == head.data();
    if (is_first && line.find(" HTTP/") == std::string_view::npos) text += " HTTP/1.1";
    text += "\r\n";
    if (is_first) text += "Host: a.test\r\n";
  }
  return text + "\r\n" + (end == std::string::npos ? "" : request.substr(end + 2));
}

// Parts with their fields in one order (RFC 9110 14.6 has none) and one boundary.
std::string in_order(std::string body, const std::string& boundary) {
  replace_all(body, boundary, "BOUNDARY");
  if (body.starts_with("\r\n")) body.erase(0, 2);  // RFC 2046 5.1.1: an empty preamble
  const std::string start = "--BOUNDARY\r\n";
  for (std::size_t at = 0; (at = body.find(start, at)) != std::string::npos;) {
    at += start.size();
    const std::size_t end = body.find("\r\n\r\n", at);
    if (end == std::string::npos) break;
    std::vector<std::string_view> lines = split(std::string_view(body).substr(at, end - at), '\n');
    for (std::string_view& line : lines) line = line.substr(0, line.find('\r'));
    std::sort(lines.begin(), lines.end());
    std::string sorted;
    for (const std::string_view line : lines) sorted.append(line).append("\r\n");
    body.replace(at, end + 2 - at, sorted);
  }
  return body;
}

// What of an answer is compared, as text. Not: Date, Server, what is told of an error beside its
// status and what to do about it, and how tags and boundaries are made. 301 and 308 differ for what
// is neither GET nor HEAD (RFC 9110 15.4.2, 15.4.9), and is not redirected here.
std::string essence(TestResponse response) {
  if (response.status == 0) return "no answer\n";
  const auto field = [&](const char* name) -> std::string& { return response.headers[name]; };
  if (field("etag").starts_with('"')) field("etag") = "strong";
  if (field("connection") != "close") field("connection").clear();
  std::string& type = field("content-type");
  if (const std::size_t at = type.find("boundary="); at != std::string::npos) {
    response.body = in_order(std::move(response.body), type.substr(at + 9));
    type.resize(at);
    field("content-length").clear();
  }
  if (response.status == 308) response.status = 301;
  if (response.status >= 400) {
    for (const char* name : {"connection", "etag", "last-modified"}) field(name).clear();
  }
  if (response.status >= 300) {
    response.body.clear();
    type.clear();
    field("content-length").clear();
  }
  std::string text = std::to_string(response.status) + "\n";
  for (const char* name : {"content-type", "content-length", "content-range", "content-encoding",
                           "last-modified", "etag", "vary", "location", "allow", "connection"}) {
    if (!field(name).empty()) text += std::string(name) + ": " + field(name) + "\n";
  }
  return text + "\n" + response.body;
}

class Server {
 public:
  explicit Server(std::uint16_t port) : port_(port) {
    tag_ = ask("GET /page.txt").headers["etag"];
    gzip_tag_ = ask("GET /app.js\nAccept-Encoding: gzip").headers["etag"];
  }
  TestResponse ask(std::string request) const {
    replace_all(request, "{tag}", tag_);
    replace_all(request, "{gzip-tag}", gzip_tag_);
    TestConnection connection = TestConnection::plain(port_);
    connection.send(wire_form(request));
    TestResponse response = connection.read_response(true);
    const bool has_none =
        request.starts_with("HEAD ") || response.status == 204 || response.status == 304;
    if (has_none) return response;
    const auto length = response.headers.find("content-length");
    if (length == response.headers.end()) {
      response.body = connection.read_to_end();
      return response;
    }
    while (response.body.size() < std::stoul(length->second)) {
      const std::string more = connection.read_some();
      if (more.empty()) break;
      response.body += more;
    }
    return response;
  }

 private:
  const std::uint16_t port_;
  std::string tag_, gzip_tag_;
};

class WebServersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("outside.txt", "secret");
    for (const char* name :
         {"page.txt", "UPPER.TXT", "a b.txt",
          "b\xC3\xBC"
          "cher.txt",
          "plus+plus.txt", "semi;colon=1.txt", "at@sign!$&'()*,.txt", "percent%25.txt",
          "back\\slash.txt", "question?mark.txt", "hash#.txt", ".well-known/security.txt",
          "picture.png", "picture.png.gz", "noextension", "unknown.xyzzy", "files/x.txt"}) {
      write(name, "0123456789");
    }
    write("index.html", "<!DOCTYPE html><title>home</title>");
    write("docs/index.html", "<!DOCTYPE html><title>docs</title>");
    write("docs/sub/index.html", "<!DOCTYPE html><title>sub</title>");
    write("docs/.hidden", "secret");
    write(".env", "secret");
    write(".git/config", "secret");
    write("empty.css", "");
    write("data.json", "{}");
    write("app.js", "alert('as it is')");
    write("app.js.gz", "not really gzip");
    write("app.js.br", "not really brotli");
    write("app.js.zst", "not really zstandard");
    write("stale.css.gz", "of an older version", kModified - 10);
    write("stale.css", "p {}");
    fs::create_symlink("../outside.txt", folder_ / "www/out.txt");
    fs::create_symlink("page.txt", folder_ / "www/inside.txt");
    fs::permissions(folder_.path(), fs::perms(0755));  // nginx's worker is another user
  }
  void write(const std::string& name, const std::string& contents,
             std::time_t modified = kModified) const {
    folder_.write("www/" + name, contents);
    const timespec times[2] = {{modified, 0}, {modified, 0}};
    ::utimensat(AT_FDCWD, (folder_ / ("www/" + name)).c_str(), times, 0);
  }

  void start(const fs::path& program, const std::vector<std::string>& arguments) {
    ChildOptions options;
    options.arguments = {program};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    options.environment = {{"HOME", folder_.path()},
                           {"XDG_DATA_HOME", folder_.path()},
                           {"XDG_CONFIG_HOME", folder_.path()}};
    child_.emplace(options);
    for (int tries = 0; tries < 400; ++tries) {
      try {
        TestConnection::plain(port_.number());
        return;
      } catch (const std::runtime_error&) {
        ASSERT_TRUE(child_->running()) << child_->err();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    }
    FAIL() << "it does not listen: " << child_->err();
  }

  void start_nginx(const fs::path& program) {
    folder_.write("nginx.conf", R"(
daemon off;
master_process off;
pid )" + (folder_ / "nginx.pid").string() +
                                    R"(;
error_log stderr;
events {}
http {
  access_log off;
  types {
    text/html html; text/plain txt; text/css css; text/javascript js;
    application/json json; image/png png; application/gzip gz;
  }
  default_type application/octet-stream;
  charset utf-8;
  charset_types text/plain text/css text/javascript;
  gzip_static on;
  gzip_vary on;
  client_body_temp_path )" + (folder_ / "body").string() +
                                    R"(;
  proxy_temp_path )" + (folder_ / "proxy").string() +
                                    R"(;
  fastcgi_temp_path )" + (folder_ / "fastcgi").string() +
                                    R"(;
  uwsgi_temp_path )" + (folder_ / "uwsgi").string() +
                                    R"(;
  scgi_temp_path )" + (folder_ / "scgi").string() +
                                    R"(;
  server {
    listen 127.0.0.1:)" + port_.text() +
                                    R"(;
    root )" + (folder_ / "www").string() +
                                    R"(;
    absolute_redirect off;
    location ~ /\.(?!well-known/) { return 404; }
  }
})");
    start(program, {"-c", folder_ / "nginx.conf"});
  }

  void start_caddy(const fs::path& program) {
    folder_.write("caddy.json",
                  R"({"admin": {"disabled": true}, "apps": {"http": {"servers": {"files": {
  "listen": ["127.0.0.1:)" +
                      port_.text() + R"("], "automatic_https": {"disable": true},
  "routes": [{"handle": [{"handler": "file_server", "root": ")" +
                      (folder_ / "www").string() + R"(",
    "hide": [".env", ".git", ".hidden"], "precompressed_order": ["br", "zstd", "gzip"],
    "precompressed": {"br": {}, "zstd": {}, "gzip": {}}}]}]}}}}})");
    start(program, {"run", "--config", folder_ / "caddy.json"});
  }

  // Each request is equal to ours, or is said not to be: by all versions, or by some.
  void compare(const char* WebRequest::*why_not) {
    const StaticFiles files({.root = folder_ / "www"});
    const EngineUnderTest engine([&](ExchangePtr exchange) {
      Answer answer = files.answer(exchange->head(), exchange->head().resource);
      exchange->respond(std::move(answer.head), std::move(answer.body));
    });
    const Server ours(engine.port), theirs(port_.number());
    for (const WebRequest& one : web_requests()) {
      const std::string our_answer = essence(ours.ask(one.request));
      const std::string their_answer = essence(theirs.ask(one.request));
      EXPECT_EQ(our_answer.find("secret"), std::string::npos) << one.request;
      const std::string_view reason = one.*why_not;
      if (reason.empty()) {
        EXPECT_EQ(our_answer, their_answer) << one.request;
      } else if (reason.starts_with(kInSome)) {
        const std::string_view status = reason.substr(std::string_view(kInSome).size(), 3);
        EXPECT_TRUE(our_answer == their_answer || their_answer.starts_with(status))
            << one.request << "\n"
            << our_answer << "\nTHEIRS\n"
            << their_answer;
      } else {
        EXPECT_NE(our_answer, their_answer)
            << one.request << "\nis said to differ: " << one.*why_not;
      }
    }
  }

  TemporaryFolder folder_;
  const FreePort port_;
  std::optional<Child> child_;
};

TEST_F(WebServersTest, EqualNginxOrTheReasonIsGiven) {
  const fs::path nginx = program("nginx");
  if (nginx.empty()) GTEST_SKIP() << "no nginx here: tools/test gets it";
  start_nginx(nginx);
  compare(&WebRequest::nginx);
}

TEST_F(WebServersTest, EqualCaddyOrTheReasonIsGiven) {
  const fs::path caddy = program("caddy");
  if (caddy.empty()) GTEST_SKIP() << "no Caddy here: tools/test gets it";
  start_caddy(caddy);
  compare(&WebRequest::caddy);
}

// AUTOHTTPS_NEEDED_PROGRAMS="nginx caddy", as .ci/run says: there, nothing of this is skipped.
TEST_F(WebServersTest, ThoseNeededAreHere) {
  const char* needed = std::getenv("AUTOHTTPS_NEEDED_PROGRAMS");
  std::istringstream words(needed == nullptr ? "" : needed);
  for (std::string word; words >> word;) EXPECT_FALSE(program(word).empty()) << "no " << word;
}

TEST_F(WebServersTest, TheTableIsLongEnough) { EXPECT_GE(web_requests().size(), 120U); }

}  // namespace
}  // namespace autohttps
