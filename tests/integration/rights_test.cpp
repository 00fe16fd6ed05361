// Root's commands on a store that belongs to somebody else, and what others cannot do. As root.
#include <autohttps/common/error.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/integration/other_server.h>
#include <autohttps/tests/integration/running_server.h>
#include <autohttps/tests/support/in_child.h>

#include <sys/stat.h>

#include <filesystem>
#include <regex>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kOwner = 65534;  // nobody

void give(const fs::path& path, uid_t user) {
  if (::chown(path.c_str(), user, user) != 0) throw std::runtime_error("chown " + path.string());
}

struct stat status_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw std::runtime_error("lstat " + path.string());
  return status;
}

// The first that is not the owner's alone; empty: all are.
std::string not_the_owners(const fs::path& store) {
  std::vector<fs::path> all = {store};
  for (const auto& entry : fs::recursive_directory_iterator(store)) all.push_back(entry.path());
  for (const fs::path& path : all) {
    const struct stat status = status_of(path);
    const mode_t wanted = S_ISDIR(status.st_mode) ? 0700 : 0600;
    if (status.st_uid == kOwner && status.st_gid != 0 &&
        (S_ISLNK(status.st_mode) || (status.st_mode & 07777) == wanted)) {
      continue;
    }
    return path.string() + " uid " + std::to_string(status.st_uid) + " gid " +
           std::to_string(status.st_gid) + " mode " + std::to_string(status.st_mode & 07777);
  }
  return {};
}

std::string status_line(pid_t process, const std::string& name) {
  const std::string text = contents("/proc/" + std::to_string(process) + "/status");
  std::smatch found;
  if (!std::regex_search(text, found, std::regex("(^|\n)" + name + ":\\s*([^\n]*)"))) return {};
  return std::regex_replace(found[2].str(), std::regex("\\s+"), " ");
}

class RightsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can act for somebody else";
    fs::permissions(here_.folder.path(), fs::perms(0711));
    here_.folder.write("roots.pem", contents(here_.pebble.ca_bundle()));
    fs::create_directory(here_.store());
    give(here_.store(), kOwner);
    // Where another user can run it, whatever the build folder's modes are.
    fs::copy_file(autohttps_program(), here_.folder / "autohttps");
    fs::permissions(here_.folder / "autohttps", fs::perms(0755));
  }

  ChildResult run_as(uid_t user, const Words& words) const {
    ChildOptions child = program(words);
    child.arguments.front() = (here_.folder / "autohttps").string();
    child.user = user;
    return run_child(child);
  }

  ChildResult run_in_new_network(const Words& words) const {
    const std::string owner = std::to_string(kOwner);
    ChildOptions child = program(words);
    child.arguments.front() = (here_.folder / "autohttps").string();
    child.arguments = Words{"unshare", "--net", "setpriv",        "--reuid", owner,
                            "--regid", owner,   "--clear-groups", "--"} +
                      child.arguments;
    return run_child(child);
  }

  Words wish() const {
    Words words = here_.at_pebble();
    *std::ranges::find(words, here_.pebble.ca_bundle().string()) =
        (here_.folder / "roots.pem").string();
    return words;
  }
  ChildResult obtain(const Words& words) const {
    return here_.run(Words{"obtain"} + words + wish());
  }

  ProgramOnPebble here_;
};

TEST_F(RightsTest, WhatRootObtainsAndRenewsBelongsToTheStoresOwner) {
  const ChildResult obtained = obtain({"a.test"});
  ASSERT_EQ(obtained.exit_code, 0) << said(obtained);
  EXPECT_EQ(not_the_owners(here_.store()), "");
  const ChildResult renewed = here_.renew({"--force"});
  ASSERT_EQ(renewed.exit_code, 0) << said(renewed);
  EXPECT_EQ(not_the_owners(here_.store()), "");

  // The owner goes on with it.
  const ChildResult owners =
      run_as(kOwner, Words{"renew", "--force"} + here_.on_store() + here_.http_port());
  EXPECT_EQ(owners.exit_code, 0) << said(owners);
}

