#include <autohttps/server/engine/head_scanner.h>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using Kind = HeadResult::Kind;

constexpr std::string_view kStart = "GET / HTTP/1.1\r\nHost: a.test\r\n";

HeadResult scan(std::string_view text, HeadView& view, const HeadLimits& limits = {}) {
  return HeadScanner().scan(text, limits, view);
}

HeadResult scan(std::string_view text, const HeadLimits& limits = {}) {
  HeadView view;
  return scan(text, view, limits);
}

TEST(HeadScannerTest, SplitsAHeadIntoViews) {
  const std::string head =
      "POST /a%2fb?c=%20 HTTP/1.1\r\nHost: A.test:8443\r\nCookie: x=%0d%0a; \"y\" "
      "\t\r\nX-Empty:\r\n"
      "x-twice: 1\r\nX-Twice: \t2 \r\nContent-Length: 5\r\n\r\n";
  const std::string stream = "\r\n" + head + "12345";
  HeadView view;
  const HeadResult result = scan(stream, view);
  ASSERT_EQ(result.kind, Kind::complete) << result.reason;
  EXPECT_EQ(result.consumed, head.size() + 2);
  EXPECT_EQ(view.text, head);
  EXPECT_EQ(view.method, "POST");
  EXPECT_EQ(view.target, "/a%2fb?c=%20");
  EXPECT_EQ(view.resource, view.target);
  EXPECT_EQ(view.authority, "");
  EXPECT_EQ(view.version, "HTTP/1.1");
  EXPECT_EQ(view.host, "A.test:8443");
  ASSERT_EQ(view.fields.size(), 6);
  EXPECT_EQ(view.fields[1].name, "Cookie");
  EXPECT_EQ(view.fields[1].value, "x=%0d%0a; \"y\"");
  EXPECT_EQ(view.fields[2].value, "");
  EXPECT_EQ(view.fields[4].value, "2");
  EXPECT_EQ(view.length, 5);
  EXPECT_TRUE(view.has_body());
  EXPECT_FALSE(view.chunked || view.wants_close || view.wants_upgrade || view.expects_continue);
}

TEST(HeadScannerTest, RefusesWhatCouldBeReadInTwoWays) {
  const std::string start(kStart);
  const std::string host = "\r\nHost: a.test\r\n\r\n";
  const std::vector<std::string> bad = {
      "GET / HTTP/1.1\r\n\r\n",                  // no Host
      "GET / HTTP/1.1\nHost: a.test\n\n",        // bare LF
      "GET  / HTTP/1.1" + host,                  // two spaces
      "GET / HTTP/1.1 " + host,                  //
      "GET /" + host,                            // HTTP/0.9
      "GET / HTTP/2.0" + host,                   //
      "GET / http/1.1" + host,                   //
      "G(T / HTTP/1.1" + host,                   //
      "GET /\x01 HTTP/1.1" + host,               //
      "GET /\x80 HTTP/1.1" + host,               //
      start + "X : y\r\n\r\n",                   // RFC 9112 5.1
      start + " folded: y\r\n\r\n",              // RFC 9112 5.2
      start + "X: y\r\n folded\r\n\r\n",         //
      start + "X\r\n\r\n",                       // no colon
      start + ": y\r\n\r\n",                     // no name
      start + "X: y\rZ: z\r\n\r\n",              // bare CR
      start + "X: y\nZ: z\r\n\r\n",              //
      start + std::string("X: \0y\r\n\r\n", 9),  //
      start + "X: \x7f\r\n\r\n",                 //
      start + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
      start + "Content-Length: +1\r\n\r\n",
      start + "Content-Length: 1, 1\r\n\r\n",
      start + "Content-Length: 1%30\r\n\r\n",
      start + "Content-Length:\r\n\r\n",
      start + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      start + "Transfer-Encoding: gzip, chunked\r\n\r\n",
      start + "Transfer-Encoding: x\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
  };
  for (const std::string& raw : bad) EXPECT_EQ(scan(raw).kind, Kind::refused) << raw;
}

