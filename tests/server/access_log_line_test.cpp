#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/server/sites/access_log_line.h>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace autohttps {
namespace {

using Format = AccessLogFormat;

constexpr std::int64_t kTime = 1'795'755'845'007;  // 2026-11-27T05:04:05.007Z, as date(1) says

// A request of a browser, to be changed.
struct Asked {
  HeadView head;
  Peer peer;
  int status = 200;
  std::uint64_t bytes = 1'024;
  std::chrono::microseconds took{12'345};
  bool whole = true;

  Asked() {
    head.method = "GET";
    head.target = "/a?b=c";
    head.version = "HTTP/1.1";
    head.host = "a.test";
    peer.remote_ip = "192.0.2.7";
  }
  Asked& with(std::string_view name, std::string_view value) {
    head.fields.push_back({name, value});
    return *this;
  }
  Asked& for_target(std::string_view target) {
    head.target = target;
    return *this;
  }
  std::string line(Format format) const {
    std::string text;
    append_access_line(text, format,
                       {.head = head,
                        .peer = peer,
                        .server_name = "a.test",
                        .secure = true,
                        .status = status,
                        .body_bytes = bytes,
                        .took = took,
                        .whole = whole},
                       kTime);
    return text;
  }
  Json object() const { return Json::parse(line(Format::json)); }
};

TEST(AccessLogLineTest, CommonIsWhatHttpdWrote) {
  EXPECT_EQ(Asked().line(Format::common),
            "192.0.2.7 - - [27/Nov/2026:05:04:05 +0000] \"GET /a?b=c HTTP/1.1\" 200 1024\n");
}

TEST(AccessLogLineTest, CombinedAddsRefererAndUserAgent) {
  EXPECT_EQ(Asked()
                .with("referer", "https://b.test/")
                .with("User-Agent", "curl/8")
                .line(Format::combined),
            "192.0.2.7 - - [27/Nov/2026:05:04:05 +0000] \"GET /a?b=c HTTP/1.1\" 200 1024 "
            "\"https://b.test/\" \"curl/8\"\n");
  EXPECT_TRUE(Asked().line(Format::combined).ends_with(" 200 1024 \"-\" \"-\"\n"));
}

TEST(AccessLogLineTest, JsonIsOneObjectWithAllMembersAlways) {
  EXPECT_EQ(
      Asked().with("User-Agent", "curl/8").line(Format::json),
      "{\"time\":\"2026-11-27T05:04:05.007Z\",\"remote\":\"192.0.2.7\",\"user\":null,"
      "\"host\":\"a.test\",\"method\":\"GET\",\"target\":\"/a?b=c\",\"protocol\":\"HTTP/1.1\","
      "\"status\":200,\"bytes\":1024,\"ms\":12.345,\"referer\":null,\"user_agent\":\"curl/8\","
      "\"tls\":true,\"server_name\":\"a.test\",\"whole\":true}\n");
  Asked cut;
  cut.whole = false;
  cut.took = std::chrono::milliseconds(7);
  EXPECT_EQ(cut.object()["whole"], false);
  EXPECT_EQ(cut.object()["ms"], 7);
}

// The engine refused it before its head was whole: nothing of it is believed.
TEST(AccessLogLineTest, ARequestWithoutAHeadIsALineAsWell) {
  Asked refused;
  refused.head = HeadView();
  refused.status = 400;
  refused.bytes = 0;
  EXPECT_TRUE(refused.line(Format::common).ends_with("] \"-\" 400 -\n"));
  EXPECT_TRUE(refused.object()["method"].is_null());
}

TEST(AccessLogLineTest, AnAnswerThatWasNeverSentHasThreeZeros) {
  Asked gone;
  gone.status = 0;
  EXPECT_NE(gone.line(Format::common).find("\" 000 "), std::string::npos);
}

TEST(AccessLogLineTest, TheThirdFieldIsTheUserOfBasicAuthAndNeverThePassword) {
  // RFC 7617 2: "Aladdin:open sesame"
  const std::string line =
      Asked().with("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").line(Format::common);
  EXPECT_TRUE(line.starts_with("192.0.2.7 - Aladdin [")) << line;
  EXPECT_EQ(line.find("sesame"), std::string::npos);
  EXPECT_EQ(Asked().with("authorization", "basic QWxhZGRpbjo=").object()["user"], "Aladdin");
  struct {
    const char* value;
    const char* user;
  } const table[] = {
      {"Bearer QWxhZGRpbjpvcGVu", "-"},  // another scheme
      {"Basic QWxhZGRpbg==", "-"},       // "Aladdin": no colon, it may be a password
      {"Basic", "-"},                    //
      {"Basic ****", "-"},               // no base64
      {"Basic OnNlY3JldA==", "-"},       // ":secret": no name
      {"Basic YSBbYl0iXDpzZWNyZXQ=", "a\\x20[b]\\x22\\x5c"},  // a [b]"\ : one field all the same
      {"Basic CmE6Yg==", "\\x0aa"},                           // "\na:b"
  };
  for (const auto& [value, user] : table) {
    const std::string text = Asked().with("Authorization", value).line(Format::common);
    EXPECT_TRUE(text.starts_with("192.0.2.7 - " + std::string(user) + " [")) << text;
  }
}

TEST(AccessLogLineTest, SecretsAreNotWritten) {
  struct {
    const char* url;
    const char* shown;
  } const table[] = {
      {"/?access_token=abc&x=1", "/?access_token=***&x=1"},
      {"/?x=1&password=a=b", "/?x=1&password=***"},
      {"/?PassWord=x;Token=y", "/?PassWord=***;Token=***"},
      {"/?api%5Fkey=x", "/?api%5Fkey=***"},
      {"/?X-Amz-Signature=0a", "/?X-Amz-Signature=***"},
      {"/#access_token=abc", "/#access_token=***"},
      {"/?a=1?token=x", "/?a=1?token=***"},
      {"https://u:p@a.test/x?sig=1", "https://***@a.test/x?sig=***"},
      {"https://u:p@q@a.test", "https://***@a.test"},
      // What people look for stays.
      {"/?q=token&code=404&key=7&state=x", "/?q=token&code=404&key=7&state=x"},
      {"/?token", "/?token"},
      {"/token=x", "/token=x"},
      {"https://a.test/@b", "https://a.test/@b"},
      {"/.well-known/acme-challenge/evaGxfADs6pSRb2LAv9IZf17",
       "/.well-known/acme-challenge/evaGxfADs6pSRb2LAv9IZf17"},
      {"*", "*"},
      {"/?%", "/?%"},
      {"/?token%5=x&%74oken=y", "/?token%5=x&%74oken=***"},
  };
  for (const auto& [url, shown] : table) {
    EXPECT_EQ(Asked().for_target(url).object()["target"], shown);
    EXPECT_EQ(Asked().with("Referer", url).object()["referer"], shown);
    EXPECT_NE(Asked().for_target(url).line(Format::common).find("GET " + std::string(shown) + " "),
              std::string::npos)
        << url;
  }
  const std::string all = Asked()
                              .with("Cookie", "id=hidden")
                              .with("Set-Cookie", "id=hidden")
                              .with("Proxy-Authorization", "hidden")
                              .with("X-Api-Key", "hidden")
                              .line(Format::json);
  EXPECT_EQ(all.find("hidden"), std::string::npos);
}

// Nobody forges a line, a field or a terminal's escape.
TEST(AccessLogLineTest, WhatAClientSendsStaysInItsField) {
  struct {
    const char* sent;
    const char* text;
    const char* json;
  } const table[] = {
      {"a\nb", "a\\x0ab", "a\\x0ab"},
      {"a\r\n127.0.0.1 - - [", "a\\x0d\\x0a127.0.0.1 - - [", "a\\x0d\\x0a127.0.0.1 - - ["},
      {"\x1b]0;x\x07", "\\x1b]0;x\\x07", "\\x1b]0;x\\x07"},
      {"a\" 200 5 \"", "a\\\" 200 5 \\\"", "a\" 200 5 \""},
      {"a\\", "a\\\\", "a\\"},
      {"\x7f\t", "\\x7f\\x09", "\\x7f\\x09"},
      {"\xc3\xa9", "\\xc3\\xa9", "\xc3\xa9"},  // é
      {"\xc0\xaf\xff", "\\xc0\\xaf\\xff", "\\xc0\\xaf\\xff"},
      {"\xc2\x9b"
       "31m",
       "\\xc2\\x9b31m", "\\xc2\\x9b31m"},  // CSI in one character
      {"\xe2\x80\xae"
       "gpj",
       "\\xe2\\x80\\xaegpj", "\\xe2\\x80\\xaegpj"},  // right-to-left override
      {"\",\"status\":200,\"x\":\"", "\\\",\\\"status\\\":200,\\\"x\\\":\\\"",
       "\",\"status\":200,\"x\":\""},
  };
  for (const auto& [sent, text, json] : table) {
    Asked asked;
    asked.with("User-Agent", sent).with("Referer", sent);
    asked.head.host = asked.head.target = sent;
    const std::string line = asked.line(Format::combined);
    EXPECT_TRUE(line.ends_with(std::string(" \"") + text + "\" \"" + text + "\"\n")) << line;
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    const std::string object = asked.line(Format::json);
    EXPECT_EQ(std::count(object.begin(), object.end(), '\n'), 1);
    for (const char* member : {"user_agent", "referer", "host", "target"}) {
      EXPECT_EQ(Json::parse(object)[member], json) << object;
    }
  }
  const std::string nul("a\0b", 3);
  EXPECT_EQ(Asked().with("User-Agent", nul).object()["user_agent"], "a\\x00b");
}

TEST(AccessLogLineTest, ALongFieldIsCut) {
  const std::string longer(5'000, 'x');
  EXPECT_EQ(Asked().with("User-Agent", longer).object()["user_agent"],
            std::string(4'000, 'x') + "...");
  EXPECT_EQ(Asked().for_target("/" + longer).object()["target"],
            "/" + std::string(3'999, 'x') + "...");
  // Cut within its name, a secret is cut as well.
  const std::string padded = "/?" + std::string(3'990, 'a') + "&access_token=hidden";
  EXPECT_EQ(Asked().for_target(padded).line(Format::json).find("hidden"), std::string::npos);
}

TEST(AccessLogLineTest, FormatsAreKnownByName) {
  EXPECT_EQ(parse_access_log_format("common"), Format::common);
  EXPECT_EQ(parse_access_log_format("combined"), Format::combined);
  EXPECT_EQ(parse_access_log_format("json"), Format::json);
  for (const char* name : {"", "JSON", "clf", "\x1b"}) {
    EXPECT_THROW(parse_access_log_format(name), Error) << name;
  }
}

}  // namespace
}  // namespace autohttps
