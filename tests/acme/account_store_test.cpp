#include <autohttps/acme/store/account_store.h>
#include <autohttps/acme/store/keys.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

constexpr const char* kDirectory = "https://acme.test:14000/dir";

class AccountStoreTest : public testing::Test {
 protected:
  std::string file(const char* name) {
    return "accounts/" + ca_folder(kDirectory) + "/default/" + name;
  }
  ManualClock clock_;
  MemoryStore store_{clock_};
  AccountStore accounts_{store_, kDirectory, "default"};
  PrivateKey key_ = PrivateKey::generate(KeyType::ec256);
};
using F33_AccountFiles = AccountStoreTest;
using F28_AccountKey = AccountStoreTest;

TEST_F(AccountStoreTest, ThereIsNoneAtFirst) { EXPECT_FALSE(accounts_.load()); }

TEST_F(AccountStoreTest, KeepsTheKeyThenTheAnswer) {
  accounts_.put_key(key_);
  auto account = accounts_.load();
  ASSERT_TRUE(account);
  EXPECT_EQ(account->key, key_);
  EXPECT_EQ(account->url, "");
  accounts_.put_account("https://acme.test:14000/account/1", {"mailto:me@a.test"});
  account = accounts_.load();
  ASSERT_TRUE(account);
  EXPECT_EQ(account->key, key_);
  EXPECT_EQ(account->url, "https://acme.test:14000/account/1");
  EXPECT_EQ(account->contact, std::vector<std::string>{"mailto:me@a.test"});
}

TEST_F(AccountStoreTest, ForgetsTheUrlAndKeepsTheKey) {
  accounts_.put_key(key_);
  accounts_.put_account("https://acme.test:14000/account/1", {});
  accounts_.forget_url();
  const auto account = accounts_.load();
  ASSERT_TRUE(account);
  EXPECT_EQ(account->url, "");
  EXPECT_EQ(account->key, key_);
}

TEST_F(AccountStoreTest, NeverReplacesAKey) {
  accounts_.put_key(key_);
  EXPECT_THROW(accounts_.put_key(PrivateKey::generate(KeyType::ec256)), Error);
  EXPECT_EQ(accounts_.load()->key, key_);
}

TEST_F(AccountStoreTest, EachCaAndLabelHasItsOwn) {
  accounts_.put_key(key_);
  EXPECT_FALSE(AccountStore(store_, kDirectory, "second").load());
  EXPECT_FALSE(AccountStore(store_, "https://acme.test:14000/dir2", "default").load());
  for (const char* label : {"", ".", "..", "a/b", "a b"}) {
    EXPECT_THROW(AccountStore(store_, kDirectory, label), Error) << label;
  }
}

TEST_F(AccountStoreTest, ACasFolderIsReadableAndItsOwn) {
  EXPECT_TRUE(ca_folder("https://acme-v02.api.letsencrypt.org/directory")
                  .starts_with("acme-v02.api.letsencrypt.org~"));
  std::set<std::string> folders;
  const std::vector<std::string> urls = {"https://a.test/dir",
                                         "https://a.test/dir2",
                                         "https://a.test:1/dir",
                                         "https://a.test-1/dir",
                                         "https://.a/",
                                         "https://../../etc",
                                         "https://[::1]:14000/",
                                         "",
                                         "x",
                                         "https://a~b/",
                                         std::string("https://") + std::string(5000, 'a')};
  for (const std::string& url : urls) {
    const std::string folder = ca_folder(url);
    EXPECT_TRUE(is_key_part(folder)) << folder;
    EXPECT_TRUE(is_key_part(folder + ".jsonl")) << folder;
    folders.insert(folder);
  }
  EXPECT_EQ(folders.size(), urls.size());
}

TEST_F(AccountStoreTest, ItsLockIsTheAccountsOwn) {
  const auto lock = accounts_.lock(clock_.steady(), {});
  EXPECT_THROW(accounts_.lock(clock_.steady(), {}), Error);
  EXPECT_TRUE(AccountStore(store_, kDirectory, "second").lock(clock_.steady(), {})->held());
}

TEST_F(AccountStoreTest, KeepsTheBindingAndWritesItOnce) {
  EXPECT_FALSE(accounts_.binding());
  accounts_.put_binding({"kid \"1\"", "HS384", Secret("c2VjcmV0")});
  const auto binding = accounts_.binding();
  ASSERT_TRUE(binding);
  EXPECT_EQ(binding->key_id, "kid \"1\"");
  EXPECT_EQ(binding->algorithm, "HS384");
  EXPECT_EQ(binding->key.bytes(), "c2VjcmV0");
  const int changes = store_.changes();
  accounts_.put_binding(*binding);
  EXPECT_EQ(store_.changes(), changes);
}

