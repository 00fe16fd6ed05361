// Accounts at a real Pebble: bound, changed, recovered, ended.
#include <autohttps/tests/integration/program_on_pebble.h>

#include <fstream>

namespace autohttps {
namespace {

constexpr char kKey[] = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

class AccountCommand : public OnEachPebble {
 protected:
  static Words at_ca(const ProgramOnPebble& here) {
    return here.on_store() + Words{"--server", here.pebble.directory_url(), "--ca-bundle",
                                   here.pebble.ca_bundle().string()};
  }
  static ChildResult account(const ProgramOnPebble& here, const Words& words) {
    return here.run(Words{"account"} + words + at_ca(here));
  }
  static std::string key_file(const ProgramOnPebble& here, const std::string& text) {
    const std::string path = (here.folder / "eab.key").string();
    std::ofstream(path) << text << "\n";
    return path;
  }
  // The account's folder in a store with one.
  static std::filesystem::path folder(const ProgramOnPebble& here) {
    const auto ca = *std::filesystem::directory_iterator(here.folder.path() / "store/accounts");
    return ca.path() / "default";
  }
};

TEST_P(AccountCommand, ARequiredBindingIsAskedForSentAndKept) {
  const ProgramOnPebble here({.version = version(), .external_account_keys = {{"kid-1", kKey}}});
  ChildResult result = here.obtain({"a.test"});
  EXPECT_EQ(result.exit_code, 2) << said(result);
  EXPECT_NE(result.err.find("--eab-kid and --eab-key-file"), std::string::npos) << said(result);
  for (const auto& [kid, key] : {std::pair<std::string, std::string>{"kid-2", kKey},
                                 {"kid-1", "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmc"}}) {
    result = here.obtain({"a.test", "--eab-kid", kid, "--eab-key-file", key_file(here, key)});
    EXPECT_NE(result.exit_code, 0) << said(result);
    EXPECT_NE(result.err.find("--eab-kid"), std::string::npos) << said(result);
    EXPECT_EQ((result.out + result.err).find(key), std::string::npos);
  }
  for (const char* key : {"", "not base64!"}) {
    result = here.obtain({"a.test", "--eab-kid", "kid-1", "--eab-key-file", key_file(here, key)});
    EXPECT_EQ(result.exit_code, 2) << said(result);
  }
  result = here.obtain({"a.test", "--eab-kid", "kid-1", "--eab-key-file", key_file(here, kKey)});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ((result.out + result.err).find(kKey), std::string::npos);
  // The rehearsal has an account of its own at the same CA, which wants it bound as well.
  result = here.renew({"--dry-run"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ((result.out + result.err).find(kKey), std::string::npos);
  // A lost account.json is found by the key, a lost key made anew with the binding of the store.
  std::filesystem::remove(folder(here) / "account.json");
  std::filesystem::remove(folder(here) / "key.pem");
  result = here.obtain({"b.test"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
}

TEST_P(AccountCommand, TheBindingsKeyMayComeThroughADescriptor) {
  const ProgramOnPebble here({.version = version(), .external_account_keys = {{"kid-1", kKey}}});
  ChildOptions child = program(Words{"obtain", "a.test", "--eab-kid", "kid-1", "--eab-key-file",
                                     "/dev/stdin", "--eab-algorithm", "HS384"} +
                               here.at_pebble());
  child.input = kKey;
  const ChildResult result = run_child(child);
  EXPECT_EQ(result.exit_code, 0) << said(result);
}

TEST_P(AccountCommand, ShowsListsAndChangesTheContact) {
  const ProgramOnPebble here({.version = version()});
  ChildResult result = account(here, {"show"});
  EXPECT_EQ(result.exit_code, 2) << said(result);
  ASSERT_EQ(here.obtain({"a.test", "--email", "old@example.com"}).exit_code, 0);
  const Json shown = json_of(account(here, {"show", "--json"}));
  EXPECT_EQ(shown["account"]["status"], "valid");
  EXPECT_EQ(shown["account"]["contact"], Json::array({"mailto:old@example.com"}));
  EXPECT_EQ(shown["account"]["key_type"], "ec256");
  result = account(here, {"update", "--email", "new@example.com"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(json_of(account(here, {"show", "--json"}))["account"]["contact"],
            Json::array({"mailto:new@example.com"}));
  const Json list = json_of(here.run(Words{"account", "list", "--json"} + here.on_store()));
  ASSERT_EQ(list["accounts"].size(), 1U);
  EXPECT_EQ(list["accounts"][0]["ca"], here.pebble.directory_url());
  EXPECT_EQ(list["accounts"][0]["contact"], Json::array({"mailto:new@example.com"}));
  // It stands, whatever address the wish for the certificate has.
  ASSERT_EQ(here.renew({"--force"}).exit_code, 0);
  EXPECT_EQ(json_of(account(here, {"show", "--json"}))["account"]["contact"],
            Json::array({"mailto:new@example.com"}));
  // The wish's own address, told with the next certificate.
  result = here.obtain({"b.test", "--email", "third@example.com"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(json_of(account(here, {"show", "--json"}))["account"]["contact"],
            Json::array({"mailto:third@example.com"}));
}

TEST_P(AccountCommand, RollsOverAndRenewsAfterwards) {
  const ProgramOnPebble here({.version = version()});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const Json before = json_of(account(here, {"show", "--json"}));
  const std::string serial = here.stored("a.test")->serial();
  const std::string key = contents(folder(here) / "key.pem");
  const ChildResult result = account(here, {"rollover", "--key-type", "ec384"});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(contents(folder(here) / "key.pem"), key);
  EXPECT_FALSE(std::filesystem::exists(folder(here) / "next_key.pem"));
  const ChildResult renewed = here.renew({"--force"});
  ASSERT_EQ(renewed.exit_code, 0) << said(renewed);
  EXPECT_NE(here.stored("a.test")->serial(), serial);
  const Json after = json_of(account(here, {"show", "--json"}));
  EXPECT_EQ(after["account"]["url"], before["account"]["url"]);
  EXPECT_EQ(after["account"]["key_type"], "ec384");
}

TEST_P(AccountCommand, ARolloverThatWasCutOffIsSettledByTheNextRenewal) {
  const ProgramOnPebble here({.version = version()});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const std::string old_key = contents(folder(here) / "key.pem");
  ASSERT_EQ(account(here, {"rollover"}).exit_code, 0);
  // As if it had died after the CA's answer, and then, with a key the CA never heard of, before.
  const std::string new_key = contents(folder(here) / "key.pem");
  std::ofstream(folder(here) / "next_key.pem") << new_key;
  std::ofstream(folder(here) / "key.pem") << old_key;
  ChildResult result = here.renew({"--force"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(contents(folder(here) / "key.pem"), new_key);
  std::ofstream(folder(here) / "next_key.pem") << PrivateKey::generate(KeyType::ec256).to_pem();
  result = here.renew({"--force"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(contents(folder(here) / "key.pem"), new_key);
  EXPECT_FALSE(std::filesystem::exists(folder(here) / "next_key.pem"));
}

TEST_P(AccountCommand, EndsAnAccountAndSaysSoAfterwards) {
  const ProgramOnPebble here({.version = version()});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  ChildResult result = account(here, {"deactivate"});
  EXPECT_EQ(result.exit_code, 2) << said(result);
  EXPECT_NE(result.err.find("--yes"), std::string::npos) << said(result);
  result = account(here, {"deactivate", "--yes"});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  result = here.renew({"--force"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_NE(result.err.find("was deactivated"), std::string::npos) << said(result);
  EXPECT_NE(here.run(Words{"account", "list"} + here.on_store()).out.find("deactivated 20"),
            std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder(here) / "key.pem"));
}

TEST_P(AccountCommand, RecoversAnAccountByItsKeyInAnotherStore) {
  ProgramOnPebble here({.version = version()});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const std::string url = json_of(account(here, {"show", "--json"}))["account"]["url"];
  const std::string key = (here.folder / "account.pem").string();
  std::filesystem::copy_file(folder(here) / "key.pem", key);
  std::filesystem::remove_all(here.folder.path() / "store");
  ChildResult result = account(here, {"import", key});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(json_of(account(here, {"show", "--json"}))["account"]["url"], url);
  EXPECT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const std::string strange = (here.folder / "strange.pem").string();
  std::ofstream(strange) << PrivateKey::generate(KeyType::ec256).to_pem();
  result = account(here, {"import", strange});
  EXPECT_EQ(result.exit_code, 3) << said(result);
  EXPECT_NE(result.err.find("no account with this key"), std::string::npos) << said(result);
  EXPECT_EQ(json_of(account(here, {"show", "--json"}))["account"]["url"], url);
}

AUTOHTTPS_ON_EACH_PEBBLE(AccountCommand);

}  // namespace
}  // namespace autohttps