// A hook belongs to the owner of the file it is written in: never more, and never less.
TEST_F(RightsTest, HooksRunAsTheOwnerOfTheFileTheyAreWrittenIn) {
  const fs::path log = here_.folder / "log";
  here_.folder.write("log", "");
  fs::permissions(log, fs::perms(0666));
  const fs::path hook = here_.folder / "who";
  here_.folder.write("who",
                     "#!/bin/sh\necho \"$AUTOHTTPS_HOOK $1 $AUTOHTTPS_GENERATION $(id -u) "
                     "$(grep ^Uid /proc/$$/status | tr '\t' ' ')\" >> " +
                         log.string() + "\n");
  fs::permissions(hook, fs::perms(0755));
  const std::string config = (here_.folder / "autohttps.toml").string();
  here_.folder.write("autohttps.toml", "deploy = \"" + hook.string() + " file\"\n");
  const Words as_file = {"--config", config};
  const std::string of_line = "deploy line 1 65534 Uid: 65534 65534 65534 65534\n";
  const std::string of_file = "deploy file 1 0 Uid: 0 0 0 0\n";

  // The service, say: it may not run root's, and says so.
  const ChildResult owners = run_as(
      kOwner, Words{"obtain", "a.test", "--deploy", hook.string() + " line"} + wish() + as_file);
  ASSERT_EQ(owners.exit_code, 0) << said(owners);
  EXPECT_EQ(contents(log), of_line) << "the line's word, over the file's, for this run";
  const ChildResult again = run_as(kOwner, Words{"renew"} + here_.on_store() + as_file);
  EXPECT_NE(again.err.find("it belongs to root"), std::string::npos) << said(again);
  EXPECT_EQ(contents(log), of_line);
  const ChildResult status = here_.run(Words{"status"} + here_.on_store());
  EXPECT_NE(status.out.find("WAITS: it belongs to root"), std::string::npos) << said(status);

  // Root's renew from cron: nothing is due, nothing is asked of the CA.
  const ChildResult roots = here_.run(Words{"renew"} + here_.on_store() + as_file);
  EXPECT_EQ(roots.exit_code, 0) << said(roots);
  EXPECT_EQ(contents(log), of_line + of_file);
  EXPECT_EQ(not_the_owners(here_.store()), "");
  EXPECT_EQ(here_.run(Words{"renew"} + here_.on_store() + as_file).out, "");
  EXPECT_EQ(contents(log), of_line + of_file);
}

TEST_F(RightsTest, RootRunsNoHookThatOthersCanRewrite) {
  here_.folder.write("loose", "#!/bin/sh\nid > " + (here_.folder / "ran").string() + "\n");
  fs::permissions(here_.folder / "loose", fs::perms(0777));
  here_.folder.write("autohttps.toml", "deploy = \"" + (here_.folder / "loose").string() + "\"\n");
  const ChildResult result =
      obtain({"a.test", "--config", (here_.folder / "autohttps.toml").string()});
  EXPECT_EQ(result.exit_code, 5) << said(result);
  EXPECT_NE(result.err.find("others than root can write to it"), std::string::npos) << said(result);
  EXPECT_FALSE(fs::exists(here_.folder / "ran"));
}

TEST_F(RightsTest, TheUmaskChangesNothing) {
  for (const char* umask : {"000", "777"}) {
    ChildOptions child = program(Words{"obtain", std::string("m") + umask + ".test"} + wish());
    child.arguments =
        Words{"sh", "-c", std::string("umask ") + umask + "; exec \"$@\"", "sh"} + child.arguments;
    const ChildResult obtained = run_child(child);
    ASSERT_EQ(obtained.exit_code, 0) << said(obtained);
    EXPECT_EQ(not_the_owners(here_.store()), "") << umask;
  }
}

TEST_F(RightsTest, AServerStartedByRootKeepsNoneOfItsRights) {
  ASSERT_EQ(obtain({"a.test"}).exit_code, 0);
  OwnedFd low;
  std::uint16_t port = 1023;
  for (; !low && port > 600; --port) {
    try {
      low = listen_tcp("127.0.0.1", port);
    } catch (const Error&) {
      continue;  // somebody's
    }
    break;
  }
  low.reset();
  Child server(program(Words{"serve"} + here_.on_store() + here_.http_port() +
                       Words{"--bind", "127.0.0.1", "--https-port", std::to_string(port)}));
  ASSERT_TRUE(server.wait_for("serving https on port")) << server.err();
  ASSERT_TRUE(eventually([&] { return status_line(server.pid(), "NoNewPrivs") == "1"; }));
  EXPECT_EQ(status_line(server.pid(), "Uid"), "65534 65534 65534 65534");
  EXPECT_EQ(status_line(server.pid(), "Gid"), "65534 65534 65534 65534");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(status_line(server.pid(), set), "0000000000000000") << set;
  }
  // No other process of that user reads its keys; undumpable is what makes this root's.
  EXPECT_EQ(status_of("/proc/" + std::to_string(server.pid()) + "/mem").st_uid, 0U);
  const HttpsAnswer page =
      https_get({.port = port, .name = "a.test", .root_pem = here_.pebble.root_pem()});
  EXPECT_TRUE(page.verified) << page.failure;
  EXPECT_EQ(server.stop(), 0);
  EXPECT_EQ(not_the_owners(here_.store()), "");
}

TEST_F(RightsTest, LookingChangesNothingAndNeedsNoStore) {
  const fs::path absent = here_.folder / "absent";
  for (const char* verb : {"status", "list"}) {
    const ChildResult looked = here_.run({verb, "--store", absent.string()});
    EXPECT_EQ(looked.exit_code, 0) << said(looked);
  }
  EXPECT_FALSE(fs::exists(absent));
}