TEST_F(AccountStoreTest, ADeactivatedAccountIsStatedAndKeepsItsKey) {
  accounts_.put_key(key_);
  accounts_.put_account("https://acme.test:14000/account/1", {"mailto:me@a.test"});
  const WallTime when = WallTime(std::chrono::seconds(1'800'000'000));
  accounts_.put_deactivated(when);
  const auto account = accounts_.load();
  ASSERT_TRUE(account);
  EXPECT_EQ(account->key, key_);
  EXPECT_EQ(account->url, "https://acme.test:14000/account/1");
  EXPECT_EQ(account->deactivated, when);
}

TEST_F(AccountStoreTest, ListsWhatThereIs) {
  EXPECT_TRUE(list_accounts(store_).empty());
  accounts_.put_key(key_);
  accounts_.put_account("https://acme.test:14000/account/1", {"mailto:me@a.test"});
  AccountStore(store_, "https://b.test/dir", "second").put_key(key_);
  store_.disk()->write("accounts/" + ca_folder("https://c.test/") + "/default/account.json", "{");
  const auto list = list_accounts(store_);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_TRUE(list[0].ca.starts_with("b.test~")) << "no account.json yet";
  EXPECT_EQ(list[0].label, "second");
  EXPECT_TRUE(list[1].ca.starts_with("c.test~"));
  EXPECT_EQ(list[2].ca, kDirectory);
  EXPECT_EQ(list[2].url, "https://acme.test:14000/account/1");
  EXPECT_EQ(list[2].contact, std::vector<std::string>{"mailto:me@a.test"});
}

TEST_F(F33_AccountFiles, ADamagedKeyIsSaidAndNeverReplaced) {
  accounts_.put_key(key_);
  const std::string pem = *store_.get(file("key.pem"));
  std::vector<std::string> damaged = {"", pem.substr(0, 40), pem.substr(0, pem.size() / 2),
                                      pem.substr(1), pem + pem};
  for (std::size_t at = 0; at < pem.size(); at += 7) {
    damaged.push_back(pem);
    damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 0x10);
  }
  for (const std::string& text : damaged) {
    store_.disk()->write(file("key.pem"), text);
    try {
      // A flipped bit may leave a key that parses: PKCS#8 has no checksum. It is then a key, not a
      // crash.
      accounts_.load();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::storage);
      EXPECT_NE(std::string(error.what()).find("key.pem"), std::string::npos);
      EXPECT_NE(error.hint(), "");
    }
    EXPECT_EQ(store_.get(file("key.pem")), text);
    EXPECT_THROW(accounts_.put_key(key_), Error);
  }
}

TEST_F(F33_AccountFiles, ADamagedAccountFileCostsTheUrlOnly) {
  accounts_.put_key(key_);
  accounts_.put_account("https://acme.test:14000/account/1", {"mailto:me@a.test"});
  const std::string json = *store_.get(file("account.json"));
  for (std::size_t size = 0; size + 2 < json.size(); size += 5) {
    store_.disk()->write(file("account.json"), json.substr(0, size));
    const auto account = accounts_.load();
    ASSERT_TRUE(account);
    EXPECT_EQ(account->key, key_);
    EXPECT_EQ(account->url, "");
    EXPECT_FALSE(store_.get(file("account.json"))) << "moved aside";
  }
  for (std::size_t at = 0; at < json.size(); ++at) {
    std::string flipped = json;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x04);
    store_.disk()->write(file("account.json"), flipped);
    ASSERT_EQ(accounts_.load()->key, key_);
  }
}

TEST_F(F28_AccountKey, IsThereAfterAPowerCutOnceTheCaMayHaveHeardOfIt) {
  for (const auto loses : {MemoryDisk::Loses::unsynced, MemoryDisk::Loses::contents}) {
    MemoryStore store(clock_);
    AccountStore(store, kDirectory, "default").put_key(key_);
    store.disk()->restart(loses);
    const auto account = AccountStore(store, kDirectory, "default").load();
    ASSERT_TRUE(account);
    EXPECT_EQ(account->key, key_);
  }
}

}  // namespace
}  // namespace autohttps::acme