TEST(HeadScannerTest, FindsTheNextRequestWithTheSameScannerAndView) {
  const std::string first = "GET /1 HTTP/1.1\r\nHost: a.test\r\nX-One: 1\r\n\r\n";
  const std::string second = "GET /2 HTTP/1.0\r\n\r\n";
  const std::string both = first + second;
  HeadScanner scanner;
  HeadView view;
  ASSERT_EQ(scanner.scan(both, {}, view).consumed, first.size());
  ASSERT_EQ(scanner.scan(std::string_view(both).substr(first.size()), {}, view).consumed,
            second.size());
  EXPECT_EQ(view.target, "/2");
  EXPECT_TRUE(view.fields.empty());
  EXPECT_EQ(view.host, "");
}

TEST(HeadScannerTest, ViewsAreOfTheBufferOfTheLastCall) {
  const std::string head = "GET /12345678 HTTP/1.1\r\nHost: a.test\r\nX-One: 1\r\n\r\n";
  HeadScanner scanner;
  HeadView view;
  for (std::size_t i = 1; i < head.size(); ++i) {
    const std::string moved(head, 0, i);
    ASSERT_EQ(scanner.scan(moved, {}, view).kind, Kind::incomplete) << i;
    EXPECT_TRUE(view.fields.empty() && view.method.empty());
  }
  ASSERT_EQ(scanner.scan(head, {}, view).kind, Kind::complete);
  EXPECT_EQ(view.target.data(), head.data() + 4);
  ASSERT_EQ(view.fields.size(), 2);
  EXPECT_EQ(view.fields[1].value, "1");
}

TEST(HeadScannerTest, SaysWhetherTheConnectionGoesOn) {
  const std::vector<std::pair<std::string, bool>> closes = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, ,Close\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nconnection: close\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", true},
      {"GET / HTTP/1.0\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", true},
  };
  for (const auto& [text, close] : closes) {
    HeadView view;
    ASSERT_EQ(scan(text, view).kind, Kind::complete) << text;
    EXPECT_EQ(view.wants_close, close) << text;
  }
}

