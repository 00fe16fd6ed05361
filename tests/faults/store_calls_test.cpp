// RELIABILITY F28 and F30 on real parts: the program, a Pebble, the kernel's own errors. The same
// faults in memory, with power cuts, are in tests/acme/manager_test.cpp.
#include "traced_program.h"

#include <autohttps/common/certified_key.h>
#include <autohttps/tests/support/paths.h>
#include <autohttps/tests/support/pebble_process.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

class StoreCalls : public testing::Test {
 protected:
  std::vector<std::string> obtain(const fs::path& store) const {
    return {autohttps_program().string(),
            "obtain",
            "a.test",
            "--server",
            pebble_.directory_url(),
            "--ca-bundle",
            pebble_.ca_bundle().string(),
            "--store",
            store.string(),
            "--http-port",
            std::to_string(pebble_.http_port()),
            "--limits",
            "none",
            "--agree-tos"};
  }

  std::vector<std::string> renew(const fs::path& store) const {
    return {autohttps_program().string(),
            "renew",
            "--force",
            "--store",
            store.string(),
            "--http-port",
            std::to_string(pebble_.http_port())};
  }

  fs::path fresh_store() { return folder_ / ("store" + std::to_string(++stores_)); }

  int issued() const {
    const std::string log = pebble_.log();
    int count = 0;
    for (auto at = log.find("Issued certificate"); at != std::string::npos;
         at = log.find("Issued certificate", at + 1)) {
      ++count;
    }
    return count;
  }

  static std::string account_key(const fs::path& store) {
    if (!fs::exists(store / "accounts")) return {};
    for (const auto& entry : fs::recursive_directory_iterator(store / "accounts")) {
      if (entry.path().filename() == "key.pem") return contents(entry.path());
    }
    return {};
  }

  static std::string current(const fs::path& store) {
    const fs::path link = store / "certificates" / "a.test" / "current";
    return fs::is_symlink(link) ? fs::read_symlink(link).string() : std::string();
  }

  // What must hold once an undisturbed run has followed the disturbed one.
  static void expect_whole(const fs::path& store) {
    const fs::path folder = store / "certificates" / "a.test" / "current";
    ASSERT_NO_THROW(CertifiedKey::from_pem(contents(folder / "fullchain.pem"),
                                           contents(folder / "privkey.pem")));
    // A run that dies between the flip and the clearing leaves the order that is done, which the
    // next attempt knows by its key; any other order would still be owed a certificate.
    const fs::path pending = store / "certificates" / "a.test" / "pending" / "privkey.pem";
    if (fs::exists(pending)) {
      EXPECT_EQ(contents(pending), contents(folder / "privkey.pem"));
    }
  }

  // Threads take turns differently from run to run, so the k-th call of the busiest one may not
  // come: counted, and looked at in the end, lest a test without faults passes for one with them.
  void disturb(const std::string& call, const std::string& fault, const std::string& when,
               const std::vector<std::string>& program) {
    ++runs_;
    constexpr int kKilled = 128 + 9;
    if (run_with_fault(call, fault, when, program).exit_code == kKilled) ++killed_;
  }
  void expect_mostly_killed() const {
    EXPECT_GT(runs_, 50);
    EXPECT_GT(killed_, runs_ * 9 / 10);
  }

  // A first issue with `fault` at the k-th `call`, then one without. True when the fault was met.
  void obtain_survives(const std::string& call, const std::string& fault, const std::string& when) {
    SCOPED_TRACE(call + " " + fault + " when=" + when);
    const fs::path store = fresh_store();
    const int before = issued();
    disturb(call, fault, when, obtain(store));
    const std::string key = account_key(store);
    const ChildResult second = run_child({.arguments = obtain(store)});
    ASSERT_EQ(second.exit_code, 0) << second.err;
    expect_whole(store);
    EXPECT_EQ(issued() - before, 1) << "a certificate was paid for twice\n" << second.err;
    if (!key.empty()) {
      EXPECT_EQ(account_key(store), key);
    }
    fs::remove_all(store);
  }

