#include <autohttps/server/sites/file_answer.h>

#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

class FileAnswersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("outside.txt", "secret");
    folder_.write("www/index.html", "<p>home");
    folder_.write("www/a b.txt", "0123456789");
    folder_.write("www/docs/index.html", "<p>docs");
    folder_.write("www/empty/x.css", "");
    folder_.write("www/.env", "secret");
    folder_.write("www/.well-known/security.txt", "mail");
    folder_.write("www/page.HTML", "x");
    folder_.write("www/unknown.xyz", "x");
  }
  FileAnswer ask(const std::string& target, const HeaderFields& fields = {},
                 const std::string& method = "GET") {
    return FileAnswers(folder_ / "www").answer({method, target, "HTTP/1.1", fields});
  }
  int status(const std::string& target) { return ask(target).status; }
  static std::string body(const FileAnswer& answer) {
    std::string text(answer.length, '\0');
    const ssize_t count =
        ::pread(answer.file.get(), text.data(), text.size(), static_cast<off_t>(answer.offset));
    text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return text;
  }
  static std::string field(const FileAnswer& answer, const char* name) {
    return std::string(first_field(answer.fields, name));
  }

  TemporaryFolder folder_;
};

TEST_F(FileAnswersTest, FilesAndIndexesOfFolders) {
  EXPECT_EQ(body(ask("/")), "<p>home");
  EXPECT_EQ(body(ask("/index.html?x")), "<p>home");
  EXPECT_EQ(body(ask("/docs/")), "<p>docs");
  EXPECT_EQ(body(ask("/a%20b.txt")), "0123456789");
  EXPECT_EQ(body(ask("/.well-known/security.txt")), "mail");
  EXPECT_EQ(ask("/empty/x.css").status, 200);
  EXPECT_EQ(ask("/empty/x.css").length, 0);
  EXPECT_EQ(field(ask("/"), "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(field(ask("/page.HTML"), "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(field(ask("/unknown.xyz"), "Content-Type"), "application/octet-stream");
  EXPECT_EQ(ask("/", {}, "HEAD").length, 7);
}

TEST_F(FileAnswersTest, WhatIsNotThereOrNotMeantToBeSeenIsNotFound) {
  for (const char* target :
       {"/nothing", "/docs/nothing", "/empty/", "/index.html/", "/.env", "/%2eenv",
        "/../outside.txt", "/%2e%2e/outside.txt", "/docs/../.env", "/index.html/x", "*"}) {
    EXPECT_EQ(status(target), 404) << target;
  }
  EXPECT_EQ(status("/" + std::string(5000, 'a')), 404);
}

TEST_F(FileAnswersTest, AFolderWithoutItsSlashIsSentThere) {
  const FileAnswer answer = ask("/docs?x=1");
  EXPECT_EQ(answer.status, 301);
  EXPECT_EQ(field(answer, "Location"), "/docs/?x=1");
  fs::create_directories(folder_ / "www/evil.test");
  EXPECT_EQ(field(ask("//evil.test"), "Location"), "/evil.test/") << "not another host";
}

TEST_F(FileAnswersTest, LinksLeadOnlyBeneathTheRoot) {
  fs::create_symlink("docs", folder_ / "www/inside");
  fs::create_symlink("../outside.txt", folder_ / "www/relative.txt");
  fs::create_symlink(folder_ / "outside.txt", folder_ / "www/absolute.txt");
  fs::create_symlink("..", folder_ / "www/up");
  fs::create_symlink("loop", folder_ / "www/loop");
  fs::create_symlink("/proc/self/root", folder_ / "www/magic");
  EXPECT_EQ(body(ask("/inside/index.html")), "<p>docs");
  for (const char* target :
       {"/relative.txt", "/absolute.txt", "/up/outside.txt", "/loop", "/magic/etc/passwd"}) {
    EXPECT_EQ(status(target), 404) << target;
  }
}

TEST_F(FileAnswersTest, TheRootItselfMayBeALinkThatIsTurned) {
  fs::create_directories(folder_ / "next");
  folder_.write("next/index.html", "next");
  fs::create_symlink("www", folder_ / "current");
  const FileAnswers files(folder_ / "current");
  EXPECT_EQ(body(files.answer({"GET", "/", "HTTP/1.1", {}})), "<p>home");
  fs::remove(folder_ / "current");
  fs::create_symlink("next", folder_ / "current");
  EXPECT_EQ(body(files.answer({"GET", "/", "HTTP/1.1", {}})), "next");
}

TEST_F(FileAnswersTest, PipesAndSocketsAreNoFilesAndHoldNobody) {
  ASSERT_EQ(::mkfifo((folder_ / "www/pipe").c_str(), 0600), 0);
  EXPECT_EQ(status("/pipe"), 404);
  EXPECT_EQ(FileAnswers("/dev").answer({"GET", "/null", "HTTP/1.1", {}}).status, 404);
}

TEST_F(FileAnswersTest, ARootThatIsGoneIsNotFound) {
  fs::remove_all(folder_ / "www");
  EXPECT_EQ(status("/"), 404);
}

TEST_F(FileAnswersTest, OnlyReads) {
  const FileAnswer answer = ask("/", {}, "POST");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(field(answer, "Allow"), "GET, HEAD");
  EXPECT_EQ(ask("/", {}, "DELETE").status, 405);
}

TEST_F(FileAnswersTest, AVersionThatTheClientHasIsNotSentAgain) {
  const FileAnswer first = ask("/");
  const std::string tag = field(first, "ETag"), date = field(first, "Last-Modified");
  ASSERT_FALSE(tag.empty());
  for (const HeaderFields& has :
       {HeaderFields{{"If-None-Match", tag}}, HeaderFields{{"If-None-Match", "\"x\", W/" + tag}},
        HeaderFields{{"If-None-Match", "*"}}, HeaderFields{{"If-Modified-Since", date}},
        HeaderFields{{"If-None-Match", tag},
                     {"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}}) {
    const FileAnswer answer = ask("/", has);
    EXPECT_EQ(answer.status, 304) << has[0].second;
    EXPECT_FALSE(answer.file);
    EXPECT_EQ(field(answer, "ETag"), tag);
    EXPECT_EQ(field(answer, "Content-Type"), "");
  }
  for (const HeaderFields& has :
       {HeaderFields{{"If-None-Match", "\"x\""}, {"If-Modified-Since", date}},
        HeaderFields{{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}},
        HeaderFields{{"If-Modified-Since", "yesterday"}}}) {
    EXPECT_EQ(ask("/", has).status, 200) << has[0].second;
  }
  folder_.write("www/index.html", "<p>longer");
  EXPECT_EQ(ask("/", {{"If-None-Match", tag}}).status, 200);
}

struct Range {
  const char *asked, *got, *told;
};

TEST_F(FileAnswersTest, OneRangeAtATime) {
  for (const Range& range :
       {Range{"bytes=0-3", "0123", "bytes 0-3/10"}, Range{"bytes=8-", "89", "bytes 8-9/10"},
        Range{"bytes=-3", "789", "bytes 7-9/10"}, Range{"bytes=-99", "0123456789", "bytes 0-9/10"},
        Range{"Bytes=9-9", "9", "bytes 9-9/10"},
        Range{"bytes=5-18446744073709551615", "56789", "bytes 5-9/10"}}) {
    const FileAnswer answer = ask("/a%20b.txt", {{"Range", range.asked}});
    EXPECT_EQ(answer.status, 206) << range.asked;
    EXPECT_EQ(body(answer), range.got);
    EXPECT_EQ(field(answer, "Content-Range"), range.told);
  }
  for (const char* asked : {"bytes=0-1,3-4", "bytes=x-1", "bytes=3-1", "lines=0-1", "bytes=-",
                            "bytes=0-99999999999999999999", "bytes", "bytes=--1"}) {
    EXPECT_EQ(ask("/a%20b.txt", {{"Range", asked}}).status, 200) << asked;
  }
  for (const char* asked : {"bytes=10-", "bytes=10-20", "bytes=-0"}) {
    const FileAnswer answer = ask("/a%20b.txt", {{"Range", asked}});
    EXPECT_EQ(answer.status, 416) << asked;
    EXPECT_EQ(field(answer, "Content-Range"), "bytes */10");
  }
  EXPECT_EQ(ask("/empty/x.css", {{"Range", "bytes=0-0"}}).status, 416);
}

TEST_F(FileAnswersTest, ARangeOfAnotherVersionIsTheWhole) {
  const std::string tag = field(ask("/a%20b.txt"), "ETag");
  EXPECT_EQ(ask("/a%20b.txt", {{"Range", "bytes=0-1"}, {"If-Range", tag}}).status, 206);
  EXPECT_EQ(ask("/a%20b.txt", {{"Range", "bytes=0-1"}, {"If-Range", "\"old\""}}).status, 200);
  EXPECT_EQ(ask("/a%20b.txt", {{"Range", "bytes=0-1"}, {"If-Range", "W/" + tag}}).status, 200);
}

}  // namespace
}  // namespace autohttps
