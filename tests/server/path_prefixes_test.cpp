#include <autohttps/server/sites/path_prefixes.h>

#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <functional>
#include <random>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using namespace std::string_literals;

const PathPrefixes& site() {
  static const PathPrefixes prefixes({"/api", "/api/v2/", "/static"});
  return prefixes;
}

struct Case {
  std::string path;
  std::size_t index;
  const char* beneath;
};

TEST(PathPrefixesTest, TheLongestWinsAtTheBordersOfSegments) {
  for (const Case& one :
       {Case{"/", 0, "/"}, Case{"/x", 0, "/x"}, Case{"/api", 1, ""}, Case{"/api/", 1, "/"},
        Case{"/api/x", 1, "/x"}, Case{"/apix", 0, "/apix"}, Case{"/api.html", 0, "/api.html"},
        Case{"/ap", 0, "/ap"}, Case{"/API", 0, "/API"}, Case{"/api/v2", 2, ""},
        Case{"/api/v2/", 2, "/"}, Case{"/api/v2/a/b", 2, "/a/b"}, Case{"/api/v20", 1, "/v20"},
        Case{"/x/api", 0, "/x/api"}, Case{"/static/.well-known/x", 3, "/.well-known/x"}}) {
    const auto match = site().find(one.path);
    ASSERT_TRUE(match) << one.path;
    EXPECT_EQ(match->index, one.index) << one.path;
    EXPECT_EQ(match->beneath, one.beneath) << one.path;
  }
}

TEST(PathPrefixesTest, EscapesAreDecodedAndWhatIsBeneathStaysAsItCame) {
  for (const Case& one :
       {Case{"/%61pi", 1, ""}, Case{"/%61p%69/x%20y", 1, "/x%20y"}, Case{"/api/%76%32/z", 2, "/z"},
        Case{"/api/a%2Fb", 1, "/a%2Fb"}, Case{"/api//x", 1, "//x"}, Case{"/api/x;v=1", 1, "/x;v=1"},
        Case{"/api/100%25", 1, "/100%25"}, Case{"/other%2Fx", 0, "/other%2Fx"},
        Case{"//x", 0, "//x"}, Case{"/x/%2561", 0, "/x/%2561"}, Case{"/api/a\\b", 1, "/a\\b"},
        Case{"/x/http://api/", 0, "/x/http://api/"}, Case{"/x/...", 0, "/x/..."},
        Case{"/.hidden", 0, "/.hidden"}}) {
    const auto match = site().find(one.path);
    ASSERT_TRUE(match) << one.path;
    EXPECT_EQ(match->index, one.index) << one.path;
    EXPECT_EQ(match->beneath, one.beneath) << one.path;
  }
}

// Each could be taken for another path by a file system or an upstream: neither reaches a prefix
// nor gets around one.
TEST(PathPrefixesTest, WhatCanBeReadInTwoWaysIsNobodys) {
  for (const std::string& path : {"//api"s,
                                  "//api/x"s,
                                  "/x/../api"s,
                                  "/x/%2e%2e/api"s,
                                  "/x/.%2E/api"s,
                                  "/./api"s,
                                  "/%2e/api"s,
                                  "/api/../x"s,
                                  "/api/.."s,
                                  "/api/%2e%2e%2fx"s,
                                  "/api%2Fx"s,
                                  "/api%2fv2"s,
                                  "/api%5Cx"s,
                                  "/api\\x"s,
                                  "\\api"s,
                                  "/\\api"s,
                                  "/%5capi"s,
                                  "/%2Fapi"s,
                                  "/api;x"s,
                                  "/api;x/y"s,
                                  "/api%3Bx"s,
                                  "/;/api"s,
                                  "/x/..;/api"s,
                                  "/x/..%3b/api"s,
                                  "/%2561pi"s,
                                  "/x/%252e%252e/api"s,
                                  "/api/%252e%252e/x"s,
                                  "/api%252Fx"s,
                                  "/api/v2%2Fx"s,
                                  "/api//v2"s,
                                  "/api/;/v2"s,
                                  "/api\0"s,
                                  "/api%00"s,
                                  "/%00/api"s,
                                  "/api%"s,
                                  "/api%4"s,
                                  "/x%zz"s,
                                  "/..api/.."s,
                                  "/."s,
                                  "/.."s,
                                  "/x/."s,
                                  "/x/..\\api"s,
                                  "api"s,
                                  ""s,
                                  "*"s,
                                  "/x\\..\\api"s}) {
    EXPECT_FALSE(site().find(path)) << path;
  }
}