TEST_F(RightsTest, AStoreThatItsOwnerCannotReachIsSaid) {
  const fs::path closed = here_.folder / "closed";
  fs::create_directories(closed / "store");
  give(closed / "store", kOwner);
  fs::permissions(closed, fs::perms(0700));
  const ChildResult refused =
      here_.run({"obtain", "a.test", "--agree-tos", "--store", (closed / "store").string()});
  EXPECT_EQ(refused.exit_code, 5) << said(refused);
  EXPECT_NE(refused.err.find("cannot reach it"), std::string::npos) << said(refused);
  EXPECT_NE(refused.err.find("chmod o+x"), std::string::npos) << said(refused);
}

// I6: what the owner, or who broke into the service, lays into the store for root to trip over.
TEST_F(RightsTest, LinksPlantedInTheStoreLeadRootNowhere) {
  const fs::path precious = here_.folder / "precious";
  for (const char* place : {"accounts", "certificates", "tmp", "locks"}) {
    fs::remove_all(here_.store());
    fs::create_directory(here_.store());
    give(here_.store(), kOwner);
    fs::create_directories(precious);
    fs::create_directory_symlink(precious, fs::path(here_.store()) / place);
    const ChildResult result = obtain({"a.test"});
    EXPECT_TRUE(fs::is_empty(precious)) << place << said(result);
    EXPECT_EQ(status_of(precious).st_uid, 0U) << place;
    EXPECT_NE(result.exit_code, 0) << place;
    EXPECT_NE(result.err.find("link"), std::string::npos) << place << said(result);
  }
}

TEST_F(RightsTest, AnotherUserIsToldWhoseStoreItIs) {
  ASSERT_EQ(obtain({"a.test"}).exit_code, 0);
  fs::permissions(here_.store(), fs::perms(0755));  // it can be opened, and still is not his
  const ChildResult refused = run_as(1, Words{"status"} + here_.on_store());
  EXPECT_EQ(refused.exit_code, 5) << said(refused);
  EXPECT_NE(refused.err.find("belongs to \"nobody\""), std::string::npos) << said(refused);
}

TEST_F(RightsTest, WithoutTheRightToALowPortTheWaysToGetItAreNamed) {
  // Where every user may bind them, as in many containers, a network of its own has the kernel's
  // default.
  const bool all_may = contents("/proc/sys/net/ipv4/ip_unprivileged_port_start") != "1024\n";
  for (const Words& verb : {Words{"obtain", "a.test"}, Words{"serve", "a.test"}}) {
    const Words words = verb + here_.on_store() + Words{"--agree-tos"};
    const ChildResult refused = all_may ? run_in_new_network(words) : run_as(kOwner, words);
    EXPECT_EQ(refused.exit_code, 5) << said(refused);
    for (const char* way : {"listening on port 80: permission denied", "run as root",
                            "AmbientCapabilities=CAP_NET_BIND_SERVICE", "setcap", "http-port",
                            "net.ipv4.ip_unprivileged_port_start=80"}) {
      EXPECT_NE(refused.err.find(way), std::string::npos) << way << "\n" << said(refused);
    }
  }
}

TEST_F(RightsTest, TheWebrootIsMadeReadyForTheOwner) {
  fs::create_directory(here_.folder / "www");
  const OtherServer other((here_.folder / "www").string(), here_.pebble.http_port());
  const ChildResult obtained = obtain({"a.test", "--webroot", (here_.folder / "www").string()});
  EXPECT_EQ(obtained.exit_code, 0) << said(obtained);
  const struct stat answers = status_of(here_.folder / "www/.well-known/acme-challenge");
  EXPECT_EQ(answers.st_uid, kOwner);
  EXPECT_EQ(answers.st_mode & 07777, 0755U);
  EXPECT_EQ(status_of(here_.folder / "www/.well-known").st_uid, 0U);
}

// F34: links and folders of others below a document root that others write to.
TEST_F(RightsTest, NothingOutsideTheWebrootIsGivenAway) {
  for (const bool first : {true, false}) {
    const fs::path www = here_.folder / (first ? "www1" : "www2");
    const fs::path precious = here_.folder / "precious";
    fs::create_directories(precious / "acme-challenge");
    fs::create_directory(www);
    if (first) {
      fs::create_directory_symlink(precious, www / ".well-known");
    } else {
      fs::create_directory(www / ".well-known");
      fs::create_directory_symlink(precious, www / ".well-known/acme-challenge");
    }
    const ChildResult refused = obtain({"a.test", "--webroot", www.string()});
    EXPECT_EQ(refused.exit_code, 2) << said(refused);
    EXPECT_EQ(status_of(precious).st_uid, 0U);
    EXPECT_EQ(status_of(precious / "acme-challenge").st_uid, 0U);
  }
  fs::create_directories(here_.folder / "www3/.well-known/acme-challenge");
  give(here_.folder / "www3/.well-known/acme-challenge", 1);
  obtain({"a.test", "--webroot", (here_.folder / "www3").string()});
  EXPECT_EQ(status_of(here_.folder / "www3/.well-known/acme-challenge").st_uid, 1U);
}

}  // namespace
}  // namespace autohttps
