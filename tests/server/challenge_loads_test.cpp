#include <autohttps/server/tls/challenge_loads.h>
#include <autohttps/tests/support/test_certificates.h>

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

// A store across a slow network: reads wait until the test lets them go.
class SlowAnswers final : public ChallengeAnswers {
 public:
  std::optional<std::string> key_authorization(std::string_view) const override { return {}; }
  std::shared_ptr<const CertifiedKey> tls_alpn(std::string_view name) const override {
    std::unique_lock lock(mutex_);
    ++reading_;
    most_ = std::max(most_, reading_);
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --reading_;
    return name == "a.test" ? answer : nullptr;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait_for_readers(std::size_t count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reading_ >= count; });
  }
  std::size_t most() const {
    const std::lock_guard lock(mutex_);
    return most_;
  }

  const std::shared_ptr<const CertifiedKey> answer = TestCa::self_signed({"a.test"}).certified();

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::size_t reading_ = 0, most_ = 0;
  bool open_ = false;
};

using Answer = std::shared_ptr<const CertifiedKey>;

// What `ready` was told; the future throws when it was dropped.
std::pair<ChallengeLoads::Ready, std::future<Answer>> question() {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  return {[promise](Answer answer) { promise->set_value(std::move(answer)); }, std::move(future)};
}

TEST(ChallengeLoadsTest, ReadsOnAnotherThread) {
  SlowAnswers answers;
  ChallengeLoads loads(answers);
  auto [ready, there] = question();
  auto [other_ready, not_there] = question();
  ASSERT_TRUE(loads.load("a.test", std::move(ready)));  // does not wait
  ASSERT_TRUE(loads.load("b.test", std::move(other_ready)));
  answers.open();
  EXPECT_EQ(there.get(), answers.answer);
  EXPECT_EQ(not_there.get(), nullptr);
}

TEST(ChallengeLoadsTest, SoManyAtATimeAndNoMoreWait) {
  SlowAnswers answers;
  ChallengeLoads loads(answers);
  std::vector<std::future<Answer>> futures;
  const auto ask = [&] {
    auto [ready, future] = question();
    if (!loads.load("a.test", std::move(ready))) return false;
    futures.push_back(std::move(future));
    return true;
  };
  for (std::size_t i = 0; i < ChallengeLoads::kMostAtOnce; ++i) ASSERT_TRUE(ask());
  answers.wait_for_readers(ChallengeLoads::kMostAtOnce);
  for (std::size_t i = 0; i < ChallengeLoads::kMostWaiting; ++i) ASSERT_TRUE(ask()) << i;
  EXPECT_FALSE(ask());
  answers.open();
  for (std::future<Answer>& future : futures) EXPECT_EQ(future.get(), answers.answer);
  EXPECT_EQ(answers.most(), ChallengeLoads::kMostAtOnce);
  EXPECT_TRUE(ask());
}

TEST(ChallengeLoadsTest, AnEndAnswersThoseWhoWaitWithNothing) {
  SlowAnswers answers;
  auto loads = std::make_unique<ChallengeLoads>(answers);
  std::vector<std::future<Answer>> futures;
  for (std::size_t i = 0; i < ChallengeLoads::kMostAtOnce + 3; ++i) {
    auto [ready, future] = question();
    ASSERT_TRUE(loads->load("a.test", std::move(ready)));
    futures.push_back(std::move(future));
  }
  answers.wait_for_readers(ChallengeLoads::kMostAtOnce);
  std::thread ending([&] { loads.reset(); });
  EXPECT_EQ(futures.back().get(), nullptr);
  answers.open();
  EXPECT_EQ(futures.front().get(), answers.answer);
  ending.join();
}

}  // namespace
}  // namespace autohttps
