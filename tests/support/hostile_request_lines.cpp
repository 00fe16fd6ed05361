#include <autohttps/tests/support/hostile_requests.h>

namespace autohttps {
namespace {

using namespace std::string_literals;

std::string with_line(const std::string& line) { return line + "\r\n" + kHostileHost + "\r\n"; }
std::string with_target(const std::string& target) {
  return with_line("GET " + target + " HTTP/1.1");
}
std::string with_version(const std::string& version) { return with_line("GET / " + version); }

}  // namespace

std::vector<HostileRequest> hostile_request_lines() {
  const std::string get = with_line("GET / HTTP/1.1");
  return {
      // RFC 9112 2.2: what may stand before the request line.
      accepted("an empty line first", "\r\n" + get),
      accepted("four empty lines first", "\r\n\r\n\r\n\r\n" + get),
      refused("five empty lines first", "\r\n\r\n\r\n\r\n\r\n" + get),
      refused("an empty line of a LF first", "\n" + get),
      refused("an empty line of a CR first", "\r" + get),
      refused("CR CR LF first", "\r\r\n" + get),
      refused("LF CR first", "\n\r" + get),
      refused("a space first", " " + get),
      refused("a line of a space first", " \r\n" + get),
      refused("a NUL first", "\0"s + get),
      refused("a byte order mark first", "\xef\xbb\xbf" + get),
      refused("the body of nobody first", "a=b" + get.substr(3)),

      // Other protocols on this port.
      refused("a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s),
      refused("an SSL 2 hello", "\x80\x2e\x01\x03\x01\x00\x15\x00\x00"s),
      refused("SSH", "SSH-2.0-OpenSSH_9.2p1\r\n"),
      refused("SMTP", "EHLO a.test\r\nMAIL FROM:<a@a.test>\r\n"),
      refused("RTSP", with_line("OPTIONS rtsp://a.test/ RTSP/1.0")),
      refused("SIP", with_line("OPTIONS sip:a@a.test SIP/2.0")),
      refused("PROXY protocol", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + get),
      refused("PROXY protocol 2", "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"s + get),
      refused("Redis", "*1\r\n$4\r\nPING\r\n"),
      refused("a status line", "HTTP/1.1 200 OK\r\n" + kHostileHost + "\r\n"),
      refused("HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),

      // RFC 9112 3: method SP request-target SP HTTP-version CRLF, and nothing more lenient.
      refused("HTTP/0.9", "GET /\r\n"),
      refused("HTTP/0.9 with a space", "GET / \r\n"),
      refused("a request line of a LF", "GET / HTTP/1.1\n" + kHostileHost + "\r\n"),
      refused("a request line of a CR", "GET / HTTP/1.1\r" + kHostileHost + "\r\n"),
      refused("a request line of CR CR LF", "GET / HTTP/1.1\r\r\n" + kHostileHost + "\r\n"),
      refused("two spaces before the target", with_line("GET  / HTTP/1.1")),
      refused("two spaces before the version", with_line("GET /  HTTP/1.1")),
      refused("a space behind the version", with_line("GET / HTTP/1.1 ")),
      refused("a tab behind the version", with_line("GET / HTTP/1.1\t")),
      refused("tabs for spaces", with_line("GET\t/\tHTTP/1.1")),
      refused("vertical tabs for spaces", with_line("GET\v/\vHTTP/1.1")),
      refused("form feeds for spaces", with_line("GET\f/\fHTTP/1.1")),
      refused("bare CRs for spaces", with_line("GET\r/\rHTTP/1.1")),
      refused("no-break spaces for spaces", with_line("GET\xa0/\xa0HTTP/1.1")),
      refused("four words", with_line("GET / HTTP/1.1 HTTP/1.1")),
      refused("a folded request line", with_line("GET /\r\n HTTP/1.1")),

      // RFC 9110 9.1: a token; RFC 9112 3: too long is 501.
      refused("no method", with_line(" / HTTP/1.1")),
      refused("a method with a parenthesis", with_line("G(T / HTTP/1.1")),
      refused("a method with a slash", with_line("GET/ / HTTP/1.1")),
      refused("a method in quotes", with_line("\"GET\" / HTTP/1.1")),
      refused("a method with a colon", with_line("GET: / HTTP/1.1")),
      refused("a method with a NUL", with_line("GET\0 / HTTP/1.1"s)),
      refused("a method with UTF-8", with_line("G\xc3\x89T / HTTP/1.1")),
      refused("a method without end", with_line(std::string(33, 'A') + " / HTTP/1.1"), 501),
      refused("CONNECT", with_line("CONNECT a.test:443 HTTP/1.1"), 501),
      refused("CONNECT with a path", with_line("CONNECT / HTTP/1.1"), 501),

      // RFC 9112 2.3: case-sensitive, one digit each.
      refused("HTTP/1.2", with_version("HTTP/1.2"), 505),
      refused("HTTP/2.0", with_version("HTTP/2.0"), 505),
      refused("HTTP/3.0", with_version("HTTP/3.0"), 505),
      refused("HTTP/0.9 that is written", with_version("HTTP/0.9"), 505),
      refused("http in lower case", with_version("http/1.1")),
      refused("Http", with_version("Http/1.1")),
      refused("HTTP/1", with_version("HTTP/1")),
      refused("HTTP/1.", with_version("HTTP/1.")),
      refused("HTTP/11", with_version("HTTP/11")),
      refused("HTTP/1,1", with_version("HTTP/1,1")),
      refused("HTTP/1.10", with_version("HTTP/1.10")),
      refused("HTTP/01.1", with_version("HTTP/01.1")),
      refused("HTTP/+1.1", with_version("HTTP/+1.1")),
      refused("HTTP/1.1.1", with_version("HTTP/1.1.1")),
      refused("HTTP /1.1", with_version("HTTP /1.1")),
      refused("HTTPS/1.1", with_version("HTTPS/1.1")),
      refused("a version with a NUL", with_version("HTTP/1.1\0"s)),

      // RFC 9112 3.2: visible ASCII, no fragment, four forms.
      refused("no target", with_line("GET HTTP/1.1")),
      refused("an empty target", with_target("")),
      refused("a target with a space", with_target("/a b")),
      refused("a target with a tab", with_target("/a\tb")),
      refused("a target with a NUL", with_target("/a\0b"s)),
      refused("a target with a CR", with_target("/a\rb")),
      refused("a target with a LF", with_target("/a\nb")),
      refused("a target with an escape", with_target("/a\x1b[31m")),
      refused("a target with DEL", with_target("/a\x7f")),
      refused("a target with UTF-8", with_target("/\xc3\xa4")),
      refused("a target with a fragment", with_target("/a#b")),
      refused("a target without a slash", with_target("index.html")),
      refused("a target that begins with a dot", with_target("../etc/passwd")),
      refused("a target that begins with a backslash", with_target("\\a")),
      refused("a target that is a query", with_target("?a")),
      refused("a target that is an authority", with_target("a.test:443")),
      refused("a target that is a host and a path", with_target("a.test/b")),
      refused("a star for GET", with_target("*")),
      refused("two stars", with_line("OPTIONS ** HTTP/1.1")),
      refused("a target too long", with_target("/" + std::string(8192, 'a')), 414),
      refused("a target without end", "GET /" + std::string(17'000, 'a'), 414),
      accepted("OPTIONS *", with_line("OPTIONS * HTTP/1.1")),
      accepted("a target with escapes", with_target("/a%0d%0aX:%20y")),
      accepted("a target with two slashes", with_target("//b.test/c")),
      accepted("a target with marks", with_target("/a?b|c\"<d>\\^`{e}")),
      accepted("a long target", with_target("/?" + std::string(2000, 'a'))),

      // RFC 9112 3.2.2: absolute-form.
      accepted("a URL", with_target("http://a.test/b?c")),
      accepted("a URL with an upper-case scheme and host", with_target("HTTPS://A.TEST/b")),
      accepted("a URL with the scheme's port", with_target("http://a.test:80/b")),
      accepted("a URL with an empty port", with_target("https://a.test:/b")),
      accepted("a URL without a path", with_target("http://a.test")),
      accepted("a URL with a query only", with_target("http://a.test?c")),
      refused("a URL of another host", with_target("http://b.test/")),
      refused("a URL of another port", with_target("http://a.test:8080/")),
      refused("a URL of the other scheme's port", with_target("http://a.test:443/")),
      refused("a URL without Host", "GET http://a.test/ HTTP/1.1\r\n\r\n"),
      refused("a URL with an odd Host", "GET http://a.test/ HTTP/1.1\r\nHost: a/b\r\n\r\n"),
      refused("a URL without a host", with_target("http:///b")),
      refused("a URL with a port only", with_target("http://:80/b")),
      refused("a URL with a user", with_target("http://b@a.test/")),
      refused("a URL with a password", with_target("http://b:c@a.test/")),
      refused("a URL with a user who looks like us", with_target("http://a.test@b.test/")),
      refused("a URL with a backslash", with_target("http://a.test\\@b.test/")),
      refused("a URL with a port too high", with_target("http://a.test:65536/")),
      refused("a URL with a port of letters", with_target("http://a.test:x/")),
      refused("a URL with half an address", with_target("http://[::1/")),
      refused("a URL with one slash", with_target("http:/a.test/")),
      refused("a URL without slashes", with_target("http:a.test")),
      refused("a URL of ftp", with_target("ftp://a.test/")),
      refused("a URL of file", with_target("file:///etc/passwd")),
      refused("a URL of gopher", with_target("gopher://a.test/")),
  };
}

}  // namespace autohttps
