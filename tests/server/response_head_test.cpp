#include <autohttps/server/sites/response_head.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

using Kind = ResponseScanner::Result::Kind;

ResponseScanner::Result scan(std::string_view text, ResponseView& view) {
  return ResponseScanner().scan(text, view);
}

TEST(ResponseHeadTest, IsReadAsItStands) {
  ResponseView view;
  const std::string text =
      "HTTP/1.1 200 All right\r\nDate: now\r\nX-Empty:\r\nX:\t a b \t\r\nContent-Length: 12\r\n"
      "Keep-Alive: timeout=5, max=3\r\n\r\nbody";
  const auto result = scan(text, view);
  ASSERT_EQ(result.kind, Kind::complete) << result.reason;
  EXPECT_EQ(result.consumed, text.size() - 4);
  EXPECT_EQ(view.status, 200);
  ASSERT_EQ(view.fields.size(), 5U);
  EXPECT_EQ(view.fields[1].value, "");
  EXPECT_EQ(view.fields[2].value, "a b");
  EXPECT_EQ(view.length, 12U);
  EXPECT_FALSE(view.chunked);
  EXPECT_TRUE(view.keeps_open);
  EXPECT_EQ(view.idle_seconds, 5U);
}

TEST(ResponseHeadTest, DoesNotDependOnHowItWasCutUp) {
  const std::string text = "HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n";
  ResponseScanner scanner;
  ResponseView view;
  for (std::size_t size = 0; size < text.size(); ++size) {
    ASSERT_EQ(scanner.scan(text.substr(0, size), view).kind, Kind::incomplete) << size;
  }
  EXPECT_EQ(scanner.scan(text, view).kind, Kind::complete);
  EXPECT_EQ(view.status, 204);
}

TEST(ResponseHeadTest, SaysWhatFramesTheBodyAndWhetherAnotherRequestMayFollow) {
  struct Case {
    const char* head;
    bool chunked, keeps_open, until_end;
  };
  for (const Case& each :
       {Case{"HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n", true, true, false},
        Case{"HTTP/1.1 200 \r\n\r\n", false, true, true},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", false, true,
             false},
        Case{"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n", false, false,
             false},
        Case{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false, false, false},
        Case{"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", false, true,
             false}}) {
    ResponseView view;
    ASSERT_EQ(scan(each.head, view).kind, Kind::complete) << each.head;
    EXPECT_EQ(view.chunked, each.chunked) << each.head;
    EXPECT_EQ(view.keeps_open, each.keeps_open) << each.head;
    EXPECT_EQ(ends_with_connection(view), each.until_end) << each.head;
  }
}

TEST(ResponseHeadTest, RefusesWhatCanBeReadInTwoWaysOrIsNoHttp) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const std::string& bad : {
           std::string("SSH-2.0-OpenSSH_9.2"),
           std::string("\0", 1),
           std::string("\r\nHTTP/1.1 200 OK\r\n\r\n"),
           std::string("HTTP/2 200\r\n\r\n"),
           std::string("HTTP/1.2 200 OK\r\n\r\n"),
           std::string("HTTP/1.1  200 OK\r\n\r\n"),
           std::string("HTTP/1.1 20 OK\r\n\r\n"),
           std::string("HTTP/1.1 2000 OK\r\n\r\n"),
           std::string("HTTP/1.1 099 OK\r\n\r\n"),
           std::string("HTTP/1.1 600 OK\r\n\r\n"),
           std::string("HTTP/1.1 +20 OK\r\n\r\n"),
           std::string("HTTP/1.1 200OK\r\n\r\n"),
           std::string("HTTP/1.1 200 O\rK\r\n\r\n"),
           std::string("HTTP/1.1 200 O\nK\r\n\r\n"),
           std::string("http/1.1 200 OK\r\n\r\n"),
           // At once: its end, for who sends such a head, is one we would wait for.
           std::string("HTTP/1.1 200 OK\nX: a\n\n"),
           ok + "X: a\n\n",
           ok + "\n",
           ok + "Name : x\r\n\r\n",
           ok + "no colon\r\n\r\n",
           ok + ": x\r\n\r\n",
           ok + "X: a\r\n b\r\n\r\n",
           ok + "\tX: a\r\n\r\n",
           ok + "X: a\rb\r\n\r\n",
           ok + "X: a\nSet-Cookie: b\r\n\r\n",
           ok + "X: a" + std::string("\0", 1) + "\r\n\r\n",
           ok + "X\x80: a\r\n\r\n",
           ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
           ok + "Content-Length: 1, 1\r\n\r\n",
           ok + "Content-Length: -1\r\n\r\n",
           ok + "Content-Length: +1\r\n\r\n",
           ok + "Content-Length: 0x1\r\n\r\n",
           ok + "Content-Length:\r\n\r\n",
           ok + "Content-Length: 9223372036854775808\r\n\r\n",
           ok + "Content-Length: 18446744073709551617\r\n\r\n",
           ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           ok + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
           ok + "Transfer-Encoding: gzip, chunked\r\n\r\n",
           ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
           ok + "Transfer-Encoding: identity\r\n\r\n",
           ok + "Transfer-Encoding: xchunked\r\n\r\n",
           ok + "Transfer-Encoding:\r\n\r\n",
           std::string("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
       }) {
    ResponseView view;
    const auto result = scan(bad, view);
    EXPECT_EQ(result.kind, Kind::refused) << testing::PrintToString(bad);
    EXPECT_STRNE(result.reason, "");
  }
}

TEST(ResponseHeadTest, BoundsBytesAndFields) {
  ResponseView view;
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string large = ok + "X: " + std::string(ResponseScanner::kMostBytes, 'a');
  EXPECT_EQ(scan(large, view).kind, Kind::refused);
  EXPECT_EQ(scan(large + "\r\n\r\n", view).kind, Kind::refused);
  std::string fields;
  for (std::size_t i = 0; i < ResponseScanner::kMostFields; ++i) fields += "X: y\r\n";
  EXPECT_EQ(scan(ok + fields + "\r\n", view).kind, Kind::complete);
  EXPECT_EQ(scan(ok + fields + "X: y\r\n\r\n", view).kind, Kind::refused);
}

}  // namespace
}  // namespace autohttps
