// Requests for files that are sent to our server, Debian's nginx and Debian's Caddy, and where
// their answers may differ from ours, with the reason.
#pragma once

#include <vector>

namespace autohttps {

// The first line without version is one of HTTP/1.1; "Host: a.test" and the empty line are added. A
// line without a colon in it is left as it is. {tag} is the ETag that the asked server gave
// /page.txt, {gzip-tag} that of /app.js for "gzip".
struct WebRequest {
  const char* request;
  const char* nginx = "";  // why nginx answers otherwise; empty: it does not
  const char* caddy = "";
};

// Begins the reason where Debian 12's version answers otherwise, and Debian 13's as we do:
// nginx 1.26, and Caddy 2.6 with a newer Go.
inline constexpr const char* kInSome = "in some versions ";  // and the status of those
// Reasons that hold for several.
inline constexpr const char* kDots =
    "RFC 3986 6.2.2.3: clients take dot segments out; who sends them wants two readers to see two "
    "paths";
inline constexpr const char* kSlash = "RFC 3986 2.2: %2F is data and not the delimiter";
inline constexpr const char* kAscii =
    "RFC 9112 3.2, RFC 3986 2: a target is ASCII, others SHOULD be answered 400";
inline constexpr const char* kLinks = "a link that leads out of the root shows nothing";
inline constexpr const char* kFragment = "RFC 9112 3.2: no target has a fragment";
inline constexpr const char* kAllow = "RFC 9110 15.5.6: a 405 MUST have Allow";
inline constexpr const char* kOptions = "RFC 9110 9.3.7: what may be done with it is told";
inline constexpr const char* kMethods =
    "RFC 9110 9.1: a method means what it says; these do nothing with a file";
inline constexpr const char* kOnly304 =
    "RFC 9110 15.4.5: a 304 with an ETag SHOULD NOT have Last-Modified";
inline constexpr const char* kTagsFirst =
    "RFC 9110 13.2.2: a date is looked at only where there is no tag";
inline constexpr const char* kLists = "RFC 9110 5.3: lines of a list are one list";
inline constexpr const char* kOnlyGet = "RFC 9110 14.2: Range MUST be ignored for all but GET";
inline constexpr const char* kUnits = "RFC 9110 14.2: an unknown unit MUST be ignored";
inline constexpr const char* kInvalid = "RFC 9110 15.5.17: a 416 SHOULD tell the length";
inline constexpr const char* kOverlap = "RFC 9110 15.3.7.2: what overlaps MAY be one part";
inline constexpr const char* kOneRange =
    "RFC 9110 5.3, 14.2: Range is no list of lines; two are invalid, and MAY be ignored";
inline constexpr const char* kVersions =
    "RFC 9110 15.6.6: a server may refuse a version; nobody sends this one but to see who takes it";
inline constexpr const char* kVary =
    "RFC 9110 12.5.5: Vary, also where this client gets what has no coding";
inline constexpr const char* kCodings = "it has no such siblings; RFC 9110 12.5.3";
inline constexpr const char* kStale = "a sibling that is older is of another version";
inline constexpr const char* kWorth =
    "pictures are compressed already; RFC 9110 12.1 lets us choose";
inline constexpr const char* kUnsaid = "RFC 9112 9.3: it closes as well, without saying so";

inline const std::vector<WebRequest>& web_requests() {
  static const std::vector<WebRequest> kRequests = {
      // ---- files and folders
      {"GET /"},
      {"GET /page.txt"},
      {"GET /page.txt?query=1"},
      {"GET /?query"},
      {"GET /index.html"},
      {"GET /docs/"},
      {"GET /docs/index.html"},
      {"GET /docs"},
      {"GET /docs?a=b&c", "", "the query is kept: it belongs to the page behind the redirect, too"},
      {"GET /docs/sub"},
      {"GET /docs/sub/"},
      {"GET /empty.css"},
      {"GET /picture.png", kWorth},
      {"GET /data.json"},
      {"GET /noextension", "", "bytes are said to be bytes, lest browsers guess (RFC 9110 8.3)"},
      {"GET /unknown.xyzzy", "", "bytes are said to be bytes, lest browsers guess (RFC 9110 8.3)"},
      {"GET /UPPER.TXT"},
      {"GET /a%20b.txt"},
      {"GET /b%C3%BCcher.txt"},
      {"GET /b\xC3\xBC"
       "cher.txt",
       kAscii, kAscii},
      {"GET /plus+plus.txt"},
      {"GET /semi;colon=1.txt"},
      {"GET /at@sign!$&'()*,.txt"},
      {"GET /%70%61ge.txt"},
      {"GET /p%61ge%2Etxt"},
      {"GET /percent%2525.txt"},
      {"GET /back%5Cslash.txt"},
      {"GET /question%3Fmark.txt"},
      {"GET /hash%23.txt"},
      {"GET /.well-known/security.txt"},
      {"GET http://a.test/page.txt"},
      {"GET http://a.test", "", "RFC 9110 4.2.3: an empty path is \"/\""},
      {"GET http://a.test/docs"},
      {"GET HTTP://A.TEST/page.txt"},
      // ---- what is not there
      {"GET /nothing"},
      {"GET /nothing/"},
      {"GET /nothing.html"},
      {"GET /docs/nothing.txt"},
      {"GET /page.txt/"},
      {"GET /page.txt/x"},
      {"GET /page.txt/../page.txt/x"},
      {"GET /.env"},
      {"GET /.git/config"},
      {"GET /docs/.hidden"},
      {"GET /%2eenv"},
      {"GET /files/", "RFC 9110 15.5.4: what is forbidden MAY be answered 404"},
      {"GET /Page.txt"},
      {"GET /page.txt%20"},
      {"GET /page.txt."},
      // ---- odd paths
      {"GET //"},
      {"GET //page.txt"},
      {"GET ///docs//index.html"},
      {"GET //docs"},
      {"GET /docs//"},
      {"GET /docs/.", kDots, kDots},
      {"GET /docs/./index.html", kDots, kDots},
      {"GET /docs/../page.txt", kDots, kDots},
      {"GET /docs/..", kDots, kDots},
      {"GET /../page.txt",
       "both refuse; RFC 9112 3.2 asks for 400 where the syntax is wrong, and it is not", kDots},
      {"GET /../../../../etc/passwd",
       "both refuse; RFC 9112 3.2 asks for 400 where the syntax is wrong, and it is not"},
      {"GET /%2e%2e/page.txt",
       "both refuse; RFC 9112 3.2 asks for 400 where the syntax is wrong, and it is not", kDots},
      {"GET /docs/%2e%2e/page.txt", kDots, kDots},
      {"GET /docs%2findex.html", kSlash, kSlash},
      {"GET /docs%2F..%2Fpage.txt", kSlash, kSlash},
      {"GET /..%5cpage.txt"},
      {"GET /docs\\index.html"},
      {"GET /page.txt%00", "", "RFC 9110 15.5.1: that is the client's mistake, not ours"},
      {"GET /page%00.txt", "", "RFC 9110 15.5.1: that is the client's mistake, not ours"},
      {"GET /%"},
      {"GET /page.txt%2"},
      {"GET /%zz"},
      {"GET /%c0%ae%c0%ae/page.txt"},
      {"GET /out.txt", kLinks, kLinks},
      {"GET /inside.txt"},
      {"GET /page.txt#fragment", kFragment, kFragment},
      {"GET page.txt"},
      {"GET *", "", "RFC 9112 3.2.4: \"*\" is for OPTIONS alone"},
      // ---- methods
      {"HEAD /page.txt"},
      {"HEAD /"},
      {"HEAD /docs"},
      {"HEAD /nothing"},
      {"HEAD /app.js\nAccept-Encoding: gzip", "",
       "RFC 9110 9.3.2: HEAD SHOULD tell what GET would"},
      {"POST /page.txt\nContent-Length: 0", kAllow, kMethods},
      {"POST /page.txt\nContent-Length: 3\n\nabc", kAllow, kMethods},
      {"PUT /page.txt\nContent-Length: 3\n\nabc", kAllow, kMethods},
      {"DELETE /page.txt", kAllow, kMethods},
      {"PATCH /page.txt\nContent-Length: 0", kAllow, kMethods},
      {"OPTIONS /page.txt", kOptions, kOptions},
      {"OPTIONS *", kOptions, kOptions},
      {"TRACE /page.txt", kAllow, kMethods},
      {"PROPFIND /docs/", kAllow, kMethods},
      {"get /page.txt",
       "RFC 9110 9.1: methods are case-sensitive: \"get\" is one that is not allowed", kMethods},
      {"CONNECT a.test:80", "RFC 9110 9.1, 15.6.2: a method that is not implemented is 501",
       "RFC 9110 9.1, 15.6.2: a method that is not implemented is 501"},
      // ---- versions and connections
      {"GET /page.txt HTTP/1.0", "", kUnsaid},
      {"GET /page.txt HTTP/1.0\nConnection: keep-alive"},
      {"HEAD /page.txt HTTP/1.0", "", kUnsaid},
      {"GET /page.txt\nConnection: close"},
      {"GET /page.txt HTTP/1.2", kVersions, kVersions},
      {"GET /page.txt HTTP/2.0"},
      {"GET /page.txt HTTP/3",
       "RFC 9112 2.3: a version has two digits, else the line is malformed"},
      {"GET  /page.txt",
       "RFC 9112 3: one space each; others MAY be refused, and smugglers send them"},
      {"GET /page.txt\nContent-Length: 3\n\nabc"},
      {"GET /page.txt\nTransfer-Encoding: chunked\n\n3\r\nabc\r\n0\r\n\r\n"},
      // ---- conditions
      {"GET /page.txt\nIf-None-Match: {tag}", kOnly304},
      {"GET /page.txt\nIf-None-Match: W/{tag}", kOnly304},
      {"GET /page.txt\nIf-None-Match: \"x\", {tag}", kOnly304},
      {"GET /page.txt\nIf-None-Match: \"x\"\nIf-None-Match: {tag}", kLists, kLists},
      {"GET /page.txt\nIf-None-Match: *", kOnly304},
      {"GET /page.txt\nIf-None-Match: \"x\""},
      {"GET /page.txt\nIf-None-Match: unquoted"},
      {"HEAD /page.txt\nIf-None-Match: {tag}", kOnly304},
      {"GET /nothing\nIf-None-Match: *"},
      {"GET /page.txt\nIf-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT", kOnly304},
      {"GET /page.txt\nIf-Modified-Since: Tue, 14 Nov 2023 22:13:19 GMT"},
      {"GET /page.txt\nIf-Modified-Since: Tue, 14 Nov 2023 22:13:21 GMT",
       "RFC 9110 13.1.3: not modified is what is not later than the date"},
      {"GET /page.txt\nIf-Modified-Since: Tuesday, 14-Nov-23 22:13:20 GMT", kOnly304},
      {"GET /page.txt\nIf-Modified-Since: Tue Nov 14 22:13:20 2023", kOnly304},
      {"GET /page.txt\nIf-Modified-Since: yesterday"},
      {"GET /page.txt\nIf-None-Match: \"x\"\nIf-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"},
      {"GET /page.txt\nIf-None-Match: {tag}\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
       kTagsFirst},
      {"GET /page.txt\nIf-Match: {tag}"},
      {"GET /page.txt\nIf-Match: \"x\""},
      {"GET /page.txt\nIf-Match: *"},
      {"GET /page.txt\nIf-Match: W/{tag}"},
      {"GET /page.txt\nIf-Match: \"x\", {tag}"},
      {"GET /page.txt\nIf-Unmodified-Since: Tue, 14 Nov 2023 22:13:20 GMT"},
      {"GET /page.txt\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"},
      {"GET /page.txt\nIf-Match: {tag}\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
       kTagsFirst},
      {"GET /page.txt\nIf-Match: \"x\"\nIf-None-Match: {tag}"},
      {"HEAD /page.txt\nIf-Match: \"x\""},
      // ---- ranges
      {"GET /page.txt\nRange: bytes=0-3"},
      {"GET /page.txt\nRange: bytes=0-0"},
      {"GET /page.txt\nRange: bytes=5-"},
      {"GET /page.txt\nRange: bytes=-3"},
      {"GET /page.txt\nRange: bytes=-999"},
      {"GET /page.txt\nRange: bytes=0-999"},
      {"GET /page.txt\nRange: bytes=0-"},
      {"GET /page.txt\nRange: Bytes=0-3", "", "RFC 9110 14.1: names of units are case-insensitive"},
      {"GET /page.txt\nRange: bytes=10-"},
      {"GET /page.txt\nRange: bytes=10-20"},
      {"GET /page.txt\nRange: bytes=-0", "",
       "RFC 9110 14.1.2: the last 0 bytes cannot be sent: 416"},
      {"GET /page.txt\nRange: bytes=3-1", "", kInvalid},
      {"GET /page.txt\nRange: bytes=x-1", "", kInvalid},
      {"GET /page.txt\nRange: bytes=-", "", kInvalid},
      {"GET /page.txt\nRange: bytes="},
      {"GET /page.txt\nRange: lines=0-3", "", kUnits},
      {"GET /page.txt\nRange: 0-3", "", kUnits},
      {"GET /page.txt\nRange: bytes=5-18446744073709551616",
       "RFC 9110 14.1.1: a last position may be any number",
       "RFC 9110 14.1.1: a last position may be any number"},
      {"GET /page.txt\nRange: bytes=0-1,3-4"},
      {"GET /page.txt\nRange: bytes=0-1, 3-4"},
      {"GET /page.txt\nRange: bytes=8-9,0-1"},
      {"GET /page.txt\nRange: bytes=0-1,2-3"},
      {"GET /page.txt\nRange: bytes=0-1,-2"},
      {"GET /page.txt\nRange: bytes=0-1,20-30"},
      {"GET /page.txt\nRange: bytes=20-30,40-50"},
      {"GET /page.txt\nRange: bytes=0-1,x", "", kInvalid},
      {"GET /page.txt\nRange: bytes=0-4,3-6", kOverlap, kOverlap},
      {"GET /page.txt\nRange: bytes=0-,0-,0-"},
      {"GET /page.txt\nRange: bytes=0-1,,3-4",
       "RFC 9110 5.6.1.2: empty members of a list MUST be accepted"},
      {"GET /page.txt\nRange: bytes=0-1\nRange: bytes=3-4", kOneRange, kOneRange},
      {"HEAD /page.txt\nRange: bytes=0-3", kOnlyGet, kOnlyGet},
      {"GET /empty.css\nRange: bytes=0-0", "",
       "in some versions 416: RFC 9110 14.2: Range MAY be ignored, and of nothing there is no "
       "part"},
      {"GET /empty.css\nRange: bytes=-1", "",
       "RFC 9110 14.2: Range MAY be ignored, and of nothing there is no part"},
      {"GET /nothing\nRange: bytes=0-3"},
      {"GET /docs\nRange: bytes=0-3"},
      {"GET /page.txt HTTP/1.0\nRange: bytes=0-3", "", kUnsaid},
      {"GET /page.txt\nRange: bytes=0-3\nIf-Range: {tag}"},
      {"GET /page.txt\nRange: bytes=0-3\nIf-Range: W/{tag}"},
      {"GET /page.txt\nRange: bytes=0-3\nIf-Range: \"x\""},
      {"GET /page.txt\nRange: bytes=0-3\nIf-Range: Tue, 14 Nov 2023 22:13:20 GMT"},
      {"GET /page.txt\nRange: bytes=0-3\nIf-Range: Tue, 14 Nov 2023 22:13:21 GMT"},
      {"GET /page.txt\nRange: bytes=0-3\nIf-None-Match: {tag}", kOnly304},
      {"GET /page.txt\nRange: bytes=0-3\nIf-Match: \"x\""},
      {"GET /page.txt\nRange: bytes=99-\nIf-Range: \"x\""},
      // ---- codings
      {"GET /app.js", "", kVary},
      {"GET /app.js\nAccept-Encoding: gzip"},
      {"GET /app.js\nAccept-Encoding: br", kCodings},
      {"GET /app.js\nAccept-Encoding: zstd", kCodings},
      {"GET /app.js\nAccept-Encoding: gzip, deflate, br, zstd", kCodings},
      {"GET /app.js\nAccept-Encoding: gzip;q=0", "", kVary},
      {"GET /app.js\nAccept-Encoding: gzip;q=0.5"},
      {"GET /app.js\nAccept-Encoding: br;q=0, gzip"},
      {"GET /app.js\nAccept-Encoding: gzip;q=1.0, identity;q=0.5"},
      {"GET /app.js\nAccept-Encoding: gzip;q=0.2, identity;q=0.9",
       "RFC 9110 12.4.2: what weighs more is preferred",
       "RFC 9110 12.4.2: what weighs more is preferred"},
      {"GET /app.js\nAccept-Encoding: identity", "", kVary},
      {"GET /app.js\nAccept-Encoding: *", "RFC 9110 12.5.3: \"*\" is every coding",
       "RFC 9110 12.5.3: \"*\" is every coding"},
      {"GET /app.js\nAccept-Encoding: *;q=0", "", kVary},
      {"GET /app.js\nAccept-Encoding: identity;q=0", "", kVary},
      {"GET /app.js\nAccept-Encoding: deflate", "", kVary},
      {"GET /app.js\nAccept-Encoding:", "", kVary},
      {"GET /app.js\nAccept-Encoding: GZIP"},
      {"GET /app.js HTTP/1.0\nAccept-Encoding: gzip",
       "RFC 9110 12.5.3: whoever asks for a coding gets it, HTTP/1.0 or not", kUnsaid},
      {"GET /app.js\nAccept-Encoding: gzip\nRange: bytes=0-3",
       "in some versions 200: RFC 9110 14.2: a range of what is selected, as of every content"},
      {"GET /app.js\nAccept-Encoding: gzip\nIf-None-Match: {gzip-tag}", kOnly304},
      {"GET /app.js\nIf-None-Match: {gzip-tag}", "", kVary},
      {"GET /app.js.gz"},
      {"GET /app.js.gz\nAccept-Encoding: gzip"},
      {"GET /stale.css\nAccept-Encoding: gzip", kStale, kStale},
      {"GET /picture.png\nAccept-Encoding: gzip", kWorth, kWorth},
      {"GET /page.txt\nAccept-Encoding: gzip"},
  };
  return kRequests;
}

}  // namespace autohttps
