#include <autohttps/acme/protocol/url.h>

#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::acme {
namespace {

constexpr char kPublicCa[] = "https://ca.test/directory";
constexpr char kLocalCa[] = "https://localhost:14000/dir";

TEST(F19_Urls, HttpsUrlsAreTakenByteForByte) {
  for (const char* url : {"https://ca.test", "https://ca.test/", "https://CA.test:8443/a/b?c=d#e",
                          "HTTPS://ca.test/x", "https://192.0.2.1/x", "https://[2001:db8::1]:443/",
                          "https://ca.test/a@b", "https://10.0.0.7/dir", "https://ca.test/%00"}) {
    EXPECT_EQ(https_url(url, "x", kPublicCa), url);
    EXPECT_TRUE(is_https_url(url, kPublicCa)) << url;
  }
}

TEST(F19_Urls, EverythingElseIsRefused) {
  const std::string nul("https://ca.test/\0x", 18);
  for (const std::string& url : {std::string(),
                                 std::string("http://ca.test/"),
                                 std::string("file:///etc/passwd"),
                                 std::string("ftp://ca.test/"),
                                 std::string("/relative"),
                                 std::string("//ca.test/x"),
                                 std::string("ca.test/x"),
                                 std::string("https:/ca.test"),
                                 std::string("https:ca.test"),
                                 std::string("https://"),
                                 std::string("https:///x"),
                                 std::string("https://user@ca.test/"),
                                 std::string("https://u:p@ca.test/"),
                                 std::string("https://@ca.test/"),
                                 std::string("https://ca.test:99999/"),
                                 std::string("https://ca.test:x/"),
                                 std::string("https://ca .test/"),
                                 std::string("https://ca.test/\r\nX: y"),
                                 std::string("https://ca.test/\x1b[31m"),
                                 nul,
                                 std::string("javascript:alert(1)"),
                                 std::string("https://c\xc3\xa4.test/"),
                                 std::string("https://[::1"),
                                 "https://ca.test/" + std::string(3000, 'a')}) {
    const auto error = thrown_error([&] { https_url(url, "the order", kPublicCa); });
    ASSERT_TRUE(error) << url;
    EXPECT_EQ(error->code(), ErrorCode::protocol);
    EXPECT_TRUE(std::string(error->what()).starts_with("the order: \"")) << error->what();
    EXPECT_LT(std::string(error->what()).size(), 400U);
  }
}

TEST(F19_Urls, ACaElsewhereCannotSendUsIntoThisMachine) {
  for (const char* url :
       {"https://127.0.0.1/", "https://127.8.9.1:8443/x", "https://127.1/", "https://127.0.0.1./",
        "https://%31%32%37.0.0.1/", "https://%6cocalhost/", "https://2130706433/",
        "https://0x7f.0.0.1/", "https://0/", "https://0.0.0.0/", "https://localhost/",
        "https://LOCALHOST./", "https://a.localhost/", "https://[::1]/", "https://[::]/",
        "https://[::ffff:127.0.0.1]/", "https://[0:0:0:0:0:0:0:1]/", "https://169.254.169.254/",
        "https://[fe80::1]/"}) {
    EXPECT_FALSE(is_https_url(url, kPublicCa)) << url;
    EXPECT_TRUE(is_https_url(url, kLocalCa)) << url;  // a test CA, or one beside us
    EXPECT_TRUE(is_https_url(url, {})) << url;        // what a person gave
  }
}

TEST(UrlTest, ResolvesRedirects) {
  EXPECT_EQ(resolve_url("https://ca.test/a/b?x", "/c"), "https://ca.test/c");
  EXPECT_EQ(resolve_url("https://ca.test/a/b", "c"), "https://ca.test/a/c");
  EXPECT_EQ(resolve_url("https://ca.test/a/b", "https://other.test/"), "https://other.test/");
  EXPECT_EQ(resolve_url("https://ca.test/a", "http://other.test/"), "http://other.test/");
  EXPECT_EQ(resolve_url("https://ca.test/a", ""), std::nullopt);
  EXPECT_EQ(resolve_url("https://ca.test/a", "/x\r\ny"), std::nullopt);
}

TEST(UrlTest, HostIsForMessages) {
  EXPECT_EQ(host_of("https://ca.test/dir"), "ca.test");
  EXPECT_EQ(host_of("https://localhost:14000/dir"), "localhost:14000");
  EXPECT_EQ(host_of("\x1b[31m"), "\\x1b[31m");
}

}  // namespace
}  // namespace autohttps::acme
