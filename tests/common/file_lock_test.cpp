#include <autohttps/common/file_lock.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>

namespace autohttps {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

class FileLockTest : public testing::Test {
 protected:
  OwnedFd open() {
    return OwnedFd(::open((folder_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  }
  std::optional<FileLock> take() {
    OwnedFd file = open();
    return FileLock::try_take(file, kNow);
  }
  LockHolder holder_after(std::string_view text) {
    folder_.write("lock", text);
    return lock_holder(open().get());
  }
  TemporaryFolder folder_;
};

TEST_F(FileLockTest, ExcludesEvenItsOwnProcess) {
  std::optional<FileLock> lock = take();
  ASSERT_TRUE(lock);
  EXPECT_FALSE(take());
  lock.reset();
  EXPECT_TRUE(take());
}

TEST_F(FileLockTest, SaysWhoHoldsIt) {
  folder_.write("lock", std::string(500, 'x'));  // of a holder before
  const std::optional<FileLock> lock = take();
  const LockHolder holder = lock_holder(open().get());
  EXPECT_EQ(holder.pid, ::getpid());
  EXPECT_EQ(holder.since, "2027-01-15T08:00:00Z");
  EXPECT_FALSE(holder.stopped);
  EXPECT_NE(holder.text().find("process " + std::to_string(::getpid()) + " (\"" +
                               std::string(program_invocation_short_name)),
            std::string::npos)
      << holder.text();
  EXPECT_NE(holder.hint().find("kill " + std::to_string(::getpid())), std::string::npos);
}

TEST_F(FileLockTest, NoArgumentOfTheCommandIsWrittenDown) {
  const std::optional<FileLock> lock = take();
  EXPECT_EQ(folder_.read("lock").find("gtest"), std::string::npos);
}

TEST_F(FileLockTest, WhatCannotBeReadIsAnotherProcess) {
  for (const std::string& text :
       {std::string(), std::string("garbage"), std::string("x y z\n"), std::string("-1 a b\n"),
        std::string("99999999999 a b\n"), std::string(300, '\0')}) {
    EXPECT_EQ(holder_after(text).text(), "another process") << text;
    EXPECT_NE(holder_after(text).hint(), "");
  }
  EXPECT_EQ(holder_after("4711 now \x1b[2Jx\n").text().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace autohttps
