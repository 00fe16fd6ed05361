// RELIABILITY F30, F34, F36 on real files, disks and processes.
#include <autohttps/acme/store/file_store.h>
#include <autohttps/common/error.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/tests/support/in_child.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace autohttps::acme {
namespace {

namespace fs = std::filesystem;
using Survives = Store::Survives;

std::optional<Error> error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

// A file system with next to no room, seen by this process only, and gone with it or before. In a
// chroot "/" may be no mount of its own, whose propagation cannot be ended: then the unmount
// counts.
class SmallDisk {
 public:
  SmallDisk(const fs::path& path, const char* options) : path_(path) {
    if (::geteuid() != 0 && ::unshare(CLONE_NEWUSER) != 0) {
      throw std::runtime_error("user namespace");
    }
    if (::unshare(CLONE_NEWNS) != 0 ||
        (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 && errno != EINVAL) ||
        ::mount("none", path.c_str(), "tmpfs", 0, options) != 0) {
      throw std::runtime_error("mounting a tmpfs");
    }
  }
  ~SmallDisk() { ::umount2(path_.c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  fs::path path_;
};

class F30_DiskFull : public testing::Test {
 protected:
  // Fills the disk, has every operation fail, makes room again. Returns what was not as it should
  // be.
  std::string lives_through_a_full_disk(const std::function<void()>& fill,
                                        const std::function<void()>& make_room) {
    const auto store = open_file_store(folder_.path(), clock_);
    store->put("accounts/ca/default/key.pem", "secret", Survives::power_cut);
    store->append("ledger/l", "one");
    store->put("certificates/a/generations/1/cert.pem", "1", Survives::process_end);
    const auto lock = store->lock("certificates/a", clock_.steady(), {});
    store->point(*lock, "certificates/a/current", "generations/1");
    fill();
    const std::string large(20'000, 'x');
    for (const Survives survives : {Survives::power_cut, Survives::process_end}) {
      const auto error =
          error_of([&] { store->put("accounts/ca/default/key.pem", large, survives); });
      if (!error) return "put went through";
      if (error->code() != ErrorCode::storage) return error->what();
      if (error->hint().find("free space") == std::string::npos) return "hint: " + error->hint();
    }
    if (!error_of([&] { store->append("ledger/l", large); })) return "append went through";
    if (!error_of([&] { store->put("new/folder/key", large, Survives::power_cut); })) return "new";
    if (store->get("accounts/ca/default/key.pem") != "secret") return "the old value is lost";
    if (store->get("ledger/l") != "one\n") return "the ledger is torn";
    if (store->target("certificates/a/current") != "generations/1") return "the pointer is lost";
    if (!fs::is_empty(folder_ / "tmp")) return "something is left in tmp/";
    make_room();
    store->append("ledger/l", "two");
    store->put("accounts/ca/default/account.json", large, Survives::power_cut);
    if (store->get("ledger/l") != "one\ntwo\n") return "the ledger does not go on";
    return "well";
  }

  TemporaryFolder folder_;
  ManualClock clock_;
};

TEST_F(F30_DiskFull, OldValuesStayAndTheHintSaysWhatToDo) {
  EXPECT_EQ(in_child([&] {
              const SmallDisk disk(folder_.path(), "size=200k");
              return lives_through_a_full_disk(
                  [&] { folder_.write("lost+found/filler", std::string(400'000, 'x')); },
                  [&] { fs::remove(folder_ / "lost+found/filler"); });
            }),
            "well");
}

TEST_F(F30_DiskFull, SoItIsWithoutInodes) {
  EXPECT_EQ(in_child([&] {
              const SmallDisk disk(folder_.path(), "size=10m,nr_inodes=40");
              std::string outcome = lives_through_a_full_disk(
                  [&] {
                    for (int i = 0; i < 50; ++i) folder_.write("run/" + std::to_string(i), "");
                    // Bytes are short as well: a line needs no inode.
                    folder_.write("run/0", std::string(20'000'000, 'x'));
                  },
                  [&] { fs::remove_all(folder_ / "run"); });
              return outcome;
            }),
            "well");
}

TEST_F(F30_DiskFull, RemovingMakesRoom) {
  EXPECT_EQ(in_child([&]() -> std::string {
              const SmallDisk disk(folder_.path(), "size=10m,nr_inodes=20");
              const auto store = open_file_store(folder_.path(), clock_);
              store->put("certificates/a/generations/1/cert.pem", "1", Survives::process_end);
              fs::remove_all(folder_ / "tmp");
              for (int i = 0; i < 30; ++i) folder_.write("run/" + std::to_string(i), "");
              store->remove("certificates/a/generations/1");
              return store->list("certificates/a/generations").empty() ? "well" : "still there";
            }),
            "well");
}

TEST_F(F30_DiskFull, AWriteThatEndsHalfWayLeavesTheOldValue) {
  EXPECT_EQ(in_child([&]() -> std::string {
              const auto store = open_file_store(folder_ / "store", clock_);
              store->put("a/b", "old", Survives::power_cut);
              store->append("a/l", "one");
              ::signal(SIGXFSZ, SIG_IGN);
              const rlimit limit{1000, 1000};
              if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return "setrlimit";
              const std::string large(5000, 'x');
              if (!error_of([&] { store->put("a/b", large, Survives::power_cut); })) return "put";
              if (!error_of([&] { store->append("a/l", large); })) return "append";
              if (store->get("a/l") != "one\n") return "torn";
              if (!fs::is_empty(folder_ / "store/tmp")) return "left over";
              return store->get("a/b").value_or("lost");
            }),
            "old");
}

class F34_LinksInTheStore : public testing::Test {
 protected:
  F34_LinksInTheStore() { folder_.write("outside/file", "untouched"); }
  void TearDown() override {
    EXPECT_EQ(folder_.read("outside/file"), "untouched");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "outside"), {}), 1);
  }
  fs::path in_store(std::string_view key) {
    const fs::path path = folder_ / "store" / key;
    fs::create_directories(path.parent_path());
    return path;
  }
  void refuses(const std::function<void()>& action) {
    const auto error = error_of(action);
    ASSERT_TRUE(error);
    EXPECT_NE(error->hint().find("link"), std::string::npos) << error->what() << error->hint();
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<Store> store_ = open_file_store(folder_ / "store", clock_);
};

TEST_F(F34_LinksInTheStore, ALinkAtTheFinalNameIsReplacedAndNotWrittenThrough) {
  fs::create_symlink("../../outside/file", in_store("a/symbolic"));
  fs::create_hard_link(folder_ / "outside/file", in_store("a/hard"));
  for (const char* key : {"a/symbolic", "a/hard"}) {
    store_->put(key, "secret", Survives::power_cut);
    EXPECT_EQ(store_->get(key), "secret");
    EXPECT_FALSE(fs::is_symlink(folder_ / "store" / key));
  }
}

TEST_F(F34_LinksInTheStore, AFileIsNotReadThroughASymbolicLink) {
  fs::create_symlink("../../outside/file", in_store("a/b"));
  refuses([&] { store_->get("a/b"); });
}

TEST_F(F34_LinksInTheStore, AFolderIsNotFollowedOutside) {
  fs::create_directory_symlink("../outside", in_store("a"));
  refuses([&] { store_->put("a/b", "secret", Survives::power_cut); });
  refuses([&] { store_->put("a/new/b", "secret", Survives::process_end); });
  refuses([&] { store_->get("a/file"); });
  refuses([&] { store_->append("a/file", "secret"); });
  refuses([&] { store_->remove("a/file"); });
  refuses([&] { store_->list("a"); });
  refuses([&] { store_->quarantine("a/file", "x"); });
}

TEST_F(F34_LinksInTheStore, TheTemporaryFolderIsNotFollowedEither) {
  fs::remove_all(folder_ / "store/tmp");
  fs::create_directory_symlink("../outside", in_store("tmp"));
  refuses([&] { store_->put("a/b", "secret", Survives::power_cut); });
  const auto again = open_file_store(folder_ / "store", clock_);  // and not swept through
}

TEST_F(F34_LinksInTheStore, NothingIsAppendedThroughALink) {
  fs::create_symlink("../../outside/file", in_store("ledger/symbolic"));
  fs::create_hard_link(folder_ / "outside/file", in_store("ledger/hard"));
  refuses([&] { store_->append("ledger/symbolic", "line"); });
  refuses([&] { store_->append("ledger/hard", "line"); });
}

TEST_F(F34_LinksInTheStore, NoLockIsTakenThroughALink) {
  fs::create_symlink("../../outside/file", in_store("locks/symbolic"));
  fs::create_hard_link(folder_ / "outside/file", in_store("locks/hard"));
  refuses([&] { store_->lock("symbolic", clock_.steady(), {}); });
  refuses([&] { store_->lock("hard", clock_.steady(), {}); });
}

TEST_F(F34_LinksInTheStore, RemovingTakesTheLinkAndNotWhatItLeadsTo) {
  fs::create_directory_symlink("../../outside", in_store("a/folder"));
  fs::create_directory_symlink("../../../outside", in_store("a/tree/folder"));
  store_->remove("a/folder");
  store_->remove("a/tree");
  EXPECT_FALSE(fs::exists(fs::symlink_status(folder_ / "store/a/folder")));
}

TEST_F(F34_LinksInTheStore, APointerLeadsToGenerationsOnly) {
  for (const char* target : {"../../../outside", "/etc", "generations", "generations/../../x",
                             "generations/1x", "generations/1/../../..", ""}) {
    const fs::path link = in_store("certificates/a/current");
    fs::remove(link);
    if (*target != '\0') fs::create_symlink(target, link);
    EXPECT_EQ(store_->target("certificates/a/current"), std::nullopt) << target;
  }
}

TEST_F(F34_LinksInTheStore, AGenerationIsNotPointedAtThroughALink) {
  fs::create_directory_symlink("../../../../outside", in_store("certificates/a/generations/1"));
  const auto lock = store_->lock("certificates/a", clock_.steady(), {});
  refuses([&] { store_->point(*lock, "certificates/a/current", "generations/1"); });
}

TEST_F(F34_LinksInTheStore, APipeInAFilesPlaceIsNoWayToHangUs) {
  ASSERT_EQ(::mkfifo(in_store("a/pipe").c_str(), 0600), 0);
  EXPECT_TRUE(error_of([&] { store_->get("a/pipe"); }));
  EXPECT_TRUE(error_of([&] { store_->append("a/pipe", "line"); }));
}

// Another process that holds a lock until it is ended.
class Holder {
 public:
  Holder(const fs::path& path, const std::string& name) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    const OwnedFd reading(ends[0]);
    OwnedFd writing(ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) hold(path, name, writing.get());
    writing.reset();
    char ready = 0;
    if (::read(reading.get(), &ready, 1) != 1) throw std::runtime_error("the holder did not start");
  }
  ~Holder() { end(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  pid_t pid() const { return pid_; }
  void stop() const {
    ::kill(pid_, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
  }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

 private:
  [[noreturn]] static void hold(const fs::path& path, const std::string& name, int ready) {
    ManualClock clock;
    const auto store = open_file_store(path, clock);
    const auto lock = store->lock(name, clock.steady(), {});
    if (::write(ready, "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }

  pid_t pid_ = -1;
};

class F36_TwoProcesses : public testing::Test {
 protected:
  std::optional<Error> lock_error() {
    return error_of([&] { store_->lock("certificates/a", clock_.steady(), {}); });
  }
  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<Store> store_ = open_file_store(folder_ / "store", clock_);
};

TEST_F(F36_TwoProcesses, TheSecondIsToldWhoHoldsTheLock) {
  Holder holder(folder_ / "store", "certificates/a");
  const auto error = lock_error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::locked);
  const std::string text = error->what();
  EXPECT_NE(text.find("process " + std::to_string(holder.pid()) + " (\"" +
                      std::string(program_invocation_short_name)),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("since 2027-01-15T08:00:00Z"), std::string::npos) << text;
  EXPECT_NE(error->hint().find("kill"), std::string::npos);
}

TEST_F(F36_TwoProcesses, AKilledHolderHoldsNothing) {
  Holder holder(folder_ / "store", "certificates/a");
  EXPECT_TRUE(lock_error());
  holder.end();
  EXPECT_FALSE(lock_error());
}

TEST_F(F36_TwoProcesses, AStoppedHolderKeepsTheLockAndIsNamedAsStopped) {
  Holder holder(folder_ / "store", "certificates/a");
  holder.stop();
  const auto error = lock_error();
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("stopped"), std::string::npos) << error->what();
  EXPECT_NE(error->hint().find("kill -CONT " + std::to_string(holder.pid())), std::string::npos)
      << error->hint();
}

TEST_F(F36_TwoProcesses, AHolderThatCannotBeReadIsStillAHolder) {
  Holder holder(folder_ / "store", "certificates/a");
  for (const char* text : {"", "garbage", "x y z\n", "-5 \x1b[2J now\n"}) {
    folder_.write("store/locks/certificates+a", text);
    const auto error = lock_error();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ErrorCode::locked);
    EXPECT_EQ(std::string(error->what()).find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace autohttps::acme
