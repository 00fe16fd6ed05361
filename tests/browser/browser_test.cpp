// A real browser on sites of the real program, over certificates of a Pebble that it trusts, while
// they are renewed and swapped.
#include <autohttps/server/httplib/http_server.h>
#include <autohttps/tests/integration/running_server.h>
#include <autohttps/tests/support/running_server.h>
#include <autohttps/tests/support/websocket_echo.h>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string>

namespace autohttps {
namespace {

constexpr std::size_t kDownload = 50U << 20;
constexpr int kRounds = 6;

constexpr const char* kImage =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"></svg>\n";

std::string download() {
  std::string bytes(kDownload, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1'664'525 + 1'013'904'223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

std::string sha256(const std::string& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  ::EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, ::EVP_sha256(), nullptr);
  std::string text;
  constexpr const char* kDigits = "0123456789abcdef";
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15U];
  }
  return text;
}

// What it finds goes to /report, as lines "what: right" or "what: why not".
constexpr const char* kPage = R"(<!doctype html><meta charset="utf-8"><title>page</title>
<link rel="stylesheet" href="/style.css"><p id="p">text</p>
<script>
const found = [];
const load_image = (name) => new Promise((done) => {
  const image = new Image();
  image.onload = () => done(image.naturalWidth === 1 ? 'right' : 'width ' + image.naturalWidth);
  image.onerror = () => done('not loaded');
  image.src = name;
});
const socket = new WebSocket('wss://' + location.host + '/ws');
socket.binaryType = 'arraybuffer';
const opened = new Promise((done) => {
  socket.onopen = () => done('right');
  socket.onerror = () => done('not opened');
});
const echo = (message) => new Promise((done) => {
  const late = setTimeout(() => done('no echo'), 10000);
  socket.onmessage = (event) => {
    clearTimeout(late);
    const same = typeof message === 'string' ? event.data === message :
        new Uint8Array(event.data).every((byte, i) => byte === message[i]) &&
        event.data.byteLength === message.length;
    done(same ? 'right' : 'another echo');
  };
  socket.onclose = () => done('closed');
  socket.send(message);
});
const hex = (buffer) => Array.from(new Uint8Array(buffer),
    (byte) => byte.toString(16).padStart(2, '0')).join('');
const run = async () => {
  await new Promise((done) => { onload = done; });
  const color = getComputedStyle(document.getElementById('p')).color;
  found.push('style: ' + (color === 'rgb(1, 2, 3)' ? 'right' : color));
  found.push('socket: ' + await opened);
  for (let round = 0; round < ROUNDS; ++round) {
    found.push('image: ' + await load_image('/image.svg?' + round));
    found.push('text echo: ' + await echo('round ' + round));
    found.push('long echo: ' + await echo(new Uint8Array(100000).fill(round)));
    const answer = await fetch('/download.bin?' + round, {cache: 'no-store'});
    const bytes = await answer.arrayBuffer();
    const digest = hex(await crypto.subtle.digest('SHA-256', bytes));
    found.push('download: ' + (digest === 'DIGEST' ? 'right' : bytes.byteLength + ' bytes'));
    await fetch('/round', {method: 'POST', body: String(round)});
  }
};
run().catch((error) => found.push('error: ' + error)).then(
    () => fetch('/report', {method: 'POST', body: found.join('\n') + '\n'}));
</script>
)";

std::string with(std::string text, const std::string& what, const std::string& value) {
  text.replace(text.find(what), what.size(), value);
  return text;
}

class BrowserTest : public ::testing::Test {
 protected:
  void SetUp() override {
    bytes_ = download();
    page_ = with(with(kPage, "ROUNDS", std::to_string(kRounds)), "DIGEST", sha256(bytes_));
    app_->Post("/round", [this](const httplib::Request&, httplib::Response& response) {
      renew_once();
      response.set_content("on\n", "text/plain");
    });
    app_->Post("/report", [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock(mutex_);
      report_ = request.body;
      response.set_content("thanks\n", "text/plain");
    });
  }

  // Between two rounds of the page, which goes on over its old connections and over new ones.
  void renew_once() {
    const ChildResult renewed = here_.renew({"--force"});
    const std::lock_guard lock(mutex_);
    if (renewed.exit_code == 0) {
      ++renewals_;
    } else {
      trouble_ += said(renewed);
    }
  }

