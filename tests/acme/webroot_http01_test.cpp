#include <autohttps/acme/challenges/webroot_http01.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/thrown_error.h>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <filesystem>

namespace autohttps::acme {
namespace {

namespace fs = std::filesystem;

const std::string kToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const std::string kAnswer = kToken + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const std::string kFolder = ".well-known/acme-challenge/";

ChallengeContext context(const std::string& token = kToken, const std::string& answer = kAnswer) {
  return {Identifier::parse("a.test"), token, answer};
}

std::size_t files_below(const fs::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) ++count;
  }
  return count;
}

class WebrootHttp01Test : public testing::Test {
 protected:
  TemporaryFolder root_;
  WebrootHttp01 solver_{root_.path()};
};

TEST_F(WebrootHttp01Test, TheAnswerIsThereWhilePresentedAndGoneAfterwards) {
  {
    const auto presentation = solver_.present(context(), {});
    EXPECT_EQ(root_.read(kFolder + kToken), kAnswer);
  }
  EXPECT_EQ(files_below(root_.path()), 0u);
  EXPECT_TRUE(fs::is_directory(root_ / kFolder)) << "folders are left";
}

TEST_F(WebrootHttp01Test, OthersMayReadItWhateverTheUmask) {
  const mode_t before = ::umask(0777);
  const auto presentation = solver_.present(context(), {});
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat((root_ / (kFolder + kToken)).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0644u);
  for (const char* folder : {".well-known", ".well-known/acme-challenge"}) {
    ASSERT_EQ(::stat((root_ / folder).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0755u) << folder;
  }
}

TEST_F(WebrootHttp01Test, SeveralAnswersAreUpAtOnce) {
  const auto first = solver_.present(context(), {});
  const auto second = solver_.present(context("another-token-of-some-length", "other"), {});
  EXPECT_EQ(files_below(root_.path()), 2u);
}

TEST_F(WebrootHttp01Test, OurOwnAnswerLeftByACrashIsTakenUp) {
  root_.write(kFolder + kToken, kAnswer);
  solver_.present(context(), {}).reset();
  EXPECT_EQ(files_below(root_.path()), 0u);
}

TEST_F(WebrootHttp01Test, WildcardsAreAnObstacle) {
  EXPECT_FALSE(solver_.obstacle(Identifier::parse("a.test")));
  EXPECT_TRUE(solver_.obstacle(Identifier::parse("*.a.test")));
}

TEST_F(WebrootHttp01Test, ARootThatIsNoFolderIsRefusedWithTheNextStep) {
  root_.write("file", "");
  for (const char* name : {"file", "missing"}) {
    const auto error = thrown_error([&] { WebrootHttp01 solver(root_ / name); });
    ASSERT_TRUE(error) << name;
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_FALSE(error->hint().empty());
  }
}

// lego CVE-2026-40611: a token with ../ wrote and deleted any file.
TEST(F21_HostileTokens, NothingIsWrittenOutsideTheWebroot) {
  TemporaryFolder folder;
  fs::create_directories(folder / "a/b/root");
  WebrootHttp01 solver(folder / "a/b/root");
  const std::vector<std::string> tokens = {"",
                                           ".",
                                           "..",
                                           "../../../../escaped-the-webroot",
                                           "../escaped-the-webroot-x",
                                           "/tmp/escaped-x",
                                           std::string("nul-in-the-middle\0of-it-all", 27),
                                           "%2e%2e%2fescaped-the-webroot",
                                           "a/b/c/d/e/f/g/h/i/j",
                                           "$(touch escaped-the-webroot)",
                                           "`touch escaped-webroot`",
                                           std::string(10240, 'a'),
                                           "too-short",
                                           "new\nline-in-the-token"};
  for (const std::string& token : tokens) {
    const auto error = thrown_error([&] { solver.present(context(token, "answer"), {}); });
    ASSERT_TRUE(error) << token;
    EXPECT_EQ(error->code(), ErrorCode::protocol);
  }
  EXPECT_EQ(files_below(folder.path()), 0u);
}

TEST(F34_PlantedLinks, NoSymlinkBelowTheWebrootIsFollowed) {
  for (const char* planted : {".well-known", ".well-known/acme-challenge"}) {
    TemporaryFolder folder;
    fs::create_directories(folder / "elsewhere/acme-challenge");
    fs::create_directories((folder / "root" / planted).parent_path());
    fs::create_directory_symlink(folder / "elsewhere", folder / "root" / planted);
    WebrootHttp01 solver(folder / "root");
    const auto error = thrown_error([&] { solver.present(context(), {}); });
    ASSERT_TRUE(error) << planted;
    EXPECT_FALSE(error->hint().empty());
    EXPECT_EQ(files_below(folder / "elsewhere"), 0u);
  }
}

TEST(F34_PlantedLinks, NoLinkIsWrittenThroughAndNoForeignFileIsTouched) {
  TemporaryFolder folder;
  folder.write("victim", "precious");
  folder.write("root/" + kFolder + "x", "");
  WebrootHttp01 solver(folder / "root");
  const fs::path target = folder / ("root/" + kFolder + kToken);

  fs::create_symlink(folder / "victim", target);
  EXPECT_TRUE(thrown_error([&] { solver.present(context(), {}); }));
  EXPECT_EQ(folder.read("victim"), "precious");
  EXPECT_TRUE(fs::is_symlink(target)) << "what is not ours is not removed";
  fs::remove(target);

  fs::create_hard_link(folder / "victim", target);
  EXPECT_TRUE(thrown_error([&] { solver.present(context(kToken, "precious"), {}); }));
  EXPECT_EQ(folder.read("victim"), "precious");
  fs::remove(target);

  folder.write("root/" + kFolder + kToken, "foreign");
  EXPECT_TRUE(thrown_error([&] { solver.present(context(), {}); }));
  EXPECT_EQ(folder.read("root/" + kFolder + kToken), "foreign");
  fs::remove(target);

  fs::create_directory(target);
  EXPECT_TRUE(thrown_error([&] { solver.present(context(), {}); }));
}

}  // namespace
}  // namespace autohttps::acme
