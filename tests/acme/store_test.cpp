// The contract of acme/store/store.h, held to by the one on files and the one for tests alike.
#include <autohttps/acme/store/file_store.h>
#include <autohttps/acme/store/store.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace autohttps::acme {
namespace {

using Survives = Store::Survives;
using Names = std::vector<std::string>;

// Two processes on one store, as far as one test process can be two.
class StoreTest : public testing::TestWithParam<const char*> {
 protected:
  StoreTest() {
    if (std::string_view(GetParam()) == "memory") {
      const auto disk = std::make_shared<MemoryDisk>();
      store_ = std::make_unique<MemoryStore>(disk, clock_);
      other_ = std::make_unique<MemoryStore>(disk, clock_);
    } else {
      store_ = open_file_store(folder_ / "store", clock_);
      other_ = open_file_store(folder_ / "store", clock_);
    }
  }

  ErrorCode lock_error(std::string_view name, std::stop_token stop = {}) {
    try {
      other_->lock(name, clock_.steady() + std::chrono::seconds(1), stop);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<Store> store_, other_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest, testing::Values("files", "memory"),
                         [](const auto& made) { return std::string(made.param); });

TEST_P(StoreTest, GivesBackWhatWasPutToEveryProcess) {
  EXPECT_EQ(store_->get("a/b"), std::nullopt);
  const std::string bytes("\0\r\n\xff", 4);
  store_->put("a/b", bytes, Survives::power_cut);
  EXPECT_EQ(other_->get("a/b"), bytes);
  store_->put("a/b", "", Survives::process_end);
  EXPECT_EQ(other_->get("a/b"), "");
}

TEST_P(StoreTest, ListsOneLevelSorted) {
  EXPECT_EQ(store_->list("a"), Names{});
  store_->put("a/c/d", "1", Survives::process_end);
  store_->put("a/b", "2", Survives::process_end);
  store_->put("ab", "3", Survives::process_end);
  EXPECT_EQ(store_->list("a"), (Names{"b", "c"}));
}

TEST_P(StoreTest, RefusesKeysThatAreNone) {
  for (const std::string key : {"", "/", "a/", "/a", "a//b", ".", "..", "a/../b", ".a", "a/.tmp",
                                "a b", "a\\b", "a\nb", "ä"}) {
    EXPECT_THROW(store_->get(key), Error) << key;
    EXPECT_THROW(store_->put(key, "x", Survives::process_end), Error) << key;
    EXPECT_THROW(store_->remove(key), Error) << key;
    EXPECT_THROW(store_->append(key, "x"), Error) << key;
    EXPECT_THROW(store_->quarantine(key, "x"), Error) << key;
    EXPECT_THROW(store_->list(key), Error) << key;
    EXPECT_THROW(store_->target(key), Error) << key;
  }
  EXPECT_THROW(store_->get(std::string("a\0b", 3)), Error);
  EXPECT_THROW(store_->get(std::string(201, 'a')), Error);
  store_->put(std::string(200, 'a') + "/_.b@,+=~-", "x", Survives::process_end);
}

TEST_P(StoreTest, RemovesAKeyAndAllBelow) {
  store_->put("a/b/c", "1", Survives::power_cut);
  store_->put("a/b/d/e", "1", Survives::power_cut);
  store_->put("a/bc", "1", Survives::power_cut);
  store_->remove("a/b");
  EXPECT_EQ(store_->get("a/b/c"), std::nullopt);
  EXPECT_EQ(store_->get("a/b/d/e"), std::nullopt);
  EXPECT_EQ(store_->list("a"), Names{"bc"});
  store_->remove("a/bc", Survives::process_end);
  EXPECT_EQ(store_->get("a/bc"), std::nullopt);
  store_->remove("a/bc");
  store_->remove("never/was");
}

TEST_P(StoreTest, AppendsLines) {
  store_->append("ledger/x.jsonl", "one");
  other_->append("ledger/x.jsonl", "two");
  EXPECT_EQ(store_->get("ledger/x.jsonl"), "one\ntwo\n");
}

TEST_P(StoreTest, CutsATornLastLineBeforeItAppends) {
  store_->put("ledger/x", "one\ntw", Survives::power_cut);
  store_->append("ledger/x", "three");
  EXPECT_EQ(store_->get("ledger/x"), "one\nthree\n");
  store_->put("ledger/x", "torn from the start", Survives::power_cut);
  store_->append("ledger/x", "four");
  EXPECT_EQ(store_->get("ledger/x"), "four\n");
}

TEST_P(StoreTest, PointsAtAGeneration) {
  const auto lock = store_->lock("certificates/a", clock_.steady(), {});
  EXPECT_EQ(store_->target("certificates/a/current"), std::nullopt);
  store_->put("certificates/a/generations/1/cert.pem", "1", Survives::process_end);
  store_->put("certificates/a/generations/2/deep/cert.pem", "2", Survives::process_end);
  store_->point(*lock, "certificates/a/current", "generations/1");
  EXPECT_EQ(other_->target("certificates/a/current"), "generations/1");
  store_->point(*lock, "certificates/a/current", "generations/2");
  EXPECT_EQ(other_->target("certificates/a/current"), "generations/2");
  EXPECT_EQ(store_->list("certificates/a"), (Names{"current", "generations"}));
}

TEST_P(StoreTest, RefusesToPointAtWhatIsNotThere) {
  const auto lock = store_->lock("certificates/a", clock_.steady(), {});
  store_->put("certificates/a/generations/1/cert.pem", "1", Survives::process_end);
  store_->point(*lock, "certificates/a/current", "generations/1");
  for (const char* target : {"generations/2", "generations/../..", "generations/01", "generations/",
                             "/etc", "generations/1/", "generations/9999999999999999999"}) {
    EXPECT_THROW(store_->point(*lock, "certificates/a/current", target), Error) << target;
  }
  EXPECT_EQ(store_->target("certificates/a/current"), "generations/1");
}

TEST_P(StoreTest, LocksExcludeEachOtherUntilTheyEnd) {
  auto lock = store_->lock("certificates/a", clock_.steady(), {});
  EXPECT_EQ(lock->name(), "certificates/a");
  EXPECT_TRUE(lock->held());
  EXPECT_EQ(lock_error("certificates/a"), ErrorCode::locked);
  EXPECT_THROW(store_->lock("certificates/a", clock_.steady(), {}), Error) << "not even the same";
  EXPECT_TRUE(other_->lock("certificates/b", clock_.steady(), {})->held());
  lock.reset();
  EXPECT_TRUE(other_->lock("certificates/a", clock_.steady(), {})->held());
}

TEST_P(StoreTest, WaitsForALockAsLongAsItWasTold) {
  const auto lock = store_->lock("a", clock_.steady(), {});
  const SteadyTime begin = clock_.steady();
  EXPECT_EQ(lock_error("a"), ErrorCode::locked);
  EXPECT_EQ(clock_.steady() - begin, std::chrono::seconds(1));
}

TEST_P(StoreTest, StopsWaitingForALockWhenToldTo) {
  const auto lock = store_->lock("a", clock_.steady(), {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(lock_error("a", stop.get_token()), ErrorCode::canceled);
}

TEST_P(StoreTest, MovesAsideWithTheReason) {
  store_->put("certificates/a/state.json", "garbage", Survives::power_cut);
  store_->quarantine("certificates/a/state.json", "not JSON");
  EXPECT_EQ(store_->get("certificates/a/state.json"), std::nullopt);
  store_->put("certificates/a/pending/order.json", "again", Survives::power_cut);
  store_->quarantine("certificates/a/pending", "half");
  store_->quarantine("certificates/a/never", "was there");
  const Names aside = store_->list("quarantine");
  ASSERT_EQ(aside.size(), 2U);
  const std::string first = "quarantine/" + aside[0];
  EXPECT_EQ(store_->get(first + "/certificates/a/state.json"), "garbage");
  EXPECT_EQ(store_->get(first + "/why.txt"), "not JSON\n");
  EXPECT_EQ(store_->get("quarantine/" + aside[1] + "/certificates/a/pending/order.json"), "again");
}

// Collects what a watch tells, and waits for it.
class Told {
 public:
  void operator()(std::string_view pointer) {
    const std::lock_guard guard(mutex_);
    pointers_.emplace(pointer);
    changed_.notify_all();
  }
  bool wait_for(const std::string& pointer) {
    std::unique_lock guard(mutex_);
    return changed_.wait_for(guard, std::chrono::seconds(5),
                             [&] { return pointers_.contains(pointer); });
  }
  std::size_t size() {
    const std::lock_guard guard(mutex_);
    return pointers_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> pointers_;  // guarded by mutex_
};

TEST_P(StoreTest, TellsOfFlipsOfOtherProcesses) {
  Told told;
  const auto watch = store_->watch([&](std::string_view pointer) { told(pointer); });
  const auto lock = other_->lock("certificates/a", clock_.steady(), {});
  other_->put("certificates/a/generations/1/cert.pem", "1", Survives::process_end);
  other_->point(*lock, "certificates/a/current", "generations/1");
  other_->put("changes/a", "1\n", Survives::process_end);
  EXPECT_TRUE(told.wait_for("certificates/a/current"));
}

TEST_P(StoreTest, TellsNothingOnceTheSubscriptionEnded) {
  Told told;
  store_->watch([&](std::string_view pointer) { told(pointer); }).reset();
  const auto lock = other_->lock("certificates/a", clock_.steady(), {});
  other_->put("certificates/a/generations/1/cert.pem", "1", Survives::process_end);
  other_->point(*lock, "certificates/a/current", "generations/1");
  other_->put("changes/a", "1\n", Survives::process_end);
  EXPECT_EQ(told.size(), 0U);
}

TEST_P(StoreTest, ReadersSeeWholeValuesWhileTheyChange) {
  const std::string one(50'000, '1'), two(70'000, '2');
  store_->put("a/b", one, Survives::process_end);
  std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      other_->put("a/b", two, Survives::process_end);
      other_->put("a/b", one, Survives::process_end);
    }
  });
  for (int i = 0; i < 200; ++i) {
    const auto value = store_->get("a/b");
    ASSERT_TRUE(value == one || value == two);
  }
}

}  // namespace
}  // namespace autohttps::acme
