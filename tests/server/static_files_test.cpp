#include <autohttps/server/sites/static_files.h>

#include <autohttps/tests/server/static_files_fixture.h>

#include <filesystem>
#include <string>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

class StaticFilesTest : public StaticFilesFixture {};

TEST_F(StaticFilesTest, FilesAndIndexesOfFolders) {
  EXPECT_EQ(body("/"), "<p>home");
  EXPECT_EQ(body("/index.html?x"), "<p>home");
  EXPECT_EQ(body("/docs/"), "<p>docs");
  EXPECT_EQ(body("/a%20b.txt"), "0123456789");
  EXPECT_EQ(body("//a%20b.txt"), "0123456789");
  EXPECT_EQ(body("/.well-known/security.txt"), "mail");
  EXPECT_EQ(body("http://a.test"), "<p>home");
  EXPECT_EQ(body("http://a.test?x"), "<p>home");
  EXPECT_EQ(status("/empty/x.css"), 200);
  EXPECT_EQ(body("/empty/x.css"), "");
}

TEST_F(StaticFilesTest, TellsWhatAFileIs) {
  write("page.HTML", "x");
  write("unknown.xyzzy", "x");
  const Answer page = ask("/page.HTML");
  EXPECT_EQ(field_of(page, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(field_of(page, "Last-Modified"), kDate);
  EXPECT_EQ(field_of(page, "Accept-Ranges"), "bytes");
  EXPECT_EQ(field_of(page, "ETag").front(), '"');
  EXPECT_EQ(field_of(page, "Vary"), "");
  EXPECT_EQ(field_of(ask("/unknown.xyzzy"), "Content-Type"), "application/octet-stream");
}

TEST_F(StaticFilesTest, HeadTellsTheLengthOfWhatGetWouldSend) {
  const Answer answer = ask("/", {}, "HEAD");
  EXPECT_EQ(answer.head.status, 200);
  EXPECT_EQ(answer.body->length(), 7);
}

TEST_F(StaticFilesTest, WhatIsNotThereIsNotFound) {
  for (const char* target : {"/nothing", "/docs/nothing", "/nothing/", "/empty/", "/index.html/",
                             "/index.html/x", "/docs/index.html/"}) {
    const Answer answer = ask(target);
    EXPECT_EQ(answer.head.status, 404) << target;
    EXPECT_EQ(body_of(answer), "404 Not Found\n");
  }
}

TEST_F(StaticFilesTest, AFolderWithoutItsSlashIsSentThere) {
  const Answer answer = ask("/docs?x=1");
  EXPECT_EQ(answer.head.status, 301);
  EXPECT_EQ(field_of(answer, "Location"), "/docs/?x=1");
  EXPECT_EQ(field_of(ask("http://a.test/docs"), "Location"), "/docs/");
  fs::create_directories(folder_ / "www/evil.test");
  EXPECT_EQ(field_of(ask("//evil.test"), "Location"), "/evil.test/") << "not another host";
  EXPECT_EQ(field_of(ask("///evil.test"), "Location"), "/evil.test/");
  fs::create_directories(folder_ / "www/\\evil.test");
  EXPECT_EQ(field_of(ask("/\\evil.test"), "Location"), "/evil.test/") << "some read it as //";
  fs::create_directories(folder_ / "www/%0d%0a");
  EXPECT_EQ(field_of(ask("/%250d%250a"), "Location"), "/%250d%250a/") << "as it came";
}

TEST_F(StaticFilesTest, BeneathAPrefixRedirectsHaveIt) {
  const auto beneath = [&](const std::string& target) {
    const ScannedHead head("GET", target, {});
    return files_->answer(*head, head->resource.substr(std::string("/prefix").size()));
  };
  EXPECT_EQ(body_of(beneath("/prefix/docs/")), "<p>docs");
  EXPECT_EQ(field_of(beneath("/prefix/docs?a"), "Location"), "/prefix/docs/?a");
  EXPECT_EQ(field_of(beneath("/prefix?a"), "Location"), "/prefix/?a");
  EXPECT_EQ(body_of(beneath("/prefix/?a")), "<p>home");
}

TEST_F(StaticFilesTest, OnlyReads) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"}) {
    const Answer answer = ask("/", {}, method);
    EXPECT_EQ(answer.head.status, 405) << method;
    EXPECT_EQ(field_of(answer, "Allow"), "GET, HEAD, OPTIONS");
  }
  const Answer options = ask("/nothing", {}, "OPTIONS");
  EXPECT_EQ(options.head.status, 204);
  EXPECT_EQ(field_of(options, "Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(ask("*", {}, "OPTIONS").head.status, 204);
}

TEST_F(StaticFilesTest, NoListingUnlessAsked) {
  write("files/<b>&\"'.txt", "x");
  write("files/sub/x", "x");
  write("files/.hidden", "x");
  write("files/javascript:alert(1)", "x");
  write("files/\xff", "x");
  EXPECT_EQ(status("/files/"), 404);
  files_ = std::make_unique<StaticFiles>(StaticFilesOptions{folder_ / "www", true});
  const Answer answer = ask("/files/");
  EXPECT_EQ(answer.head.status, 200);
  EXPECT_EQ(field_of(answer, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(body_of(answer),
            "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>/files/</title>\n"
            "<h1>/files/</h1>\n<ul>\n<li><a href=\"../\">../</a>\n"
            "<li><a href=\"./%3Cb%3E%26%22%27.txt\">&lt;b&gt;&amp;&quot;'.txt</a>\n"
            "<li><a href=\"./javascript%3Aalert%281%29\">javascript:alert(1)</a>\n"
            "<li><a href=\"./sub/\">sub/</a>\n"
            "<li><a href=\"./%FF\">\\xff</a>\n"
            "</ul>\n");
  EXPECT_EQ(body("/"), "<p>home") << "an index is no listing";
  EXPECT_EQ(status("/nothing/"), 404);
  EXPECT_EQ(status("/index.html/"), 404);
  EXPECT_EQ(status("/files/.hidden"), 404);
}

TEST_F(StaticFilesTest, AListingEndsSomewhere) {
  for (int i = 0; i < 10'001; ++i) folder_.write("www/many/" + std::to_string(i), "");
  files_ = std::make_unique<StaticFiles>(StaticFilesOptions{folder_ / "www", true});
  const std::string page = body("/many/");
  EXPECT_NE(page.find("There are more"), std::string::npos);
  std::size_t links = 0;
  for (std::size_t at = 0; (at = page.find("<li>", at)) != std::string::npos; ++at) ++links;
  EXPECT_EQ(links, 10'000 + 1);  // and "../"
}

TEST_F(StaticFilesTest, TheRootItselfMayBeALinkThatIsTurned) {
  folder_.write("next/index.html", "next");
  fs::create_symlink("www", folder_ / "current");
  files_ = std::make_unique<StaticFiles>(StaticFilesOptions{folder_ / "current"});
  EXPECT_EQ(body("/"), "<p>home");
  fs::remove(folder_ / "current");
  fs::create_symlink("next", folder_ / "current");
  EXPECT_EQ(body("/"), "next");
  EXPECT_EQ(status("/docs/"), 404);
}

TEST_F(StaticFilesTest, AFolderOfReleasesMayBeTurnedByALinkInside) {
  write("releases/1/page.html", "one");
  write("releases/2/page.html", "two");
  fs::create_symlink("releases/1", folder_ / "www/current");
  EXPECT_EQ(body("/current/page.html"), "one");
  EXPECT_EQ(body("/current/page.html"), "one");
  fs::create_symlink("releases/2", folder_ / "www/next");
  fs::rename(folder_ / "www/next", folder_ / "www/current");
  EXPECT_EQ(body("/current/page.html"), "two");
}

TEST_F(StaticFilesTest, ARootThatIsGoneIsNotFound) {
  EXPECT_EQ(status("/"), 200);
  fs::remove_all(folder_ / "www");
  EXPECT_EQ(status("/"), 404);
  folder_.write("www/index.html", "back");
  EXPECT_EQ(body("/"), "back");
}

}  // namespace
}  // namespace autohttps
