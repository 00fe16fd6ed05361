#include <autohttps/server/sites/file_path.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

TEST(FilePathTest, ReadsWhatIsPlain) {
  struct Good {
    const char *target, *path;
    bool is_folder;
  };
  for (const Good& good :
       {Good{"/", ".", true}, Good{"//", ".", true}, Good{"/?x=../y", ".", true},
        Good{"/a.html", "a.html", false}, Good{"/a/b/", "a/b", true},
        Good{"//a//b.css?v=1#x", "a/b.css", false}, Good{"/%61%20b", "a b", false},
        Good{"/b%C3%BCcher",
             "b\xc3\xbc"
             "cher",
             false},
        Good{"/a..b/..c/", "", false}, Good{"/.well-known/x", ".well-known/x", false},
        Good{"/a%5Cb", "a\\b", false}}) {
    const auto found = file_path_of(good.target);
    if (*good.path == '\0') {
      EXPECT_FALSE(found) << good.target;
      continue;
    }
    ASSERT_TRUE(found) << good.target;
    EXPECT_EQ(found->path, good.path);
    EXPECT_EQ(found->is_folder, good.is_folder) << good.target;
  }
}

TEST(FilePathTest, HasNothingForTricks) {
  for (const char* target : {"",
                             "a",
                             "*",
                             "http://a.test/",
                             "?/a",
                             "/..",
                             "/../etc/passwd",
                             "/a/../b",
                             "/a/..",
                             "/./a",
                             "/a/.",
                             "/%2e%2e/etc/passwd",
                             "/%2E./x",
                             "/.%2e/x",
                             "/a/%2e%2e%2fb",
                             "/a%2fb",
                             "/a%2Fb",
                             "/a%00.html",
                             "/%00",
                             "/a%",
                             "/a%2",
                             "/a%zz",
                             "/a%2g",
                             "/.env",
                             "/.git/config",
                             "/a/.htaccess",
                             "/%2egit/config",
                             "/.well-known/.hidden",
                             "/a/.well-known/x",
                             "/.well-known/../x",
                             "/.WELL-KNOWN/x",
                             "/.well-knownx"}) {
    EXPECT_FALSE(file_path_of(target)) << target;
  }
}

TEST(FilePathTest, TellsNoPathsFromHiddenOnes) {
  for (const char* target : {"", "a", "*", "/a%", "/a%2", "/a%zz", "/%00", "/a%00.html", "/%2/x"}) {
    EXPECT_TRUE(is_malformed_path(target)) << target;
  }
  for (const char* target : {"/", "/..", "/%2e%2e/x", "/a%2fb", "/.env", "/a?%zz", "/a%20%41"}) {
    EXPECT_FALSE(is_malformed_path(target)) << target;
  }
}

TEST(FilePathTest, DecodesOnce) {
  const auto found = file_path_of("/%252e%252e/x");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path, "%2e%2e/x");
}

}  // namespace
}  // namespace autohttps
