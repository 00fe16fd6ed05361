#include <autohttps/acme/store/pointer_watch.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace autohttps::acme {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::milliseconds;

// The pointers lie in memory, the marks in a real folder: flips with and without a mark can be
// made.
class PointerWatchTest : public testing::Test {
 protected:
  PointerWatch watch(PointerWatch::Timing timing) {
    return PointerWatch(
        store_, clock_, changes_, [this](std::string_view pointer) { told(pointer); }, timing);
  }
  void flip(const std::string& id, int generation) {
    const std::string target = "generations/" + std::to_string(generation);
    store_.put("certificates/" + id + "/" + target + "/cert.pem", "x",
               Store::Survives::process_end);
    const auto lock = store_.lock("certificates/" + id, clock_.steady(), {});
    store_.point(*lock, "certificates/" + id + "/current", target);
  }
  void mark(const std::string& id) {
    folder_.write("elsewhere", "1\n");
    fs::rename(folder_ / "elsewhere", fs::path(changes_) / id);  // as the store's put does
  }
  void told(std::string_view pointer) {
    const std::lock_guard guard(mutex_);
    ++told_[std::string(pointer)];
    changed_.notify_all();
  }
  bool waits_for(const std::string& pointer, int times = 1) {
    std::unique_lock guard(mutex_);
    return changed_.wait_for(guard, std::chrono::seconds(5),
                             [&] { return told_[pointer] >= times; });
  }

  TemporaryFolder folder_;
  std::string changes_ = folder_ / "changes";
  SystemClock clock_;
  MemoryStore store_{clock_};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> told_;  // guarded by mutex_
};

constexpr PointerWatch::Timing kMarksOnly{hours(1), hours(1)};
constexpr PointerWatch::Timing kScans{milliseconds(5), milliseconds(5)};
constexpr PointerWatch::Timing kPolls{hours(1), milliseconds(5)};

TEST_F(PointerWatchTest, TellsOfAMarkAtOnce) {
  fs::create_directory(changes_);
  const PointerWatch watching = watch(kMarksOnly);
  mark("a.test");
  EXPECT_TRUE(waits_for("certificates/a.test/current"));
  mark("a.test");
  EXPECT_TRUE(waits_for("certificates/a.test/current", 2));
  fs::remove(fs::path(changes_) / "a.test");
  EXPECT_TRUE(waits_for("certificates/a.test/current", 3)) << "removed certificates too";
}

TEST_F(PointerWatchTest, PassesOverNamesThatAreNone) {
  fs::create_directory(changes_);
  const PointerWatch watching = watch(kMarksOnly);
  mark(".hidden");
  mark("a b");
  mark("a.test");
  EXPECT_TRUE(waits_for("certificates/a.test/current"));
  const std::lock_guard guard(mutex_);
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(PointerWatchTest, FindsFlipsThatNobodyMarked) {
  fs::create_directory(changes_);
  flip("a.test", 1);
  const PointerWatch watching = watch(kScans);
  flip("a.test", 2);
  EXPECT_TRUE(waits_for("certificates/a.test/current"));
  flip("b.test", 1);
  EXPECT_TRUE(waits_for("certificates/b.test/current"));
  store_.remove("certificates/b.test");
  EXPECT_TRUE(waits_for("certificates/b.test/current", 2)) << "gone is a change";
}

TEST_F(PointerWatchTest, WhatWasThereBeforeIsNoChange) {
  fs::create_directory(changes_);
  flip("old.test", 1);
  const PointerWatch watching = watch(kScans);
  flip("new.test", 1);
  EXPECT_TRUE(waits_for("certificates/new.test/current"));
  const std::lock_guard guard(mutex_);
  EXPECT_FALSE(told_.contains("certificates/old.test/current"));
}

TEST_F(PointerWatchTest, PollsUntilTheFolderIsThere) {
  const PointerWatch watching = watch(kPolls);
  flip("a.test", 1);
  EXPECT_TRUE(waits_for("certificates/a.test/current"));
}

TEST_F(PointerWatchTest, FindsItsFolderAgainWhenItWasDeletedOrReplaced) {
  fs::create_directory(changes_);
  const PointerWatch watching = watch(kPolls);
  fs::remove_all(changes_);
  fs::create_directory(changes_);
  // Flipped, then marked, as the store does: before the new folder is watched the scan that follows
  // sees the flip, afterwards the mark tells of it.
  flip("a.test", 1);
  mark("a.test");
  EXPECT_TRUE(waits_for("certificates/a.test/current"));
  fs::rename(changes_, folder_ / "moved away");
  fs::create_directory(changes_);
  flip("b.test", 1);
  mark("b.test");
  EXPECT_TRUE(waits_for("certificates/b.test/current"));
}

TEST_F(PointerWatchTest, AStoreThatCannotBeReadForAWhileEndsNothing) {
  const auto disk = store_.disk();
  MemoryStore watched(disk, clock_);
  const PointerWatch watching(
      watched, clock_, changes_, [this](std::string_view pointer) { told(pointer); }, kScans);
  flip("a.test", 1);
  EXPECT_TRUE(waits_for("certificates/a.test/current"));
  watched.fail_reads(true);
  flip("a.test", 2);
  watched.fail_reads(false);
  EXPECT_TRUE(waits_for("certificates/a.test/current", 2));
}

}  // namespace
}  // namespace autohttps::acme
