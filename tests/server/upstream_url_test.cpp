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

TEST(UpstreamUrlTest, RefusesTheRestAndSaysWhatIsRight) {
  struct Bad {
    std::string url, says;
  };
  for (const Bad& bad :
       {Bad{"", "http://"}, Bad{"localhost:3000", "try \"http://localhost:3000\""},
        Bad{"ftp://a.test", "is no http:// or https://"},
        Bad{"file:///etc/passwd", "is no http:// or https://"}, Bad{"http://", "names no host"},
        Bad{"http:///x", "names no host"}, Bad{"http://a.test:0", "names no host"},
        Bad{"http://a.test:", "names no host"}, Bad{"http://a.test:65536", "names no host"},
        Bad{"http://a.test:80x", "names no host"}, Bad{"http://[::1", "names no host"},
        Bad{"http://[]", "names no host"}, Bad{"http://u:p@a.test", "user name"},
        Bad{"http://a.test/?x", "query"}, Bad{"http://a.test#x", "fragment"},
        Bad{"http://a test", "names no host"},
        Bad{"http://a.test/\r\nX: y", "characters in its path"},
        Bad{"http://a.test/ x", "characters in its path"},
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
