#include <autohttps/acme/store/file_store.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/in_child.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace autohttps::acme {
namespace {

namespace fs = std::filesystem;
using Survives = Store::Survives;

class FileStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open() { return open_file_store(path_, clock_); }
  std::optional<Error> opening_error() {
    return error_of([&] { open(); });
  }
  static std::optional<Error> error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error;
    }
    return std::nullopt;
  }
  static unsigned mode(const fs::path& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
  }
  static std::string said(const std::optional<Error>& error) {
    return error ? std::string(error->what()) + " [" + error->hint() + "]" : "nothing";
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "store";
  ManualClock clock_;
};
using F32_StateFolder = FileStoreTest;
using F33_Version = FileStoreTest;
using F35_Umask = FileStoreTest;

TEST_F(FileStoreTest, BeginsInAFolderThatIsNotThereYet) {
  path_ = folder_ / "deep/er/store";
  const auto store = open();
  EXPECT_EQ(store->describe(), path_);
  EXPECT_EQ(folder_.read("deep/er/store/version"), "1.0\n");
  EXPECT_EQ(mode(path_), 0700U);
  open();  // and is the same afterwards
}

TEST_F(FileStoreTest, MakesAnEmptyFolderItsOwn) {
  fs::create_directory(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0755), 0);
  open();
  EXPECT_EQ(mode(path_), 0700U);
}

TEST_F(FileStoreTest, RefusesAFolderThatHoldsOtherThings) {
  folder_.write("store/.bashrc", "alias ll='ls -l'");
  ASSERT_EQ(::chmod(path_.c_str(), 0755), 0);
  const auto error = opening_error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_NE(said(error).find(".bashrc"), std::string::npos) << said(error);
  EXPECT_EQ(mode(path_), 0755U) << "nothing of it is changed";
  EXPECT_FALSE(fs::exists(path_ / "version"));
}

TEST_F(FileStoreTest, RefusesAFileInPlaceOfTheFolder) {
  folder_.write("store", "");
  EXPECT_NE(said(opening_error()).find("not a directory"), std::string::npos);
  EXPECT_THROW(open_file_store("", clock_), Error);
}

TEST_F(FileStoreTest, FilesAndFoldersAreTheOwnersOnly) {
  const auto store = open();
  store->put("accounts/ca/default/key.pem", "secret", Survives::power_cut);
  store->append("ledger/ca.jsonl", "{}");
  const auto lock = store->lock("certificates/a", clock_.steady(), {});
  for (const auto& entry : fs::recursive_directory_iterator(path_)) {
    EXPECT_EQ(mode(entry.path()), entry.is_directory() ? 0700U : 0600U) << entry.path();
  }
}

TEST_F(FileStoreTest, LeavesNothingInTheFolderForWhatIsUnderWay) {
  const auto store = open();
  store->put("a/b", "1", Survives::power_cut);
  store->put("a/b", "2", Survives::process_end);
  store->remove("a");
  EXPECT_TRUE(fs::is_empty(path_ / "tmp"));
}

TEST_F(FileStoreTest, SweepsWhatCrashesLeft) {
  open();
  folder_.write("store/tmp/1-1-old", "half");
  folder_.write("store/tmp/1-2-removed/a/b", "doomed");
  folder_.write("store/tmp/1-3-young", "of a process at work");
  fs::last_write_time(path_ / "tmp/1-1-old",
                      fs::file_time_type::clock::now() - std::chrono::hours(2));
  open();
  EXPECT_FALSE(fs::exists(path_ / "tmp/1-1-old"));
  EXPECT_FALSE(fs::exists(path_ / "tmp/1-2-removed"));
  EXPECT_TRUE(fs::exists(path_ / "tmp/1-3-young"));
}

TEST_F(FileStoreTest, ReadsNoMoreThanItsBound) {
  const auto store = open();
  folder_.write("store/a/b", std::string((8U << 20) + 1, 'x'));
  EXPECT_NE(said(error_of([&] { store->get("a/b"); })).find("large"), std::string::npos);
  EXPECT_THROW(store->put("a/c", std::string((8U << 20) + 1, 'x'), Survives::process_end), Error);
}

TEST_F(FileStoreTest, DoesNotShowOrTouchForeignFiles) {
  const auto store = open();
  folder_.write("store/certificates/a notes.txt", "mine");
  folder_.write("store/certificates/.hidden", "mine");
  store->put("certificates/a/spec.json", "{}", Survives::process_end);
  EXPECT_EQ(store->list("certificates"), std::vector<std::string>{"a"});
  EXPECT_EQ(folder_.read("store/certificates/a notes.txt"), "mine");
}

