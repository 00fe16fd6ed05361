#include <autohttps/server/engine/request_head.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

TEST(RequestHeadTest, KeepsWhatCameByteForByte) {
  const auto head = parse_request_head(
      "POST /a%2fb?c=%20 HTTP/1.1\r\nHost: a.test\r\nCookie: x=%0d%0a; \"y\"\r\nX-Empty:\r\n"
      "x-twice: 1\r\nX-Twice: \t2 \r\nContent-Length: 5\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->target, "/a%2fb?c=%20");
  EXPECT_EQ(head->version, "HTTP/1.1");
  ASSERT_EQ(head->fields.size(), 6);
  EXPECT_EQ(first_field(head->fields, "cookie"), "x=%0d%0a; \"y\"");
  EXPECT_EQ(first_field(head->fields, "X-EMPTY"), "");
  EXPECT_EQ(count_fields(head->fields, "X-TWICE"), 2);
  EXPECT_EQ(head->fields[4].second, "2");
}

TEST(RequestHeadTest, RefusesWhatCouldBeReadInTwoWays) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a.test\r\n";
  const std::string host = "\r\nHost: a.test\r\n\r\n";
  const std::vector<std::string> bad = {
      "",
      "\r\n",
      start,                                     // no end
      "GET / HTTP/1.1\r\n\r\n",                  // no Host
      "GET / HTTP/1.1\nHost: a.test\n\n",        // bare LF
      "\r\n" + start + "\r\n",                   // something before it
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
      start + "\r\nrest",
  };
  for (const std::string& raw : bad) EXPECT_FALSE(parse_request_head(raw)) << raw;
}

TEST(RequestHeadTest, ListsAreJoinedOverFields) {
  const HeaderFields fields = {
      {"Connection", "Keep-Alive, , X-One;q=1"}, {"Other", "no"}, {"connection", "x-two"}};
  EXPECT_EQ(list_members(fields, "Connection"),
            (std::vector<std::string>{"keep-alive", "x-one", "x-two"}));
}

}  // namespace
}  // namespace autohttps
