#include <autohttps/server/httplib/worker_pool.h>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

std::shared_ptr<std::atomic<std::size_t>> counter() {
  return std::make_shared<std::atomic<std::size_t>>(0);
}

TEST(WorkerPoolTest, DoesAllThatWasQueuedBeforeItShutsDown) {
  std::atomic<int> done = 0;
  const auto waiting = counter();
  {
    WorkerPool pool(4, waiting);
    for (int i = 0; i < 1000; ++i) pool.enqueue([&] { ++done; });
    pool.shutdown();
    EXPECT_EQ(done, 1000);
  }
  EXPECT_EQ(*waiting, 0U);
}

TEST(WorkerPoolTest, GrowsToItsBoundAndTellsHowManyWait) {
  const auto waiting = counter();
  WorkerPool pool(3, waiting);
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  std::atomic<int> begun = 0;
  for (int i = 0; i < 5; ++i) {
    pool.enqueue([&, open] {
      ++begun;
      open.wait();
    });
  }
  while (begun < 3) std::this_thread::yield();
  EXPECT_EQ(begun, 3);
  EXPECT_EQ(*waiting, 2U);
  gate.set_value();
  pool.shutdown();
  EXPECT_EQ(begun, 5);
  EXPECT_EQ(*waiting, 0U);
}

TEST(WorkerPoolTest, AJobsExceptionEndsThatJobOnly) {
  std::atomic<int> done = 0;
  WorkerPool pool(1, counter());
  pool.enqueue([] { throw std::runtime_error("one connection's trouble"); });
  pool.enqueue([&] { ++done; });
  pool.shutdown();
  EXPECT_EQ(done, 1);
}

TEST(WorkerPoolTest, WithoutWorkItHasNothingToEnd) {
  WorkerPool pool(64, counter());
  pool.shutdown();
  pool.shutdown();
}

}  // namespace
}  // namespace autohttps