TEST_F(FileStoreTest, TheDefaultPlaceIsTheServiceManagersElseTheUsers) {
  const auto said_by = [](const char* name, const char* value) {
    return in_child([=] {
      for (const char* other : {"STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"}) ::unsetenv(other);
      ::setenv(name, value, 1);
      if (::geteuid() == 0 && ::seteuid(65534) != 0) return std::string("seteuid");
      return default_store_path().string();
    });
  };
  EXPECT_EQ(said_by("STATE_DIRECTORY", "/var/lib/mine:/var/lib/other"), "/var/lib/mine");
  EXPECT_EQ(said_by("XDG_STATE_HOME", "/home/a/state"), "/home/a/state/autohttps");
  EXPECT_EQ(said_by("HOME", "/home/a"), "/home/a/.local/state/autohttps");
  EXPECT_NE(said_by("XDG_STATE_HOME", "relative").find("HOME is not set"), std::string::npos);
}

TEST_F(F32_StateFolder, OthersLoseTheRightToWrite) {
  open();
  ASSERT_EQ(::chmod(path_.c_str(), 0777), 0);
  open();
  EXPECT_EQ(mode(path_), 0700U);
}

TEST_F(F32_StateFolder, AnAdministratorsGroupMayStillRead) {
  open();
  ASSERT_EQ(::chmod(path_.c_str(), 0750), 0);
  open();
  EXPECT_EQ(mode(path_), 0750U);
}

TEST_F(F32_StateFolder, AnotherUsersStoreIsRefusedAndNamed) {
  open();
  ASSERT_EQ(::chmod(path_.c_str(), 0755), 0);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  // Root's folder, seen by nobody; or, not being root, any folder of root's.
  const bool root = ::geteuid() == 0;
  const std::string said = in_child([&] {
    if (root && ::seteuid(65534) != 0) return std::string("seteuid");
    open_file_store(root ? path_ : fs::path("/usr"), clock_);
    return std::string("opened");
  });
  EXPECT_NE(said.find("belongs to \"root\" (uid 0)"), std::string::npos) << said;
}

TEST_F(F32_StateFolder, DeletedLiveIsSaidAndNotBegunAnew) {
  const auto store = open();
  store->put("a/b", "1", Survives::power_cut);
  fs::rename(path_, folder_ / "elsewhere");
  EXPECT_NE(said(error_of([&] { store->get("a/b"); })).find("is gone"), std::string::npos);
  EXPECT_THROW(store->put("a/b", "2", Survives::power_cut), Error);
  EXPECT_FALSE(fs::exists(path_));
  fs::create_directory(path_);
  EXPECT_NE(said(error_of([&] { store->put("a/b", "2", Survives::power_cut); })).find("empty"),
            std::string::npos);
  EXPECT_TRUE(fs::is_empty(path_));
}

