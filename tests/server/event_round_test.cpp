#include <autohttps/common/owned_fd.h>
#include <autohttps/server/engine/event_round.h>
#include <autohttps/server/engine/leader_threads.h>

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace autohttps {
namespace {

// Its threads, and the rounds that they were in at each event and at each job.
class Rounds : public LeaderThreads::Work {
 public:
  Rounds() {
    for (std::size_t i = 0; i < fds_.size(); ++i) {
      epoll_event event{EPOLLIN | EPOLLET, {.u64 = i}};
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fds_[i].get(), &event);
    }
  }
  ~Rounds() override {
    threads_.stop([this] { happen(0); });
  }

  void start() { ASSERT_TRUE(threads_.start()); }
  void happen(std::size_t which) {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(fds_[which].get(), &one, sizeof one), ssize_t{sizeof one});
  }
  void queue() { EXPECT_TRUE(threads_.queue(1)); }
  std::vector<std::uint64_t> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return rounds_.size() >= count; });
    return rounds_;
  }

  int wait_ms() noexcept override { return -1; }
  void collect(std::vector<epoll_event>&) noexcept override {}
  void handle(const epoll_event& event) noexcept override {
    note();
    if (event.data.u64 != kGivesAway) return;
    EXPECT_TRUE(threads_.give_away());
    note();
  }
  void run(std::uint64_t) noexcept override { note(); }

  static constexpr std::size_t kGivesAway = 2;

 private:
  void note() {
    const std::lock_guard lock(mutex_);
    rounds_.push_back(event_round());
    changed_.notify_all();
  }

  std::mutex mutex_;  // guards rounds_
  std::condition_variable changed_;
  std::vector<std::uint64_t> rounds_;
  Counters counters_;
  const OwnedFd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  const std::array<OwnedFd, 3> fds_{OwnedFd(::eventfd(0, EFD_CLOEXEC)),
                                    OwnedFd(::eventfd(0, EFD_CLOEXEC)),
                                    OwnedFd(::eventfd(0, EFD_CLOEXEC))};
  LeaderThreads threads_{epoll_.get(), *this, counters_, 8, 8};
};

TEST(EventRoundTest, IsTheSameForWhatWasTakenTogetherAndNeverUsedAgain) {
  Rounds rounds;
  rounds.happen(0);
  rounds.happen(1);
  rounds.start();
  const std::vector<std::uint64_t> together = rounds.wait_for(2);
  EXPECT_NE(together[0], 0U);
  EXPECT_EQ(together[0], together[1]);
  rounds.happen(0);
  const std::uint64_t later = rounds.wait_for(3)[2];
  EXPECT_NE(later, 0U);
  EXPECT_NE(later, together[0]);
}

TEST(EventRoundTest, EndsWithTheLeadAndIsNoneForJobs) {
  Rounds rounds;
  rounds.happen(Rounds::kGivesAway);
  rounds.start();
  const std::vector<std::uint64_t> away = rounds.wait_for(2);
  EXPECT_NE(away[0], 0U);
  EXPECT_EQ(away[1], 0U);
  rounds.queue();
  EXPECT_EQ(rounds.wait_for(3)[2], 0U);
}

}  // namespace
}  // namespace autohttps
