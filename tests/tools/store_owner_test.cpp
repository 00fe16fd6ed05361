#include <autohttps/common/error.h>
#include <autohttps/tests/support/in_child.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tools/autohttps/store_owner.h>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace autohttps::tools {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kOwner = 65534;

std::string users() {
  uid_t real = 1, effective = 1, saved = 1;
  ::getresuid(&real, &effective, &saved);
  return std::to_string(real) + " " + std::to_string(effective) + " " + std::to_string(saved);
}

class StoreOwnerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can act for somebody else";
    fs::permissions(folder_.path(), fs::perms(0711));
    fs::create_directory(store_);
    ASSERT_EQ(::chown(store_.c_str(), kOwner, kOwner), 0);
  }

  TemporaryFolder folder_;
  fs::path store_ = folder_ / "store";
};

TEST_F(StoreOwnerTest, ActsAsTheOwnerAndComesBack) {
  const std::string seen = in_child([&] {
    std::string steps;
    {
      const ActingAsOwner acting(store_);
      steps += users() + ", ";
      {
        const AsRoot as_root;
        steps += users() + ", ";
      }
      steps += users() + ", ";
    }
    return steps + users();
  });
  EXPECT_EQ(seen, "0 65534 0, 0 0 0, 0 65534 0, 0 0 0");
}

TEST_F(StoreOwnerTest, HasNoneOfRootsGroupsMeanwhile) {
  const std::string seen = in_child([&] {
    const ActingAsOwner acting(store_);
    std::string groups = std::to_string(::getegid());
    gid_t list[64];
    const int count = ::getgroups(64, list);
    for (int i = 0; i < count; ++i) groups += " " + std::to_string(list[i]);
    return groups;
  });
  EXPECT_EQ(seen, "65534 65534");
}

TEST_F(StoreOwnerTest, RootsOwnStoreAndNoStoreChangeNothing) {
  fs::create_directory(folder_ / "roots");
  for (const char* store : {"roots", "absent"}) {
    const std::string seen = in_child([&] {
      const ActingAsOwner acting(folder_ / store, Missing::make);
      give_up_root();
      return users();
    });
    EXPECT_EQ(seen, "0 0 0") << store;
    EXPECT_FALSE(fs::exists(folder_ / "absent"));
  }
}

TEST_F(StoreOwnerTest, WhoIsNotRootStaysWhoHeIs) {
  const std::string seen = in_child([&] {
    if (::setresuid(1, 1, 1) != 0) return std::string("setresuid");
    const ActingAsOwner acting(store_);
    const AsRoot as_root;
    give_up_root();
    return users();
  });
  EXPECT_EQ(seen, "1 1 1");
}

TEST_F(StoreOwnerTest, GivingUpRootIsForGood) {
  const std::string seen = in_child([&] {
    std::string steps;
    {
      const ActingAsOwner acting(store_);
      give_up_root();
      steps += users() + ", ";
      const AsRoot as_root;
      steps += users() + ", ";
      if (::seteuid(0) == 0 || ::setuid(0) == 0) steps += "root again, ";
      if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) steps += "new privileges, ";
    }
    return steps + users();
  });
  EXPECT_EQ(seen, "65534 65534 65534, 65534 65534 65534, 65534 65534 65534");
}

TEST_F(StoreOwnerTest, MemoryStaysHiddenThroughEveryChange) {
  const std::string seen = in_child([&] {
    const auto dumpable = [] { return std::to_string(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)); };
    hide_memory();
    std::string steps = dumpable();
    {
      const ActingAsOwner acting(store_);
      steps += dumpable();
      { const AsRoot as_root; }
      steps += dumpable();
    }
    steps += dumpable();
    const ActingAsOwner acting(store_);
    give_up_root();
    return steps + dumpable();
  });
  EXPECT_EQ(seen, "00000");
}

TEST_F(StoreOwnerTest, AClosedFolderAboveIsSaidAndLeavesUsRoot) {
  fs::permissions(folder_.path(), fs::perms(0700));
  const std::string seen = in_child([&]() -> std::string {
    try {
      const ActingAsOwner acting(store_);
    } catch (const Error& error) {
      return users() + " " + error.what();
    }
    return "nothing";
  });
  EXPECT_NE(seen.find("0 0 0 the store "), std::string::npos) << seen;
  EXPECT_NE(seen.find("cannot reach it"), std::string::npos) << seen;
}

}  // namespace
}  // namespace autohttps::tools
