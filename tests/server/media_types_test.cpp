#include <autohttps/server/sites/media_types.h>

#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

constexpr const char* kTable =
    "# a comment\n"
    "application/vnd.test\t\tTeSt  tst # more\r\n"
    "text/x-odd odd\n"
    "application/javascript js\n"  // the web's own come first
    "no-type nt\n"
    "a/b/c abc\n"
    "bad/ty\"pe bad\n"
    "video/quicktime\n"
    "last/line last";

TEST(MediaTypesTest, TheWebsAreKnownAndTheTableTellsTheOthers) {
  const MediaTypes types(kTable);
  for (const auto& [name, type] : {std::pair{"a.html", "text/html; charset=utf-8"},
                                   {"A.HTML", "text/html; charset=utf-8"},
                                   {"x.js", "text/javascript; charset=utf-8"},
                                   {"x.tar.gz", "application/gzip"},
                                   {"x.test", "application/vnd.test"},
                                   {"d.d/x.TST", "application/vnd.test"},
                                   {"x.odd", "text/x-odd; charset=utf-8"},
                                   {"x.last", "last/line"}}) {
    EXPECT_EQ(types.type_of(name), type) << name;
  }
}

TEST(MediaTypesTest, WhatIsNotKnownIsBytes) {
  const MediaTypes types(kTable);
  for (const std::string& name :
       {std::string(), std::string("x"), std::string("x."), std::string("x.html/y"),
        std::string("x.nt"), std::string("x.abc"), std::string("x.bad"), std::string("x.more"),
        "x." + std::string(5000, 'h'), std::string("x.h\0tml", 7)}) {
    EXPECT_EQ(types.type_of(name), "application/octet-stream") << name;
  }
}

TEST(MediaTypesTest, WorksWithoutTheSystemsTableAndWithIt) {
  EXPECT_EQ(MediaTypes::of_system("/nowhere/mime.types")->type_of("x.css"),
            "text/css; charset=utf-8");
  EXPECT_EQ(MediaTypes::of_system("/")->type_of("x.css"), "text/css; charset=utf-8");
  const TemporaryFolder folder;
  folder.write("types", kTable);
  const std::string table = folder / "types";
  EXPECT_EQ(MediaTypes::of_system(table.c_str())->type_of("x.tst"), "application/vnd.test");
}

TEST(MediaTypesTest, TextIsWorthCompressingAndPicturesAreNot) {
  for (const char* type : {"text/html; charset=utf-8", "TEXT/plain", "application/json",
                           "application/ld+json", "image/svg+xml", "font/ttf"}) {
    EXPECT_TRUE(is_compressible(type)) << type;
  }
  for (const char* type : {"image/png", "application/octet-stream", "font/woff2", "video/mp4", "",
                           "application/gzip", "+json"}) {
    EXPECT_FALSE(is_compressible(type)) << type;
  }
}

}  // namespace
}  // namespace autohttps