TEST_F(F32_StateFolder, RestoredFromABackupIsTakenUpAndOldLocksAreLost) {
  const auto store = open();
  store->put("certificates/a/generations/1/cert.pem", "1", Survives::power_cut);
  const auto lock = store->lock("certificates/a", clock_.steady(), {});
  fs::copy(path_, folder_ / "backup", fs::copy_options::recursive);
  fs::rename(path_, folder_ / "broken");
  fs::rename(folder_ / "backup", path_);
  EXPECT_EQ(store->get("certificates/a/generations/1/cert.pem"), "1");
  EXPECT_FALSE(lock->held());
  const auto error =
      error_of([&] { store->point(*lock, "certificates/a/current", "generations/1"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::locked);
  EXPECT_TRUE(store->lock("certificates/a", clock_.steady(), {})->held());
}

TEST_F(F32_StateFolder, ALockWhoseFileIsRemovedIsLost) {
  const auto store = open();
  const auto lock = store->lock("certificates/a", clock_.steady(), {});
  fs::remove_all(path_ / "locks");
  EXPECT_FALSE(lock->held());
}

TEST_F(F32_StateFolder, AFlattenedPointerIsMovedAsideAndRebuilt) {
  const auto store = open();
  folder_.write("store/certificates/a/current/fullchain.pem", "copied");
  store->put("certificates/a/generations/3/fullchain.pem", "3", Survives::process_end);
  EXPECT_EQ(store->target("certificates/a/current"), std::nullopt);
  const auto lock = store->lock("certificates/a", clock_.steady(), {});
  store->point(*lock, "certificates/a/current", "generations/3");
  EXPECT_EQ(fs::read_symlink(path_ / "certificates/a/current"), "generations/3");
  const auto aside = store->list("quarantine");
  ASSERT_EQ(aside.size(), 1U);
  EXPECT_EQ(store->get("quarantine/" + aside[0] + "/certificates/a/current/fullchain.pem"),
            "copied");
}

TEST_F(F32_StateFolder, AFolderWhereAFileShouldBeIsAnErrorAndCanBeMovedAside) {
  const auto store = open();
  folder_.write("store/a/state.json/x", "?");
  EXPECT_THROW(store->get("a/state.json"), Error);
  EXPECT_THROW(store->put("a/state.json", "{}", Survives::power_cut), Error);
  EXPECT_TRUE(fs::is_empty(path_ / "tmp"));
  store->quarantine("a/state.json", "a folder");
  store->put("a/state.json", "{}", Survives::power_cut);
  EXPECT_EQ(store->get("a/state.json"), "{}");
}

TEST_F(F32_StateFolder, AStoreThatLostItsVersionIsStillAStore) {
  open()->put("accounts/ca/default/key.pem", "secret", Survives::power_cut);
  fs::remove(path_ / "version");
  EXPECT_EQ(open()->get("accounts/ca/default/key.pem"), "secret");
  EXPECT_EQ(folder_.read("store/version"), "1.0\n");
}

TEST_F(F33_Version, ADamagedVersionIsMovedAsideAndWrittenAnew) {
  for (const char* text : {"", "1", "1.0", "x.0\n", "1.\n", "0.1\n", "-1.0\n", "99999999999.0\n"}) {
    open();
    folder_.write("store/version", text);
    const auto store = open();
    EXPECT_EQ(folder_.read("store/version"), "1.0\n") << text;
  }
  EXPECT_EQ(open()->list("quarantine").size(), 8U);
}

TEST_F(F33_Version, ANewerMajorVersionIsRefused) {
  open();
  folder_.write("store/version", "2.0\n");
  const auto error = opening_error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::storage);
  EXPECT_NE(said(error).find("version 2.0"), std::string::npos) << said(error);
}

TEST_F(F33_Version, ANewerMinorVersionIsServedAndNotChanged) {
  open()->put("a/b", "1", Survives::power_cut);
  folder_.write("store/version", "1.7\n");
  const auto store = open();
  EXPECT_EQ(store->get("a/b"), "1");
  EXPECT_NE(said(error_of([&] { store->put("a/b", "2", Survives::power_cut); })).find("1.7"),
            std::string::npos);
  EXPECT_THROW(store->append("a/c", "x"), Error);
  EXPECT_THROW(store->remove("a"), Error);
  EXPECT_THROW(store->quarantine("a/b", "x"), Error);
  EXPECT_THROW(store->lock("a", clock_.steady(), {}), Error);
  EXPECT_EQ(store->get("a/b"), "1");
  store->watch([](std::string_view) {}).reset();
}

TEST_F(F35_Umask, ModesAreTheSameUnderAnyUmask) {
  for (const mode_t mask : {0, 0777}) {
    path_ = folder_ / ("store" + std::to_string(mask));
    const std::string outcome = in_child([&]() -> std::string {
      ::umask(mask);
      // Without root's right to read everything, as the store's user is.
      if (::geteuid() == 0 &&
          (::chown(folder_.path().c_str(), 65534, 65534) != 0 ||
           ::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0)) {
        return "setresuid";
      }
      const auto store = open();
      store->put("a/b/c", "1", Survives::power_cut);
      store->append("ledger/l", "1");
      const auto lock = store->lock("certificates/a", clock_.steady(), {});
      store->put("certificates/a/generations/1/cert.pem", "1", Survives::process_end);
      store->point(*lock, "certificates/a/current", "generations/1");
      store->put("a/b/d", "garbage", Survives::process_end);
      store->quarantine("a/b/d", "garbage");
      return store->get("a/b/c").value_or("not there");
    });
    EXPECT_EQ(outcome, "1");
    for (const auto& entry : fs::recursive_directory_iterator(path_)) {
      if (entry.is_symlink()) continue;
      EXPECT_EQ(mode(entry.path()), entry.is_directory() ? 0700U : 0600U) << entry.path();
    }
  }
}

TEST_F(F35_Umask, WhatRootMakesBelongsToTheStoresOwner) {
  if (::geteuid() != 0) return;  // only root can be somebody else
  open();
  ASSERT_EQ(::chown(path_.c_str(), 65534, 65534), 0);
  ASSERT_EQ(::chown((path_ / "version").c_str(), 65534, 65534), 0);
  const auto store = open();
  store->put("a/b", "1", Survives::power_cut);
  store->append("ledger/l", "1");
  const auto lock = store->lock("certificates/a", clock_.steady(), {});
  for (const auto& entry : fs::recursive_directory_iterator(path_)) {
    struct stat status {};
    ASSERT_EQ(::lstat(entry.path().c_str(), &status), 0);
    // tmp/ is older than the change of owner.
    const uid_t owner = entry.path().filename() == "tmp" ? 0 : 65534;
    EXPECT_EQ(status.st_uid, owner) << entry.path();
  }
}

}  // namespace
}  // namespace autohttps::acme