  Words serve(const Words& contents) {
    return Words{"serve", "a.test"} + here_.at_pebble() +
           Words{"--https-port",
                 https_.text(),
                 "--no-config",
                 "--route",
                 "/ws=http://127.0.0.1:" + std::to_string(echo_.port()),
                 "--route",
                 "/report=" + app_url(),
                 "--route",
                 "/round=" + app_url()} +
           contents;
  }
  std::string app_url() { return "http://127.0.0.1:" + std::to_string(app_.port()); }

  void visit(const Words& contents) {
    Child server(program(serve(contents)));
    ASSERT_TRUE(server.wait_for("serving https on port")) << server.err();
    ASSERT_TRUE(eventually([&] {
      return https_get(
                 {.port = https_.number(), .name = "a.test", .root_pem = here_.pebble.root_pem()})
          .verified;
    })) << server.err();
    browse(server);
    expect_all_is_right();
    EXPECT_EQ(server.stop(), 0) << server.err();
  }

  // The distribution's browser, in a home of its own that trusts Pebble's root and nothing else.
  void browse(Child& server) {
    const std::string home = (here_.folder / "home").string();
    const std::string database = "sql:" + home + "/.pki/nssdb";
    std::filesystem::create_directories(home + "/.pki/nssdb");
    ChildOptions certutil;
    for (const Words& words : {Words{"certutil", "-d", database, "-N", "--empty-password"},
                               Words{"certutil", "-d", database, "-A", "-t", "C,,", "-n", "pebble",
                                     "-i", here_.pebble.root_file().string()}}) {
      certutil.arguments = words;
      const ChildResult made = run_child(certutil);
      ASSERT_EQ(made.exit_code, 0) << said(made);
    }
    ChildOptions browser;
    browser.arguments = {"chromium-headless-shell",
                         "--no-sandbox",  // the tests run as root
                         "--disable-gpu",
                         "--user-data-dir=" + home + "/data",
                         "--host-resolver-rules=MAP a.test:443 127.0.0.1:" + https_.text(),
                         "--remote-debugging-port=0",  // it stays until it is ended
                         "https://a.test/"};
    browser.environment = {{"HOME", home}};
    Child child(browser);
    EXPECT_TRUE(eventually([this] { return !report().empty(); }, std::chrono::seconds(120)))
        << "the browser: " << child.err() << "\nthe server: " << server.err();
  }
  std::string report() {
    const std::lock_guard lock(mutex_);
    return report_;
  }

  void expect_all_is_right() {
    const std::lock_guard lock(mutex_);
    std::string expected = "style: right\nsocket: right\n";
    for (int round = 0; round < kRounds; ++round) {
      expected += "image: right\ntext echo: right\nlong echo: right\ndownload: right\n";
    }
    EXPECT_EQ(report_, expected);
    EXPECT_EQ(trouble_, "");
    EXPECT_EQ(renewals_, kRounds);
    EXPECT_EQ(echo_.opened(), 1) << "one WebSocket for all rounds";
  }

  ProgramOnPebble here_;
  FreePort https_;
  WebSocketEcho echo_;
  RunningServer<HttpServer> app_;
  std::string bytes_, page_;
  std::mutex mutex_;  // guards what follows
  std::string report_, trouble_;
  int renewals_ = 0;
};

TEST_F(BrowserTest, LoadsAPageOfFilesWhileItsCertificateIsSwapped) {
  here_.folder.write("site/index.html", page_);
  here_.folder.write("site/style.css", "#p { color: rgb(1, 2, 3) }\n");
  here_.folder.write("site/image.svg", kImage);
  here_.folder.write("site/download.bin", bytes_);
  app_.start();
  visit({"--root", (here_.folder / "site").string()});
}

TEST_F(BrowserTest, LoadsAPageThroughTheProxyWhileItsCertificateIsSwapped) {
  const auto give = [this](const char* path, std::string text, const char* type) {
    app_->Get(path,
              [text = std::move(text), type](const httplib::Request&, httplib::Response& response) {
                response.set_content(text, type);
              });
  };
  give("/", page_, "text/html; charset=utf-8");
  give("/style.css", "#p { color: rgb(1, 2, 3) }\n", "text/css");
  give("/image.svg", kImage, "image/svg+xml");
  give("/download.bin", bytes_, "application/octet-stream");
  app_.start();
  visit({"--reverse-proxy", app_url()});
}

}  // namespace
}  // namespace autohttps
