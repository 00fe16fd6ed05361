#include <autohttps/tests/support/hostile_requests.h>

namespace autohttps {
namespace {

using namespace std::string_literals;

// A field, or what takes its place.
std::string with(const std::string& field) {
  return "GET / HTTP/1.1\r\n" + kHostileHost + field + "\r\n\r\n";
}

std::string with_host(const std::string& host) {
  return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

std::string with_expect(const std::string& expect) {
  return "POST / HTTP/1.1\r\n" + kHostileHost + "Content-Length: 1\r\nExpect: " + expect +
         "\r\n\r\na";
}

std::string with_fields(std::size_t count) {
  std::string head = "GET / HTTP/1.1\r\n" + kHostileHost;
  for (std::size_t i = 1; i < count; ++i) head += "X: y\r\n";
  return head + "\r\n";
}

// RFC 9110 7.2, RFC 9112 3.2 (F50).
std::vector<HostileRequest> hosts() {
  return {
      refused("no Host", "GET / HTTP/1.1\r\n\r\n"),
      refused("no Host but another field", "GET / HTTP/1.1\r\nX-Host: a.test\r\n\r\n"),
      refused("Host twice", with(kHostileHost + "X: y")),
      refused("Host twice, differing", with("Host: b.test")),
      refused("Host twice, in another case", with("hOST: b.test")),
      refused("Host twice in HTTP/1.0",
              "GET / HTTP/1.0\r\n" + kHostileHost + kHostileHost + "\r\n"),
      refused("an empty Host", with_host("")),
      refused("a Host of white space", with_host(" \t ")),
      refused("an odd Host in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a/b\r\n\r\n"),
      refused("two hosts in a Host", with_host("a.test, b.test")),
      refused("two hosts in a Host, no space", with_host("a.test,b.test")),
      refused("two hosts and a space", with_host("a.test b.test")),
      refused("a Host with a user", with_host("b@a.test")),
      refused("a Host with a user who looks like us", with_host("a.test:80@b.test")),
      refused("a Host with a path", with_host("a.test/b")),
      refused("a Host with a query", with_host("a.test?b")),
      refused("a Host with a fragment", with_host("a.test#b")),
      refused("a Host with a scheme", with_host("http://a.test")),
      refused("a Host with a backslash", with_host("a.test\\b")),
      refused("a Host with a quote", with_host("a.test\"")),
      refused("a Host with a tag", with_host("<script>")),
      refused("a Host with a template", with_host("${a}")),
      refused("a Host with an escape", with_host("a.test%0d%0aX:y")),
      refused("a Host with UTF-8", with_host("\xc3\xa4.test")),
      refused("a Host with a NUL", with_host("a.test\0"s)),
      refused("a Host too long", with_host(std::string(256, 'a'))),
      refused("a Host with a port too high", with_host("a.test:65536")),
      refused("a Host with a port without end", with_host("a.test:" + std::string(40, '1'))),
      refused("a Host with a negative port", with_host("a.test:-1")),
      refused("a Host with a port of letters", with_host("a.test:http")),
      refused("a Host with two ports", with_host("a.test:80:80")),
      refused("a Host with a port only", with_host(":80")),
      refused("a Host that is IPv6 without brackets", with_host("2001:db8::1")),
      refused("a Host with an open bracket", with_host("[::1")),
      refused("a Host with more behind a bracket", with_host("[::1]b")),
      refused("a Host with empty brackets", with_host("[]")),
      refused("a Host that is no IPv6 in brackets", with_host("[::g]")),
      refused("a Host that is IPv6 with a zone", with_host("[fe80::1%25eth0]")),
      refused("a Host of the IP version to come", with_host("[v7.a]")),
      accepted("a Host with a port", with_host("a.test:8443")),
      accepted("a Host with white space around it", with_host(" \ta.test\t ")),
      accepted("a Host that is IPv6", with_host("[2001:db8::1]:443")),
      accepted("a Host that is IPv4", with_host("192.0.2.1")),
      accepted("a Host with a dot behind it", with_host("a.test.")),
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n" + kNextRequest, {200}, true},
  };
}

// RFC 9112 5, RFC 9110 5.
std::vector<HostileRequest> syntax() {
  return {
      refused("a space before a colon", with("X : y")),
      refused("a tab before a colon", with("X\t: y")),
      refused("a space before the first field", "GET / HTTP/1.1\r\n " + kHostileHost + "\r\n"),
      refused("a space before Host's colon", "GET / HTTP/1.1\r\nHost : a.test\r\n\r\n"),
      refused("a line of a space behind the request line",
              "GET / HTTP/1.1\r\n \r\n" + kHostileHost + "\r\n"),
      refused("a folded field", with("X: y\r\n z")),
      refused("a field folded by a tab", with("X: y\r\n\tz")),
      refused("a field folded by white space alone", with("X: y\r\n ")),
      refused("a folded name", with("X\r\n : y")),
      refused("a field without a colon", with("X")),
      refused("a field without a name", with(": y")),
      refused("a name with a space", with("X Y: z")),
      refused("a name with a NUL", with("X\0Y: z"s)),
      refused("a name with a CR", with("X\rY: z")),
      refused("a name with a parenthesis", with("X(Y): z")),
      refused("a name with a slash", with("X/Y: z")),
      refused("a name with an at", with("X@Y: z")),
      refused("a name with a bracket", with("X[Y]: z")),
      refused("a name with a brace", with("X{Y}: z")),
      refused("a name with a comma", with("X,Y: z")),
      refused("a name with a semicolon", with("X;Y: z")),
      refused("a name in quotes", with("\"X\": y")),
      refused("a name with UTF-8", with("X\xc3\xa4: y")),
      refused("a value with a NUL", with("X: y\0z"s)),
      refused("a value with a bell", with("X: y\az")),
      refused("a value with a vertical tab", with("X: y\vz")),
      refused("a value with a form feed", with("X: y\fz")),
      refused("a value with an escape", with("X: y\x1b[31m")),
      refused("a value with DEL", with("X: y\x7fz")),
      refused("a value with a bare CR", with("X: y\rZ: z")),
      refused("a value with a bare LF", with("X: y\nZ: z")),
      refused("a value that ends with CR CR LF", with("X: y\r")),
      refused("a value that ends with LF CR", with("X: y\n\rZ: z")),
      refused("a head of LFs", "GET / HTTP/1.1\r\nHost: a.test\n\n"),
      refused("a head that ends with CR LF LF", "GET / HTTP/1.1\r\nHost: a.test\r\n\n"),
      refused("a head that ends with a CR", "GET / HTTP/1.1\r\nHost: a.test\r\n\r"),
      accepted("a value with UTF-8", with("X: \xc3\xa4")),
      accepted("a value with tabs", with("X:\ty\tz\t")),
      accepted("a value that is empty", with("X:")),
      accepted("a value of white space", with("X: \t ")),
      accepted("a value with colons", with("X: y: z")),
      accepted("a name of marks", with("!#$%&'*+-.^_`|~: y")),
      accepted("a field twice", with("Cookie: a=b\r\ncookie: c=d")),
  };
}

// RFC 9110 10.1.1; 7.6.1, 7.8; SERVER's limits; and what is sound here and not for cpp-httplib.
std::vector<HostileRequest> others() {
  const std::string close = with("Connection: close");
  return {
      refused("another expectation", with_expect("200-ok"), 417),
      refused("an expectation and another", with_expect("100-continue, 200-ok"), 417),
      refused("an expectation twice", with_expect("100-continue\r\nExpect: 100-continue"), 417),
      refused("an expectation with a parameter", with_expect("100-continue;a=b"), 417),
      refused("an empty expectation", with_expect(""), 417),
      accepted("an expectation that need not wait", with_expect("100-Continue"), "a"),
      accepted("an expectation without a body", with("Expect: 100-continue")),

      accepted("a hundred fields", with_fields(100)),
      refused("a hundred and one fields", with_fields(101), 431),  // CVE-2025-52887
      refused("a thousand fields", with_fields(1000), 431),
      refused("a name without end", "GET / HTTP/1.1\r\n" + std::string(17'000, 'X'), 431),
      refused("a value without end", "GET / HTTP/1.1\r\nX: " + std::string(17'000, 'y'), 431),
      refused("a head too large by a little",
              with("A: " + std::string(8000, 'a') + "\r\nB: " + std::string(8400, 'b')), 431),
      accepted("a large head",
               with("A: " + std::string(8000, 'a') + "\r\nB: " + std::string(8000, 'b'))),

      {"nothing behind a close", close + kNextRequest, {200}, true},
      {"nothing behind a close in a list",
       with("Connection: x, ,CLOSE") + kNextRequest,
       {200},
       true},
      {"no refusal behind a close", close + "\x16\x03", {200}, true},
      {"nothing behind HTTP/1.0",
       "GET / HTTP/1.0\r\n" + kHostileHost + "\r\n" + kNextRequest,
       {200},
       true},
      accepted("HTTP/1.0 that stays",
               "GET / HTTP/1.0\r\n" + kHostileHost + "Connection: Keep-Alive\r\n\r\n"),
      accepted("a connection option that is our framing", with("Connection: Content-Length, Host")),
      accepted("an upgrade to HTTP/2",
               with("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA")),
      accepted("an upgrade to TLS", with("Connection: Upgrade\r\nUpgrade: TLS/1.2")),

      accepted("an address of its own", with("REMOTE_ADDR: 127.0.0.1")),           // CVE-2025-66570
      accepted("an escaped CRLF", with("X: %0d%0aSet-Cookie: a=b")),               // CVE-2026-45372
      accepted("an escaped CRLF in UCS-2", with("X: %u000d%u000aSet-Cookie: a")),  //
      accepted("a thousand ranges", with("Range: bytes=0-" +
                                         [] {
                                           std::string ranges;
                                           for (int i = 0; i < 999; ++i) ranges += ",0-";
                                           return ranges;
                                         }())),
      {"a sound request and one that is not", kNextRequest + with("X : y"), {200, 400}, true},
      {"two sound requests and a TLS hello",
       kNextRequest + kNextRequest + "\x16\x03\x01",
       {200, 200, 400},
       true},
  };
}

}  // namespace

std::vector<HostileRequest> hostile_fields() {
  std::vector<HostileRequest> all = hosts();
  for (HostileRequest& row : syntax()) all.push_back(std::move(row));
  for (HostileRequest& row : others()) all.push_back(std::move(row));
  return all;
}

}  // namespace autohttps
