#include <autohttps/server/httplib/handed_head.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/tests/support/hostile_requests.h>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

constexpr std::string_view kStart = "GET / HTTP/1.1\r\nHost: a.test\r\n";

// "as it is", or the head that is handed.
std::string handed(const std::string& head, HandedExpect expect = HandedExpect::dropped) {
  HeadView view;
  const HeadResult result = HeadScanner().scan(head, {}, view);
  if (result.kind != HeadResult::Kind::complete) return std::string("refused: ") + result.reason;
  std::string text;
  append_handed_head(text, view, expect);
  if (!can_be_handed_as_it_is(view, expect)) return text;
  EXPECT_EQ(text, head) << "written anew although it need not be";
  return "as it is";
}

std::string with(const std::string& fields) {
  return std::string(kStart).append(fields).append("\r\n");
}

TEST(HandedHeadTest, LeavesMostHeadsAlone) {
  const std::vector<std::string> heads = {
      std::string(kStart) + "\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n",
      "GET /a%0d%0ab?%00 HTTP/1.0\r\n\r\n",
      with("Cookie: a=%20%41%c3%a4%09; b=100%\r\nX-Remote: %0\r\nY: %u000\r\n"),
      with("X-REMOTE_ADDR: 1\r\nREMOTE-ADDR: 1\r\nREMOTE_ADDRESS: 1\r\n"),
      with("Range: bytes=0-1,2-3,-4\r\n"),
  };
  for (const std::string& head : heads) EXPECT_EQ(handed(head), "as it is") << head;
}

// CVE-2025-66570.
TEST(HandedHeadTest, DropsAddressesThatTheClientMadeUp) {
  EXPECT_EQ(handed(with("REMOTE_ADDR: 127.0.0.1\r\nX: y\r\nRemote_Port: 1\r\nlocal_addr: 1\r\n"
                        "LOCAL_PORT: 1\r\nremote_addr: 2\r\n")),
            with("X: y\r\n"));
}

// CVE-2026-45372.
TEST(HandedHeadTest, KeepsEscapesFromBecomingControlBytes) {
  const std::vector<std::pair<std::string, std::string>> values = {
      {"a%0d%0aX: b", "a%250d%250aX: b"},
      {"%0D%0A", "%250D%250A"},
      {"%00", "%2500"},
      {"%1b[31m%7f%7F", "%251b[31m%257f%257F"},
      {"%u000d%u000A%u0000%u007f", "%25u000d%25u000A%25u0000%25u007f"},
      {"%%0d%", "%%250d%"},
      {"%25%0d%250d", "%25%250d%250d"},
      {"%u00%0d", "%u00%250d"},
      {"%20%0d%41", "%20%250d%41"},
  };
  for (const auto& [value, kept] : values) {
    EXPECT_EQ(handed(with("X: " + value + "\r\n")), with("X: " + kept + "\r\n"));
  }
}

TEST(HandedHeadTest, MakesPathAndHostOfAUrl) {
  struct Row {
    std::string line, fields, handed;
  };
  const std::vector<Row> rows = {
      {"GET http://a.test/b?c HTTP/1.1", "X: y\r\nHost: A.TEST:80\r\n",
       "GET /b?c HTTP/1.1\r\nHost: a.test\r\nX: y\r\n\r\n"},
      {"GET https://a.test:8443 HTTP/1.1", "Host: a.test:8443\r\n",
       "GET / HTTP/1.1\r\nHost: a.test:8443\r\n\r\n"},
      {"GET http://a.test?c HTTP/1.1", "Host: a.test\r\n",
       "GET /?c HTTP/1.1\r\nHost: a.test\r\n\r\n"},
      {"OPTIONS http://a.test HTTP/1.1", "Host: a.test\r\n",
       "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n"},
      {"GET http://[::1]/ HTTP/1.0", "", "GET / HTTP/1.0\r\nHost: [::1]\r\n\r\n"},
  };
  for (const auto& [line, fields, expected] : rows) {
    EXPECT_EQ(handed(line + "\r\n" + fields + "\r\n"), expected) << line;
  }
}

TEST(HandedHeadTest, DropsTheExpectationUnlessAHandlerAnswersIt) {
  const std::string head = with("Content-Length: 1\r\nexpect: 100-continue\r\n");
  EXPECT_EQ(handed(head), with("Content-Length: 1\r\n"));
  EXPECT_EQ(handed(head, HandedExpect::kept), "as it is");
}

TEST(HandedHeadTest, DropsALengthThatIsNotWhatFramesTheBody) {
  const std::string head = with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n");
  HeadLimits lenient;
  lenient.lenient = true;
  HeadView view;
  ASSERT_EQ(HeadScanner().scan(head, lenient, view).kind, HeadResult::Kind::complete);
  EXPECT_FALSE(can_be_handed_as_it_is(view));
  std::string text;
  append_handed_head(text, view);
  EXPECT_EQ(text, with("Transfer-Encoding: chunked\r\n"));
}

TEST(HandedHeadTest, DropsARangeOfVeryManyParts) {
  std::string range = "Range: bytes=0-";
  for (int i = 0; i < 15; ++i) range += ",0-";
  EXPECT_EQ(handed(with(range + "\r\n")), "as it is");
  EXPECT_EQ(handed(with(range + ",0-\r\nX: y\r\n")), with("X: y\r\n"));
}

TEST(HandedHeadTest, WritesFieldsInTheirOrderWithOneSpace) {
  EXPECT_EQ(handed(with("REMOTE_ADDR:\r\nB:\t1 \r\na:2\r\nEmpty:\r\nb: 3\r\n")),
            with("B: 1\r\na: 2\r\nEmpty: \r\nb: 3\r\n"));
}

TEST(HandedHeadTest, IsItselfARequestThatNeedsNoChange) {
  for (const HostileRequest& row : hostile_requests()) {
    HeadView view;
    if (HeadScanner().scan(row.raw, {}, view).kind != HeadResult::Kind::complete) continue;
    std::string text;
    append_handed_head(text, view);
    HeadView again;
    const HeadResult result = HeadScanner().scan(text, {}, again);
    ASSERT_EQ(result.kind, HeadResult::Kind::complete) << row.name << ": " << result.reason;
    EXPECT_EQ(result.consumed, text.size()) << row.name;
    EXPECT_TRUE(can_be_handed_as_it_is(again)) << row.name;
    EXPECT_EQ(again.length, view.length) << row.name;
    EXPECT_EQ(again.chunked, view.chunked) << row.name;
    EXPECT_TRUE(equals_ignoring_case(again.host, view.host)) << row.name;
  }
}

}  // namespace
}  // namespace autohttps
