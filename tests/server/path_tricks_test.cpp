// Nothing outside the root, ever: names, links, special files.
#include <autohttps/tests/server/static_files_fixture.h>

#include <autohttps/common/owned_fd.h>
#include <autohttps/tests/support/in_child.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

class PathTricksTest : public StaticFilesFixture {
 protected:
  // As the engine would: what is no head never reaches the files.
  Answer ask_raw(const std::string& target) const {
    const std::string text = "GET " + target + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
    HeadView head;
    const HeadResult result = HeadScanner().scan(text, HeadLimits(), head);
    if (result.kind == HeadResult::Kind::refused) return status_answer(result.status);
    return files_->answer(head, head.resource);
  }
};

struct Trick {
  std::string target;
  int status;
};

TEST_F(PathTricksTest, NamesThatWouldLeadOut) {
  write("docs/page.txt", "public");
  folder_.write("www2/secret.txt", "secret");
  const std::vector<Trick> table = {
      {"/..", 404},
      {"/../", 404},
      {"/../outside.txt", 404},
      {"/docs/../../outside.txt", 404},
      {"/docs/..", 404},
      {"/docs/.", 404},
      {"/./docs/page.txt", 404},
      {"/docs/../docs/page.txt", 404},
      {"/%2e%2e/outside.txt", 404},
      {"/%2E%2e/outside.txt", 404},
      {"/.%2e/outside.txt", 404},
      {"/%2e./outside.txt", 404},
      {"/%2e/docs/page.txt", 404},
      {"/docs/%2e%2e/%2e%2e/outside.txt", 404},
      {"/%252e%252e/outside.txt", 404},  // decoded once: a name with a "%" in it
      {"/%2e%2e%2foutside.txt", 404},
      {"/..%2foutside.txt", 404},
      {"/docs%2f..%2f..%2foutside.txt", 404},
      {"/docs%2fpage.txt", 404},
      {"/docs%2Fpage.txt", 404},
      {"/..%5coutside.txt", 404},
      {"/..%5Coutside.txt", 404},
      {"/..\\outside.txt", 404},
      {"/docs\\page.txt", 404},
      {"/docs\\..\\..\\outside.txt", 404},
      {"/%5c..%5coutside.txt", 404},
      {"/../www2/secret.txt", 404},
      {"/%c0%ae%c0%ae/outside.txt", 404},  // overlong UTF-8 for ".."
      {"/%e0%80%ae%e0%80%ae/outside.txt", 404},
      {"/..%c0%afoutside.txt", 404},
      {"/%uff0e%uff0e/outside.txt", 400},
      {"/%ef%bc%8e%ef%bc%8e/outside.txt", 404},  // full-width ".."
      {"/...", 404},
      {"/..../outside.txt", 404},
      {"/docs./page.txt", 404},
      {"/docs/page.txt.", 404},
      {"/docs/page.txt%20", 404},
      {"/docs/page.txt::$DATA", 404},
      {"/docs/page.txt/", 404},
      {"/docs/page.txt/.", 404},
      {"/docs/page.txt/..", 404},
      {"/docs/page.txt/../../../outside.txt", 404},
      {"/docs/page.txt%00", 400},
      {"/docs/page.txt%00.html", 400},
      {"/%00", 400},
      {"/..%00/outside.txt", 400},
      {std::string("/docs/page.txt\0", 15), 400},
      {"/docs/page.txt%", 400},
      {"/docs/page.txt%2", 400},
      {"/%zz", 400},
      {"/docs/page.txt%0a", 404},
      {"/docs/page.txt\n", 400},
      {"/docs/pa\rge.txt", 400},
      {"/docs/\x7f", 400},
      {"../outside.txt", 400},
      {"outside.txt", 400},
      {"file:///etc/passwd", 400},
      {"//etc/passwd", 404},
      {"///etc/passwd", 404},
      {"/~root/.profile", 404},
      {"/~", 404},
      {"/.env", 404},
      {"/%2eenv", 404},
      {"/.git/config", 404},
      {"/docs/.hidden", 404},
      {"/.well-known/../.env", 404},
      {"/.well-known/.env", 404},
      {"/.WELL-KNOWN/security.txt", 404},
      {"/DOCS/page.txt", 404},
      {"/" + std::string(255, 'n'), 404},
      {"/" + std::string(256, 'n'), 404},  // ENAMETOOLONG
      {"/" + std::string(5'000, 'n'), 404},
      {"/" + std::string(9'000, 'n'), 414},
      {[] {
         std::string deep;
         for (int i = 0; i < 2'500; ++i) deep += "/d";  // PATH_MAX
         return deep;
       }(),
       404},
      {"/docs/page.txt", 200},
      {"//docs//page.txt", 200},
      {"/docs/%70age.txt", 200},
      {"/docs/page.txt?../../outside.txt", 200},
      {"/docs/page.txt?%00", 200},
  };
  for (const Trick& trick : table) {
    const Answer answer = ask_raw(trick.target);
    EXPECT_EQ(answer.head.status, trick.status) << trick.target.substr(0, 80);
    EXPECT_EQ(body_of(answer).find("secret"), std::string::npos) << trick.target.substr(0, 80);
  }
}

TEST_F(PathTricksTest, LinksLeadOnlyBeneathTheRoot) {
  write("docs/page.txt", "public");
  const auto link = [&](const fs::path& to, const char* name) {
    fs::create_symlink(to, folder_ / ("www/" + std::string(name)));
  };
  link("docs", "inside");
  link("docs/page.txt", "page.txt");
  link("docs/../docs/page.txt", "about.txt");
  link("../www/docs/page.txt", "out-and-in.txt");
  link("../outside.txt", "relative.txt");
  link(folder_ / "outside.txt", "absolute.txt");
  link(folder_ / "www/docs/page.txt", "absolute-inside.txt");
  link("..", "up");
  link("docs/../..", "longer-up");
  link("/", "root");
  link("/proc/self/root", "magic");
  link("/proc/self/cwd", "magic-cwd");
  link("/proc/self/fd", "magic-fd");
  link("loop", "loop");
  link("nowhere", "broken");
  link("relative.txt", "link-to-link");
  for (const Trick& trick : {Trick{"/inside/page.txt", 200},
                             {"/page.txt", 200},
                             {"/about.txt", 200},
                             {"/out-and-in.txt", 404},
                             {"/relative.txt", 404},
                             {"/absolute.txt", 404},
                             {"/absolute-inside.txt", 404},
                             {"/up/outside.txt", 404},
                             {"/up/www/docs/page.txt", 404},
                             {"/up/", 404},
                             {"/longer-up/outside.txt", 404},
                             {"/root/etc/passwd", 404},
                             {"/magic/etc/passwd", 404},
                             {"/magic-cwd/", 404},
                             {"/magic-fd/0", 404},
                             {"/loop", 404},
                             {"/loop/x", 404},
                             {"/broken", 404},
                             {"/link-to-link", 404}}) {
    const Answer answer = ask(trick.target);
    EXPECT_EQ(answer.head.status, trick.status) << trick.target;
    EXPECT_EQ(body_of(answer).find("secret"), std::string::npos) << trick.target;
  }
}

TEST_F(PathTricksTest, WhatIsNoRegularFileIsNoneAndHoldsNobody) {
  ASSERT_EQ(::mkfifo((folder_ / "www/pipe").c_str(), 0600), 0);
  const OwnedFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder_ / "www/socket";
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(std::begin(address.sun_path), path.size());
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(status("/pipe"), 404);
  EXPECT_EQ(status("/socket"), 404);
  EXPECT_EQ(status("/pipe/"), 404);
  files_ = std::make_unique<StaticFiles>(StaticFilesOptions{.root = "/dev"});
  EXPECT_EQ(status("/null"), 404);
  EXPECT_EQ(status("/zero"), 404);
  EXPECT_EQ(status("/fd/0"), 404);
  EXPECT_EQ(status("/stdin"), 404);
}

TEST_F(PathTricksTest, WhatMayNotBeReadSaysSo) {
  write("private.txt", "secret");
  write("closed/page.txt", "secret");
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::permissions(folder_ / "www/private.txt", fs::perms::none);
  fs::permissions(folder_ / "www/closed", fs::perms::none);
  EXPECT_EQ(
      in_child([&]() -> std::string {
        constexpr uid_t kNobody = 65'534;
        if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) return "uid";
        std::string statuses;
        for (const char* target : {"/private.txt", "/closed/page.txt", "/closed/", "/docs/"}) {
          statuses += std::to_string(status(target)) + " ";
        }
        return statuses;
      }),
      "403 403 403 200 ");
  fs::permissions(folder_ / "www/closed", fs::perms::owner_all);
}

}  // namespace
}  // namespace autohttps