  // The same for a renewal in a copy of `good`. A forced renewal asked for twice is two
  // certificates, unless the first was cut off before its flip: then the second takes up its order.
  void renew_survives(const fs::path& good, const std::string& call, const std::string& fault,
                      const std::string& when) {
    SCOPED_TRACE(call + " " + fault + " when=" + when);
    const fs::path store = fresh_store();
    fs::copy(good, store, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    fs::permissions(store, fs::perms::owner_all);
    const int before = issued();
    const std::string old = current(store);
    const std::string key = account_key(store);
    disturb(call, fault, when, renew(store));
    const bool flipped = current(store) != old;
    EXPECT_FALSE(current(store).empty());
    expect_loadable(store);
    const ChildResult second = run_child({.arguments = renew(store)});
    ASSERT_EQ(second.exit_code, 0) << second.err;
    expect_whole(store);
    EXPECT_NE(current(store), old);
    EXPECT_LE(issued() - before, flipped ? 2 : 1) << "a certificate was paid for twice\n"
                                                  << second.err;
    EXPECT_EQ(account_key(store), key);
    fs::remove_all(store);
  }

  // What a server that starts just now would serve.
  static void expect_loadable(const fs::path& store) {
    const fs::path folder = store / "certificates" / "a.test" / "current";
    EXPECT_NO_THROW(CertifiedKey::from_pem(contents(folder / "fullchain.pem"),
                                           contents(folder / "privkey.pem")));
  }

  void for_each_call(const std::vector<std::string>& traced,
                     const std::function<void(const std::string& call, int k)>& body) {
    const auto counts = count_calls(traced);
    ASSERT_GT(counts.size(), 3u) << "strace saw next to nothing: does it work here?";
    for (const auto& [call, count] : counts) {
      for (int k = 1; k <= count && !HasFatalFailure(); ++k) body(call, k);
    }
  }

  fs::path good_store() {
    const fs::path store = fresh_store();
    const ChildResult result = run_child({.arguments = obtain(store)});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return store;
  }

  fs::path copy_of(const fs::path& good) {
    const fs::path store = fresh_store();
    fs::copy(good, store, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    return store;
  }

  TemporaryFolder folder_;
  PebbleProcess pebble_;
  int stores_ = 0;
  int runs_ = 0;
  int killed_ = 0;
};

using F28_KilledAtEverySystemCall = StoreCalls;

TEST_F(F28_KilledAtEverySystemCall, AFirstIssueIsFinishedByTheNextRun) {
  for_each_call(obtain(fresh_store()), [&](const std::string& call, int k) {
    obtain_survives(call, "signal=KILL", std::to_string(k));
  });
  expect_mostly_killed();
}

TEST_F(F28_KilledAtEverySystemCall, ARenewalLeavesTheOldOrTheNewCertificate) {
  const fs::path good = good_store();
  for_each_call(renew(copy_of(good)), [&](const std::string& call, int k) {
    renew_survives(good, call, "signal=KILL", std::to_string(k));
  });
  expect_mostly_killed();
}

using F30_ErrorAtEverySystemCall = StoreCalls;

TEST_F(F30_ErrorAtEverySystemCall, OneRefusalCostsAtMostTheAttempt) {
  for_each_call(obtain(fresh_store()), [&](const std::string& call, int k) {
    const bool sync = call == "fsync" || call == "fdatasync";
    obtain_survives(call, sync ? "error=EIO" : "error=ENOSPC", std::to_string(k));
  });
}

TEST_F(F30_ErrorAtEverySystemCall, ADiskThatStaysFullLeavesTheOldCertificate) {
  const fs::path good = good_store();
  for_each_call(renew(copy_of(good)), [&](const std::string& call, int k) {
    const bool sync = call == "fsync" || call == "fdatasync";
    renew_survives(good, call, sync ? "error=EIO" : "error=ENOSPC", std::to_string(k) + "+");
  });
}

}  // namespace
}  // namespace autohttps
