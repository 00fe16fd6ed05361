#include <autohttps/server/sites/upstream_url.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

TEST(UpstreamUrlTest, TakesOriginsAndPrefixes) {
  struct Good {
    const char *url, *origin, *authority, *prefix;
  };
  for (const Good& good :
       {Good{"http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080", ""},
        Good{"HTTP://App.Internal/", "http://app.internal", "app.internal", ""},
        Good{"https://app.internal/a/b//", "https://app.internal", "app.internal", "/a/b"},
        Good{"http://[::1]:3000/x%20y", "http://[::1]:3000", "[::1]:3000", "/x%20y"},
        Good{"http://app_1:80", "http://app_1:80", "app_1:80", ""}}) {
    const UpstreamUrl url = parse_upstream_url(good.url);
    EXPECT_EQ(url.origin, good.origin);
    EXPECT_EQ(url.authority, good.authority);
    EXPECT_EQ(url.prefix, good.prefix);
  }
}

TEST(UpstreamUrlTest, TakesHostsPortsAndSockets) {
  using Kind = UpstreamUrl::Kind;
  struct Good {
    const char* url;
    Kind kind;
    const char* host;
    int port;
    const char *path, *authority, *prefix;
  };
  for (const Good& good :
       {Good{"http://127.0.0.1:8080", Kind::plain, "127.0.0.1", 8080, "", "127.0.0.1:8080", ""},
        Good{"http://a.test", Kind::plain, "a.test", 80, "", "a.test", ""},
        Good{"https://a.test/b", Kind::tls, "a.test", 443, "", "a.test", "/b"},
        Good{"https://[2001:db8::1]", Kind::tls, "2001:db8::1", 443, "", "[2001:db8::1]", ""},
        Good{"http://[::1]:3000", Kind::plain, "::1", 3000, "", "[::1]:3000", ""},
        Good{"unix:/run/a.sock", Kind::socket, "", 80, "/run/a.sock", "localhost", ""},
        Good{"unix:/run/a:b.sock:/c/", Kind::socket, "", 80, "/run/a:b.sock", "localhost", "/c"}}) {
    const UpstreamUrl url = parse_upstream_url(good.url);
    EXPECT_EQ(url.kind, good.kind) << good.url;
    EXPECT_EQ(url.host, good.host);
    EXPECT_EQ(url.port, good.port);
    EXPECT_EQ(url.path, good.path);
    EXPECT_EQ(url.authority, good.authority);
    EXPECT_EQ(url.prefix, good.prefix);
  }
}

TEST(UpstreamUrlTest, RefusesTheRestAndSaysWhatIsRight) {
  struct Bad {
    std::string url, says;
  };
  for (const Bad& bad : {Bad{"", "http://"},
                         Bad{"localhost:3000", "try \"http://localhost:3000\""},
                         Bad{"ftp://a.test", "is no http:// or https://"},
                         Bad{"file:///etc/passwd", "is no http:// or https://"},
                         Bad{"http://", "names no host"},
                         Bad{"http:///x", "names no host"},
                         Bad{"http://a.test:0", "names no host"},
                         Bad{"http://a.test:", "names no host"},
                         Bad{"http://a.test:65536", "names no host"},
                         Bad{"http://a.test:80x", "names no host"},
                         Bad{"http://[::1", "names no host"},
                         Bad{"http://[]", "names no host"},
                         Bad{"http://u:p@a.test", "user name"},
                         Bad{"http://a.test/?x", "query"},
                         Bad{"http://a.test#x", "fragment"},
                         Bad{"http://a test", "names no host"},
                         Bad{"http://a.test/\r\nX: y", "characters in its path"},
                         Bad{"http://a.test/ x", "characters in its path"},
                         Bad{"unix:", "no socket"},
                         Bad{"unix:run/a.sock", "no socket"},
                         Bad{"unix:/run/a.sock:/?x", "query"},
                         Bad{"unix:/" + std::string(200, 'a'), "socket's can"},
                         Bad{"http://" + std::string(3000, 'a'), "longer than"}}) {
    const auto error = thrown_error([&] { parse_upstream_url(bad.url); });
    ASSERT_TRUE(error) << bad.url;
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_NE((error->what() + (" | " + error->hint())).find(bad.says), std::string::npos)
        << error->what() << " | " << error->hint();
  }
}

}  // namespace
}  // namespace autohttps