TEST(HeadScannerTest, TellsAnUpgradeFromHalfOfOne) {
  const std::vector<std::pair<std::string, bool>> upgrades = {
      {"HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
       true},
      {"HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n", false},
      {"HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade:\r\n\r\n", false},
      {"HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", false},
      {"HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false},
  };
  for (const auto& [text, upgrade] : upgrades) {
    HeadView view;
    const std::string head = "GET / " + text;
    ASSERT_EQ(scan(head, view).kind, Kind::complete) << head;
    EXPECT_EQ(view.wants_upgrade, upgrade) << head;
  }
}

TEST(HeadScannerTest, ExpectsAContinueOnlyForABody) {
  const std::vector<std::pair<std::string, bool>> expectations = {
      {"HTTP/1.1\r\nContent-Length: 1\r\n", true},
      {"HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", true},
      {"HTTP/1.1\r\nContent-Length: 0\r\n", false},
      {"HTTP/1.1\r\n", false},
      {"HTTP/1.0\r\nContent-Length: 1\r\n", false},
  };
  for (const auto& [text, expects] : expectations) {
    HeadView view;
    const std::string head = "POST / " + text + "Host: a\r\nExpect: 100-Continue\r\n\r\n";
    ASSERT_EQ(scan(head, view).kind, Kind::complete) << head;
    EXPECT_EQ(view.expects_continue, expects) << head;
  }
}

TEST(HeadScannerTest, TakesAnAbsoluteTargetApart) {
  struct Row {
    std::string target, authority, resource;
  };
  const std::vector<Row> rows = {
      {"http://a.test/b?c", "a.test", "/b?c"},
      {"HTTPS://A.test:443?c", "A.test:443", "?c"},
      {"https://a.test", "a.test", ""},
      {"http://a.test:80/://", "a.test:80", "/://"},
  };
  for (const auto& [target, authority, resource] : rows) {
    HeadView view;
    const std::string head = "GET " + target + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
    const HeadResult result = scan(head, view);
    ASSERT_EQ(result.kind, Kind::complete) << target << ": " << result.reason;
    EXPECT_EQ(view.authority, authority);
    EXPECT_EQ(view.host, authority);
    EXPECT_EQ(view.resource, resource);
    EXPECT_EQ(view.target, target);
  }
}

TEST(HeadScannerTest, RefusesAtTheFirstByteThatCannotBe) {
  struct Row {
    std::string text;  // refused with its last byte, not before
    int status;
  };
  const std::vector<Row> rows = {
      {"\x16", 400},                      // a TLS hello on a plain port
      {"\r\r", 400},                      //
      {"\n", 400},                        //
      {"\r\n\r\n\r\n\r\n\r", 400},        // nothing but empty lines
      {" ", 400},                         //
      {"GET\r", 400},                     //
      {"GET  ", 400},                     //
      {"GET /\x80", 400},                 //
      {"GET /a#", 400},                   //
      {"GET /\r", 400},                   // HTTP/0.9
      {"GET / h", 400},                   //
      {"GET / HTTP/1.1 ", 400},           //
      {"PRI * HTTP/2.0", 505},            //
      {"GET / HTTP/1.1\n", 400},          //
      {"GET / HTTP/1.1\r\n ", 400},       //
      {"GET / HTTP/1.1\r\n:", 400},       //
      {"GET / HTTP/1.1\r\nHost\r", 400},  //
      {"GET / HTTP/1.1\r\nHost ", 400},   //
      {"GET / HTTP/1.1\r\nHost: a\r\n\t", 400},
      {"GET / HTTP/1.1\r\nHost: a\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\x7f", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\r", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n\rx", 400},
  };
  for (const auto& [text, status] : rows) {
    EXPECT_EQ(scan(std::string_view(text).substr(0, text.size() - 1)).kind, Kind::incomplete)
        << text;
    const HeadResult result = scan(text);
    EXPECT_EQ(result.kind, Kind::refused) << text;
    EXPECT_EQ(result.status, status) << text;
    EXPECT_NE(std::string_view(result.reason), "") << text;
  }
}

TEST(HeadScannerTest, TakesExactlyWhatTheLimitsAllow) {
  const std::string head = std::string(kStart) + "X: y\r\n\r\n";
  const HeadLimits limits{head.size(), 2, 1};
  EXPECT_EQ(scan(head, limits).kind, Kind::complete);
  EXPECT_EQ(scan("\r\n" + head, limits).kind, Kind::complete);
  EXPECT_EQ(scan(std::string(kStart) + "X: yz\r\n\r\n", limits).status, 431);
  EXPECT_EQ(scan(std::string(kStart) + "A:\r\nB:", limits).status, 431);
  EXPECT_EQ(scan("GET /a", limits).status, 414);
}

TEST(HeadScannerTest, NeverWantsMoreThanTheLimits) {
  const HeadLimits limits{200, 10, 100};
  const std::string endless(1000, 'a');
  const std::vector<std::pair<std::string, int>> rows = {
      {endless, 501},
      {"GET /" + endless, 414},
      {std::string(kStart) + endless, 431},
      {std::string(kStart) + "X: " + endless, 431},
  };
  for (const auto& [text, status] : rows) {
    const std::string_view most = std::string_view(text).substr(0, limits.bytes);
    EXPECT_EQ(scan(most, limits).status, status) << text;
  }
}

TEST(HeadScannerTest, AllowsEveryByteThatAValueMayHaveAndNoOther) {
  for (unsigned octet = 0; octet < 256; ++octet) {
    const char c = static_cast<char>(octet);
    const bool sound = c == '\t' || (octet >= 0x20 && octet != 0x7f);
    for (std::size_t place = 0; place < 20; ++place) {  // eight at a time: everywhere in them
      std::string value(20, '\xff');
      value[place] = c;
      const std::string head = std::string(kStart) + "X:" + value + "\r\n\r\n";
      EXPECT_EQ(scan(head).kind, sound ? Kind::complete : Kind::refused) << octet << " " << place;
    }
  }
}

TEST(HeadScannerTest, AllowsOnlyTokensAsNames) {
  const std::string_view marks = "!#$%&'*+-.^_`|~";
  for (unsigned octet = 0; octet < 256; ++octet) {
    const char c = static_cast<char>(octet);
    const bool token = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       marks.find(c) != std::string_view::npos;
    const std::string name = std::string("X") + c + "Y";
    const auto expected = token ? Kind::complete : Kind::refused;
    if (c != ':') {  // "X" and the value "Y: z"
      EXPECT_EQ(scan(std::string(kStart) + name + ": z\r\n\r\n").kind, expected) << octet;
    }
    EXPECT_EQ(scan(name + " / HTTP/1.1\r\nHost: a\r\n\r\n").kind,
              c == ' ' ? Kind::refused : expected)
        << octet;
  }
}

// What cpp-httplib's own tests send, and what nobody may let through.
TEST(HeadScannerTest, LenientMeansWhatCanBeReadInOneWayOnly) {
  HeadLimits lenient;
  lenient.lenient = true;
  for (const std::string head : {
           "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: ./a.sock:80\r\n\r\n",
           "GET /a#b#c HTTP/1.1\r\nHost: a.test\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a.test\r\nX: \t \v bar \x1b\x7f\t \r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n"
           "Transfer-Encoding: Chunked\r\n\r\n",
       }) {
    EXPECT_EQ(scan(head).status, 400) << head;
    EXPECT_EQ(scan(head, lenient).kind, Kind::complete) << head << scan(head, lenient).reason;
  }
  for (const std::string& rest : {
           std::string("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
           std::string(
               "Content-Length: 0\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"),
           std::string("Content-Length: 00\r\nTransfer-Encoding: chunked\r\n\r\n"),
           std::string("X: a\rb\r\n\r\n"),
           std::string("X: a\nb\r\n\r\n"),
           std::string("X: a\0b\r\n\r\n", 10),
           std::string("X : a\r\n\r\n"),
           std::string(" X: a\r\n\r\n"),
           std::string("Host: b.test\r\n\r\n"),
       }) {
    EXPECT_EQ(scan(std::string(kStart) + rest, lenient).status, 400) << rest;
  }
}

TEST(HeadScannerTest, ALenientHostIsAHostOrNone) {
  HeadLimits lenient;
  lenient.lenient = true;
  HeadView view;
  scan("GET / HTTP/1.1\r\nHost: ./a.sock:80\r\n\r\n", view, lenient);
  EXPECT_EQ(view.host, "");
  const std::string usual = std::string(kStart) + "\r\n";  // the view is one of it
  scan(usual, view, lenient);
  EXPECT_EQ(view.host, "a.test");
}

TEST(HeadScannerTest, AConnectionEndsAfterALengthBesideChunked) {
  HeadLimits lenient;
  lenient.lenient = true;
  HeadView view;
  scan(std::string(kStart) + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", view,
       lenient);
  EXPECT_TRUE(view.chunked && view.wants_close);
  EXPECT_FALSE(view.length);
}

TEST(HeadScannerTest, ALenientValueIsTrimmedOfSpacesAndTabsAlone) {
  HeadLimits lenient;
  lenient.lenient = true;
  HeadView view;
  const std::string head = std::string(kStart) + "X: \t \v bar \x1b\t \r\n\r\n";
  scan(head, view, lenient);
  ASSERT_EQ(view.fields.size(), 2);
  EXPECT_EQ(view.fields[1].value, "\v bar \x1b");
}

TEST(HeadScannerTest, ALenientTargetHasItsLimitToo) {
  HeadLimits lenient;
  lenient.lenient = true;
  lenient.target = 8;
  const std::string rest = " HTTP/1.1\r\nHost: a.test\r\n\r\n";
  EXPECT_EQ(scan("GET /#######" + rest, lenient).kind, Kind::complete);
  EXPECT_EQ(scan("GET /########" + rest, lenient).status, 414);
}

}  // namespace
}  // namespace autohttps
