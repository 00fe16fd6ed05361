#include <autohttps/tests/support/hostile_requests.h>

namespace autohttps {
namespace {

using namespace std::string_literals;

std::string chunked(const std::string& body) {
  return "POST / HTTP/1.1\r\n" + kHostileHost + "Transfer-Encoding: chunked\r\n\r\n" + body;
}

// A size line, with what a size of 5 needs behind it.
std::string with_size(const std::string& line) { return chunked(line + "\r\nhello\r\n0\r\n\r\n"); }

std::string with_trailer(const std::string& trailer) {
  return chunked("5\r\nhello\r\n0\r\n" + trailer + "\r\n\r\n");
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// RFC 9112 7.1, 7.1.1.
std::vector<HostileRequest> sizes() {
  return {
      accepted("a chunk", with_size("5"), "hello"),
      accepted("two chunks", chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), "hello"),
      accepted("no chunk", chunked("0\r\n\r\n"), ""),
      accepted("a last chunk of zeros", chunked("5\r\nhello\r\n0000\r\n\r\n"), "hello"),
      accepted("a size with zeros before it", with_size("0000000000000005"), "hello"),
      accepted("a size in upper case", chunked("A\r\n0123456789\r\n0\r\n\r\n"), "0123456789"),
      accepted("a size in lower case", chunked("a\r\n0123456789\r\n0\r\n\r\n"), "0123456789"),
      accepted("a chunk that is a request", chunked("24\r\n" + kNextRequest + "\r\n0\r\n\r\n"),
               kNextRequest),
      accepted("a chunk that looks like the last", chunked("5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
               "0\r\n\r\n"),
      refused("no size", with_size("")),
      refused("a negative size", with_size("-2")),  // CVE-2026-45352
      refused("a size of minus nothing", chunked("-0\r\n\r\n")),
      refused("a size with a plus", with_size("+5")),
      refused("a size behind a space", with_size(" 5")),
      refused("a size behind a tab", with_size("\t5")),
      refused("a size before a space", with_size("5 ")),
      refused("a size before a tab", with_size("5\t")),
      refused("a last size before a space", chunked("5\r\nhello\r\n0 \r\n\r\n")),
      refused("a size with 0x", with_size("0x5")),
      refused("a size with h", with_size("5h")),
      refused("a size with an underscore", with_size("0_5")),
      refused("a size in quotes", with_size("\"5\"")),
      refused("a size with a NUL", with_size("5\0"s)),
      refused("a size behind a vertical tab", with_size("\v5")),
      refused("a size in other digits", with_size("\xd9\xa5")),
      refused("a size of 17 digits", with_size("00000000000000005")),
      refused("a size of 2^63", with_size("8000000000000000")),
      refused("a size of 2^64 - 1", with_size("ffffffffffffffff")),
      refused("a size of 2^64 and 5", with_size("10000000000000005")),
      refused("a size without end", chunked(std::string(5000, '0'))),
      refused("a size line of a LF", chunked("5\nhello\r\n0\r\n\r\n")),
      refused("a size line of a CR", chunked("5\rhello\r\n0\r\n\r\n")),
      refused("a size line of CR CR LF", chunked("5\r\r\nhello\r\n0\r\n\r\n")),
      refused("an empty line before a size", chunked("\r\n5\r\nhello\r\n0\r\n\r\n")),
      refused("a chunk shorter than its size", chunked("6\r\nhello\r\n0\r\n\r\n")),
      refused("a chunk longer than its size", chunked("4\r\nhello\r\n0\r\n\r\n")),
      refused("a chunk that ends with a LF", chunked("5\r\nhello\n0\r\n\r\n")),
      refused("a chunk that ends with a CR", chunked("5\r\nhello\r0\r\n\r\n")),
      refused("a chunk that does not end", chunked("5\r\nhello0\r\n\r\n")),
      refused("a chunk that ends with two bytes of no meaning", chunked("5\r\nhelloXX0\r\n\r\n")),
      {"a good chunk and a bad one behind a request",
       kNextRequest + chunked("5\r\nhello\r\nx\r\n") + kNextRequest,
       {200, 400},
       true},
  };
}

// RFC 9112 7.1.1: *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
std::vector<HostileRequest> extensions() {
  return {
      accepted("an extension", with_size("5;a"), "hello"),
      accepted("an extension with a value", with_size("5;a=b;c=d"), "hello"),
      accepted("an extension with white space before it", with_size("5; a= b"), "hello"),
      accepted("an extension in quotes", with_size("5;a=\"b c;d=e\""), "hello"),
      accepted("an extension with an escape in quotes", with_size("5;a=\"b\\\"c\""), "hello"),
      accepted("an extension of the last chunk", chunked("5\r\nhello\r\n0;a=b\r\n\r\n"), "hello"),
      refused("an extension without a name", with_size("5;")),
      refused("an extension with a value without a name", with_size("5;=b")),
      refused("an extension without its value", with_size("5;a=")),
      refused("an extension of two semicolons", with_size("5;;a")),
      refused("an extension behind a space", with_size("5 ;a")),
      refused("an extension before a space", with_size("5;a ")),
      refused("an extension with a bare LF", with_size("5;a\nb")),  // two readers, two bodies
      refused("an extension that ends with a LF", chunked("5;a\nhello\r\n0\r\n\r\n")),
      refused("an extension with a bare CR", with_size("5;a\rb")),
      refused("an extension with a NUL", with_size("5;a\0b"s)),
      refused("an extension with an escape byte", with_size("5;a=\"\x1b\"")),
      refused("an extension with open quotes", with_size("5;a=\"b")),
      refused("an extension with a CRLF in quotes", with_size("5;a=\"b\r\nc\"")),
      refused("an extension with an escaped CRLF", with_size("5;a=\"b\\\r\nc\"")),
      refused("an extension with more behind its quotes", with_size("5;a=\"b\"c")),
      refused("an extension with a quote in its name", with_size("5;a\"b\"")),
      refused("an extension with UTF-8", with_size("5;\xc3\xa4")),
      refused("an extension without end", chunked("5;" + std::string(17'000, 'a'))),
      refused("extensions of every byte", chunked(repeated("1;aaaaaaaaaaaaaaaa\r\na\r\n", 2000))),
  };
}

// RFC 9112 7.1.2: dropped, but no place to hide something in.
std::vector<HostileRequest> trailers() {
  return {
      accepted("a trailer", with_trailer("X: y"), "hello"),
      accepted("two trailers", with_trailer("X: y\r\nZ:\t\xc3\xa4"), "hello"),
      accepted("a trailer that is a length", with_trailer("Content-Length: 100"), "hello"),
      accepted("a trailer that is a coding", with_trailer("Transfer-Encoding: chunked"), "hello"),
      accepted("a trailer that is a Host", with_trailer("Host: b.test"), "hello"),
      accepted("a trailer that is an address", with_trailer("REMOTE_ADDR: 127.0.0.1"), "hello"),
      accepted("32 trailers", with_trailer(repeated("X: y\r\n", 31) + "X: y"), "hello"),
      refused("33 trailers", with_trailer(repeated("X: y\r\n", 32) + "X: y")),
      refused("trailers too large", with_trailer("X: " + std::string(9000, 'y'))),
      refused("a trailer without end", chunked("0\r\nX" + std::string(17'000, 'y'))),
      refused("a trailer without a colon", with_trailer("X")),
      refused("a trailer without a name", with_trailer(": y")),
      refused("a trailer with a space before the colon", with_trailer("X : y")),
      refused("a trailer that is folded", with_trailer("X: y\r\n z")),
      refused("a trailer behind a space", with_trailer(" X: y")),
      refused("a trailer with a NUL", with_trailer("X: \0"s)),
      refused("a trailer with a bare CR", with_trailer("X: y\rZ: z")),
      refused("a trailer with a bare LF", with_trailer("X: y\nZ: z")),
      refused("a trailer with UTF-8 in its name", with_trailer("\xc3\xa4: y")),
      refused("a request in place of the end", chunked("5\r\nhello\r\n0\r\n")),
      refused("a body that ends with LFs", chunked("5\r\nhello\r\n0\n\n")),
      refused("a body that ends with CR LF LF", chunked("5\r\nhello\r\n0\r\n\n")),
      refused("a body that ends with a CR", chunked("5\r\nhello\r\n0\r\n\r")),
  };
}

}  // namespace

std::vector<HostileRequest> hostile_chunks() {
  std::vector<HostileRequest> all = sizes();
  for (HostileRequest& row : extensions()) all.push_back(std::move(row));
  for (HostileRequest& row : trailers()) all.push_back(std::move(row));
  return all;
}

}  // namespace autohttps
