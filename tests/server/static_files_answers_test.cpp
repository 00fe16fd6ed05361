// Conditions, ranges and codings in answers from files.
#include <autohttps/tests/server/static_files_fixture.h>

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace autohttps {
namespace {

class StaticFilesAnswersTest : public StaticFilesFixture {};

TEST_F(StaticFilesAnswersTest, AVersionThatTheClientHasIsNotSentAgain) {
  const std::string tag = field_of(ask("/"), "ETag");
  for (const HeaderFields& has :
       {HeaderFields{{"If-None-Match", tag}}, HeaderFields{{"If-Modified-Since", kDate}}}) {
    const Answer answer = ask("/", has);
    EXPECT_EQ(answer.head.status, 304);
    EXPECT_EQ(field_of(answer, "ETag"), tag);
    EXPECT_EQ(field_of(answer, "Content-Type"), "");
    EXPECT_FALSE(answer.body);
  }
  EXPECT_EQ(ask("/", {{"If-None-Match", tag}}, "HEAD").head.status, 304);
  EXPECT_EQ(ask("/", {{"If-Match", "\"x\""}}).head.status, 412);
  EXPECT_EQ(ask("/nothing", {{"If-Match", "\"x\""}}).head.status, 404) << "RFC 9110 13.2.1";
  write("index.html", "<p>HOME", kModified + 1);
  EXPECT_EQ(ask("/", {{"If-None-Match", tag}}).head.status, 200);
  EXPECT_NE(field_of(ask("/"), "ETag"), tag);
}

// Nix and OSTree set no time, so that all builds are the same: who has one build's page would be
// told for ever that it has not changed in the next.
TEST_F(StaticFilesAnswersTest, FilesWithoutATimeAreToldApartAllTheSame) {
  constexpr const char* kFirst = "Thu, 01 Jan 1970 00:00:01 GMT";
  for (const std::time_t none : {0, 1}) {
    write("built.html", "<p>one", none);
    const Answer before = ask("/built.html");
    const std::string tag = field_of(before, "ETag");
    EXPECT_EQ(field_of(before, "Last-Modified"), "");
    EXPECT_EQ(ask("/built.html", {{"If-None-Match", tag}}).head.status, 304);
    write("next.html", "<p>two", none);
    std::filesystem::rename(folder_ / "www/next.html", folder_ / "www/built.html");
    EXPECT_EQ(ask("/built.html", {{"If-None-Match", tag}}).head.status, 200);
    EXPECT_EQ(ask("/built.html", {{"If-Modified-Since", kFirst}}).head.status, 200);
    EXPECT_EQ(ask("/built.html", {{"If-Unmodified-Since", kFirst}}).head.status, 200);
    EXPECT_EQ(ask("/built.html", {{"Range", "bytes=0-1"}, {"If-Range", kFirst}}).head.status, 200);
    EXPECT_EQ(ask("/built.html", {{"Range", "bytes=0-1"}, {"If-Range", "?"}}).head.status, 200);
  }
}

std::string text_of(const Answer& answer) {
  std::string text = std::to_string(answer.head.status) + "\n";
  for (const auto& [name, value] : answer.head.fields) text += name + ": " + value + "\r\n";
  return text.append(answer.head.ready);
}

TEST_F(StaticFilesAnswersTest, AReadyAnswerSaysTheSame) {
  write("app.js", "plain");
  write("app.js.gz", "packed");
  write("large.bin", std::string(100'000, 'x'));
  int ready = 0;
  for (const char* target : {"/", "/a%20b.txt", "/empty/x.css", "/app.js", "/large.bin", "/docs",
                             "/nothing", "/.env", "/%zz"}) {
    for (const HeaderFields& fields :
         {HeaderFields{}, HeaderFields{{"Range", "bytes=1-2"}},
          HeaderFields{{"Range", "bytes=9999999-"}}, HeaderFields{{"Accept-Encoding", "gzip"}},
          HeaderFields{{"If-Modified-Since", kDate}}, HeaderFields{{"If-Match", "\"x\""}}}) {
      for (const char* method : {"GET", "HEAD", "OPTIONS", "POST"}) {
        const ScannedHead head(method, target, fields);
        const Answer one = files_->answer(*head, head->resource);
        const Answer other = files_->ready_answer(*head, head->resource);
        EXPECT_EQ(text_of(one), text_of(other)) << method << " " << target;
        ASSERT_EQ(!one.body, !other.body);
        ready += other.head.ready.empty() ? 0 : 1;
        if (!one.body) continue;
        const std::string whole(other.body->whole());
        const std::string body = body_of(one);
        EXPECT_TRUE(whole.empty() || whole == body) << method << " " << target;
        EXPECT_EQ(body_of(other), body) << method << " " << target;
      }
    }
  }
  EXPECT_GT(ready, 20);
}

TEST_F(StaticFilesAnswersTest, OneRangeIsAPart) {
  const Answer answer = ask("/a%20b.txt", {{"Range", "bytes=2-4"}});
  EXPECT_EQ(answer.head.status, 206);
  EXPECT_EQ(field_of(answer, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(field_of(answer, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(answer.body->length(), 3U);
  EXPECT_EQ(body_of(answer, 2), "234");
}

TEST_F(StaticFilesAnswersTest, SeveralRangesAreABodyInParts) {
  const Answer answer = ask("/a%20b.txt", {{"Range", "bytes=0-1,-2"}});
  EXPECT_EQ(answer.head.status, 206);
  EXPECT_EQ(field_of(answer, "Content-Range"), "") << "RFC 9110 15.3.7.2";
  const std::string type = field_of(answer, "Content-Type");
  const std::string kBefore = "multipart/byteranges; boundary=";
  ASSERT_TRUE(type.starts_with(kBefore)) << type;
  const std::string boundary = type.substr(kBefore.size());
  EXPECT_EQ(body_of(answer, 7), "--" + boundary +
                                    "\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                    "Content-Range: bytes 0-1/10\r\n\r\n01\r\n--" +
                                    boundary +
                                    "\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                    "Content-Range: bytes 8-9/10\r\n\r\n89\r\n--" +
                                    boundary + "--\r\n");
  const Answer again = ask("/a%20b.txt", {{"Range", "bytes=0-1,-2"}});
  const std::uint64_t told = again.body->length().value_or(0);
  EXPECT_EQ(body_of(again).size(), told);
  EXPECT_NE(field_of(again, "Content-Type"), type) << "a boundary that nobody could foresee";
}

TEST_F(StaticFilesAnswersTest, RangesThatAreNotThereAreRefusedAndOthersIgnored) {
  const Answer answer = ask("/a%20b.txt", {{"Range", "bytes=10-"}});
  EXPECT_EQ(answer.head.status, 416);
  EXPECT_EQ(field_of(answer, "Content-Range"), "bytes */10");
  EXPECT_EQ(ask("/empty/x.css", {{"Range", "bytes=0-0"}}).head.status, 200);
  EXPECT_EQ(ask("/a%20b.txt", {{"Range", "bytes=0-1"}}, "HEAD").head.status, 200);
  EXPECT_EQ(ask("/a%20b.txt", {{"Range", "bytes=0-1"}, {"Range", "bytes=0-1"}}).head.status, 200);
  EXPECT_EQ(ask("/a%20b.txt", {{"Range", "bytes=0-1"}, {"If-Range", "\"old\""}}).head.status, 200);
  EXPECT_EQ(ask("/a%20b.txt", {{"Range", "bytes=0-1"}, {"If-Range", kDate}}).head.status, 206);
}

// ---- precompressed siblings

class StaticFilesCodingsTest : public StaticFilesFixture {
 protected:
  void SetUp() override {
    StaticFilesFixture::SetUp();
    write("app.js", "plain");
    write("app.js.gz", "gzipped");
    write("app.js.br", "brotlied");
    write("app.js.zst", "zstandard");
  }
  Answer coded(const std::string& accepted, const std::string& target = "/app.js") const {
    return ask(target, {{"Accept-Encoding", accepted}});
  }
};

struct Wish {
  const char *accepted, *coding, *body;
};

TEST_F(StaticFilesCodingsTest, TheOneThatTheClientWantsMost) {
  for (const Wish& wish :
       {Wish{"gzip, deflate, br, zstd", "br", "brotlied"}, Wish{"gzip", "gzip", "gzipped"},
        Wish{"x-gzip", "gzip", "gzipped"}, Wish{"gzip, br;q=0", "gzip", "gzipped"},
        Wish{"gzip;q=0.5, zstd;q=0.6, br;q=0.4", "zstd", "zstandard"}, Wish{"*", "br", "brotlied"},
        Wish{"*;q=0.1, br;q=0", "zstd", "zstandard"}, Wish{"gzip, identity;q=0", "gzip", "gzipped"},
        Wish{"identity, gzip;q=0.5", "", "plain"}, Wish{"gzip;q=0", "", "plain"},
        Wish{"identity", "", "plain"}, Wish{"deflate", "", "plain"}, Wish{"", "", "plain"},
        Wish{"*;q=0", "", "plain"}, Wish{"gzip;q=x", "", "plain"}}) {
    const Answer answer = coded(wish.accepted);
    EXPECT_EQ(field_of(answer, "Content-Encoding"), wish.coding) << wish.accepted;
    EXPECT_EQ(field_of(answer, "Vary"), "Accept-Encoding") << wish.accepted;
    EXPECT_EQ(field_of(answer, "Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_EQ(body_of(answer), wish.body) << wish.accepted;
  }
}

TEST_F(StaticFilesCodingsTest, EachHasATagOfItsOwn) {
  for (const char* name : {"app.js", "app.js.gz", "app.js.br"}) write(name, "same size");
  const std::string plain = field_of(ask("/app.js"), "ETag");
  const std::string brotli = field_of(coded("br"), "ETag");
  EXPECT_NE(plain, brotli);
  EXPECT_NE(field_of(coded("gzip"), "ETag"), brotli);
  EXPECT_EQ(ask("/app.js", {{"Accept-Encoding", "br"}, {"If-None-Match", plain}}).head.status, 200);
  const Answer same = ask("/app.js", {{"Accept-Encoding", "br"}, {"If-None-Match", brotli}});
  EXPECT_EQ(same.head.status, 304);
  EXPECT_EQ(field_of(same, "Vary"), "Accept-Encoding") << "RFC 9110 15.4.5";
}

TEST_F(StaticFilesCodingsTest, RangesAreOfWhatIsSent) {
  const Answer answer = ask("/app.js", {{"Accept-Encoding", "br"}, {"Range", "bytes=0-2"}});
  EXPECT_EQ(answer.head.status, 206);
  EXPECT_EQ(field_of(answer, "Content-Range"), "bytes 0-2/8");
  EXPECT_EQ(field_of(answer, "Content-Encoding"), "br");
  EXPECT_EQ(body_of(answer), "bro");
}

TEST_F(StaticFilesCodingsTest, AnOlderOneIsOfAnotherVersion) {
  set_time("app.js", kModified + 1);
  EXPECT_EQ(body_of(coded("br")), "plain");
  EXPECT_EQ(field_of(coded("br"), "Vary"), "") << "there is nothing else now";
}

TEST_F(StaticFilesCodingsTest, OnlyOfWhatIsWorthIt) {
  write("picture.png", "pixels");
  write("picture.png.gz", "never");
  EXPECT_EQ(body_of(coded("gzip", "/picture.png")), "pixels");
  EXPECT_EQ(field_of(coded("gzip", "/picture.png"), "Vary"), "");
}

TEST_F(StaticFilesCodingsTest, AskedForByItsOwnNameItIsAFile) {
  EXPECT_EQ(body_of(coded("gzip")), "gzipped");
  const Answer answer = coded("gzip", "/app.js.gz");
  EXPECT_EQ(field_of(answer, "Content-Type"), "application/gzip");
  EXPECT_EQ(field_of(answer, "Content-Encoding"), "");
  EXPECT_NE(field_of(answer, "ETag"), field_of(coded("gzip"), "ETag"));
}

TEST_F(StaticFilesCodingsTest, SiblingsThatAreNoFilesOrLeadOutAreNone) {
  namespace fs = std::filesystem;
  write("x.css", "plain");
  fs::create_directory(folder_ / "www/x.css.br");
  fs::create_symlink("../outside.txt", folder_ / "www/x.css.zst");
  ASSERT_EQ(::mkfifo((folder_ / "www/x.css.gz").c_str(), 0600), 0);
  EXPECT_EQ(body_of(coded("br, zstd, gzip", "/x.css")), "plain");
}

TEST_F(StaticFilesCodingsTest, IndexesHaveThemToo) {
  write("index.html.gz", "zipped home");
  EXPECT_EQ(body_of(coded("gzip", "/")), "zipped home");
  EXPECT_EQ(field_of(coded("gzip", "/"), "Content-Type"), "text/html; charset=utf-8");
}

}  // namespace
}  // namespace autohttps
