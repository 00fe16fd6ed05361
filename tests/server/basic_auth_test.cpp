#include <autohttps/server/sites/basic_auth.h>

#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

using Verdict = BasicAuth::Verdict;

// "secret", and "other".
constexpr const char* kBob = "bob:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";
constexpr const char* kBobsOther =
    "bob:$5$rounds=1000$salt$CCvcOM6b7TEJDPb37Aec/9UpOg4QhPNAxPpL9ZzjTB7\n";
constexpr const char* kAnn =
    "ann:$5$rounds=1000$salt$CCvcOM6b7TEJDPb37Aec/9UpOg4QhPNAxPpL9ZzjTB7\n";
constexpr const char* kBobSecret = "Basic Ym9iOnNlY3JldA==";
constexpr const char* kAnnSecret = "Basic YW5uOnNlY3JldA==";

HeadView head_with(const std::vector<const char*>& values) {
  HeadView head;
  for (const char* value : values) head.fields.push_back({"authorization", value});
  return head;
}

class BasicAuthTest : public ::testing::Test {
 protected:
  BasicAuthTest() { write(kBob); }
  // As a file that was written a while ago, so that a look at its time is enough.
  void write(const std::string& text) {
    folder_.write("users", text);
    static int minutes = 0;
    std::filesystem::last_write_time(
        path_, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(++minutes));
  }
  Verdict ask(const char* value) { return auth_->ask(head_with({value})); }

  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "users";
  std::vector<Event> told_;
  std::unique_ptr<BasicAuth> auth_;

  void begin() {
    auth_ = std::make_unique<BasicAuth>(path_, "a.test",
                                        [this](const Event& event) { told_.push_back(event); });
  }
};

TEST_F(BasicAuthTest, LetsInWhoKnowsThePassword) {
  begin();
  EXPECT_EQ(ask(kBobSecret), Verdict::let_in);
  EXPECT_EQ(ask("basic  Ym9iOnNlY3JldA== "), Verdict::let_in) << "RFC 9110 11.1: whatever the case";
  EXPECT_EQ(ask("Basic Ym9iOnNlY3JldA"), Verdict::let_in) << "padding is not what keeps people out";
  EXPECT_EQ(auth_->challenge(), "Basic realm=\"a.test\", charset=\"UTF-8\"");
}

TEST_F(BasicAuthTest, NobodyElse) {
  begin();
  EXPECT_EQ(auth_->ask(head_with({})), Verdict::unknown);
  for (const char* value :
       {"", "Basic", "Basic ", "Basic =", "Basic Ym9i", "Basic Ym9iOg==", "Basic Ym9iOndyb25n",
        "Basic OnNlY3JldA==", "Bearer Ym9iOnNlY3JldA==", "Basic bob:secret", "Basic Y",
        "Basic @@@@", "Basic Ym9iOnNlY3JldA==, Basic Ym9iOnNlY3JldA==", "BasicYm9iOnNlY3JldA==",
        "Basic Ym9iOnNlY3JldAA=", kAnnSecret}) {
    EXPECT_EQ(ask(value), Verdict::unknown) << value;
  }
  EXPECT_EQ(auth_->ask(head_with({kBobSecret, kBobSecret})), Verdict::unknown)
      << "two: nobody can tell whose word counts";
}

TEST_F(BasicAuthTest, AChangedFileCountsAtOnceAlsoForWhoWasLetInBefore) {
  begin();
  EXPECT_EQ(ask(kBobSecret), Verdict::let_in);
  write(kAnn);
  EXPECT_EQ(ask(kBobSecret), Verdict::unknown);
  EXPECT_EQ(ask(kAnnSecret), Verdict::let_in);
  write(std::string(kBobsOther) + kAnn);
  EXPECT_EQ(ask(kBobSecret), Verdict::let_in) << "the same password by another hash";
  EXPECT_TRUE(told_.empty());
}

TEST_F(BasicAuthTest, TwoWritesWithinOneTickAreTwo) {
  folder_.write("users", kBob);
  const auto when = std::filesystem::last_write_time(path_);
  begin();
  EXPECT_EQ(ask(kBobSecret), Verdict::let_in);
  std::string same_size(kBob);
  same_size.replace(0, 3, "eve");
  folder_.write("users", same_size);
  std::filesystem::last_write_time(path_, when);
  EXPECT_EQ(ask(kBobSecret), Verdict::unknown);
}

TEST_F(BasicAuthTest, ABrokenFileNeverOpensTheDoorAndIsToldOnce) {
  begin();
  EXPECT_EQ(ask(kBobSecret), Verdict::let_in);
  write("bob:secret\n");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(kBobSecret), Verdict::broken);
  EXPECT_EQ(auth_->ask(head_with({})), Verdict::broken);
  ASSERT_EQ(told_.size(), 1);
  EXPECT_EQ(told_[0].level, Event::Level::error);
  EXPECT_NE(told_[0].text.find("line 1: not a hash"), std::string::npos) << told_[0].text;
  EXPECT_EQ(told_[0].text.find("secret"), std::string::npos) << told_[0].text;
  write("");
  EXPECT_EQ(ask(kBobSecret), Verdict::broken);
  std::filesystem::remove(path_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(kBobSecret), Verdict::broken);
  EXPECT_EQ(told_.size(), 3) << "each other cause once";
  write(kBob);
  EXPECT_EQ(ask(kBobSecret), Verdict::let_in);
  ASSERT_EQ(told_.size(), 4);
  EXPECT_EQ(told_[3].level, Event::Level::step);
}

TEST_F(BasicAuthTest, AFileThatCannotBeUsedAtTheStartIsAnError) {
  write("bob:$apr1$x$5tGnu1K7wWsYEnUX7RBhF/\n");
  auto error = thrown_error([&] { begin(); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("users\": line 1: an MD5 hash"), std::string::npos)
      << error->what();
  EXPECT_NE(std::string(error->what()).find("htpasswd -B"), std::string::npos);
  std::filesystem::remove(path_);
  error = thrown_error([&] { begin(); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("No such file"), std::string::npos) << error->what();
  std::filesystem::create_directory(path_);
  EXPECT_TRUE(thrown_error([&] { begin(); }));
}

TEST_F(BasicAuthTest, ManyAtOnceAreAllAnswered) {
  begin();
  std::vector<std::thread> threads;
  std::vector<Verdict> verdicts(24);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    threads.emplace_back([&, i] { verdicts[i] = ask(i % 2 == 0 ? kBobSecret : kAnnSecret); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    EXPECT_EQ(verdicts[i], i % 2 == 0 ? Verdict::let_in : Verdict::unknown) << i;
  }
}

}  // namespace
}  // namespace autohttps