TEST(PathPrefixesTest, WithoutPrefixesOnlyWhatIsNoPathIsRefused) {
  const PathPrefixes whole({});
  for (const char* path : {"/", "//x", "/a%2Fb", "/a;b", "/a\\b", "/%2561", "/.x"}) {
    const auto match = whole.find(path);
    ASSERT_TRUE(match) << path;
    EXPECT_EQ(match->index, 0);
    EXPECT_EQ(match->beneath, path);
  }
  for (const char* path : {"/..", "/x/%2e%2e/y", "/%", "/%00", "x", "/a%2F..%2Fb", "/..;/x"}) {
    EXPECT_FALSE(whole.find(path)) << path;
  }
}

// How others read a path, each in their own way, down to its segments without "." and "..".
using Steps = std::vector<std::function<std::string(const std::string&)>>;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::string unescaped(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && std::isxdigit(text[i + 1]) != 0 &&
                        std::isxdigit(text[i + 2]) != 0;
    result += escape ? static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)) : text[i];
    if (escape) i += 2;
  }
  return result;
}

std::string without_parameters(const std::string& text) {
  return std::regex_replace(text, std::regex(";[^/]*"), "");
}

std::string normal(const std::string& text) {
  return std::filesystem::path(text).lexically_normal().string();
}

bool is_beneath_api(const std::string& path) { return path == "/api" || path.starts_with("/api/"); }

TEST(PathPrefixesTest, WhatIsFoundIsFoundByEveryReader) {
  const auto merged = [](const std::string& text) {
    return std::regex_replace(text, std::regex("/+"), "/");
  };
  const auto slashes = [](const std::string& text) { return replaced(text, "\\", "/"); };
  const std::vector<std::pair<const char*, Steps>> readers = {
      {"a file system", {unescaped, merged, normal}},
      {"a router that merges nothing", {unescaped}},
      {"a servlet container", {without_parameters, unescaped, normal}},
      {"one that decodes first", {unescaped, without_parameters, merged, normal}},
      {"one for which \\ is /", {unescaped, slashes, merged, normal}},
      {"one that decodes twice", {unescaped, unescaped, slashes, merged, normal}},
      {"one behind a proxy that normalises", {normal, unescaped, normal}}};
  const std::vector<std::string> parts = {"/", "/",  "/",   "api",    "api",   "%61pi", "x",
                                          ".", "..", "%2e", "%2E%2e", "%2f",   "\\",    "%5c",
                                          ";", ";x", "%3b", "%25",    "%2561", "v2",    "%2fapi"};
  const PathPrefixes prefixes({"/api"});
  std::minstd_rand random(7);
  int found = 0, refused = 0;
  for (int round = 0; round < 6'000; ++round) {
    std::string path = "/";
    for (auto length = random() % 9; length > 0; --length) path += parts[random() % parts.size()];
    const auto match = prefixes.find(path);
    (match ? found : refused)++;
    if (!match) continue;
    for (const auto& [who, steps] : readers) {
      std::string read = path;
      for (const auto& step : steps) read = step(read);
      ASSERT_EQ(is_beneath_api(read), match->index == 1)
          << path << " is " << read << " for " << who;
    }
  }
  EXPECT_GT(found, 1'000);
  EXPECT_GT(refused, 1'000);
}

TEST(PathPrefixesTest, ALongPathIsReadToo) {
  const std::string path = "/api/" + std::string(2'000, ';') + "%61";
  EXPECT_EQ(site().find(path)->index, 1);
}

TEST(PathPrefixesTest, RefusesWhatIsNoPrefix) {
  for (const char* prefix : {"", "api", "/api/*", "/a%20b", "/a;b", "/a//b", "/a/../b", "/.",
                             "/a?b", "/a#b", "/a b", "/a\\b", "/a\nb", "/", "//"}) {
    EXPECT_TRUE(thrown_error([&] { PathPrefixes refused({prefix}); })) << prefix;
  }
  const auto twice = thrown_error([] { PathPrefixes refused({"/api", "/api/"}); });
  ASSERT_TRUE(twice);
  EXPECT_NE(std::string(twice->what()).find("is there twice"), std::string::npos) << twice->what();
}

}  // namespace
}  // namespace autohttps
