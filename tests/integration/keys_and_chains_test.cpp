// Keys, requests and chains as people ask for them, at a real Pebble.
#include <autohttps/acme/issuance/chain_choice.h>
#include <autohttps/acme/issuance/csr.h>
#include <autohttps/tests/integration/program_on_pebble.h>
#include <autohttps/tests/support/test_csr.h>

#include <fstream>

namespace autohttps {
namespace {

class KeysAndChains : public OnEachPebble {
 protected:
  static std::string key(const ProgramOnPebble& here) {
    return contents(here.current("a.test") / "privkey.pem");
  }
  static std::string chain(const ProgramOnPebble& here) {
    return contents(here.current("a.test") / "fullchain.pem");
  }
};

TEST_P(KeysAndChains, EveryTypeOfKeyIsCertified) {
  const ProgramOnPebble here({.version = version()});
  for (const char* type : {"ec384", "rsa2048", "rsa3072", "rsa4096"}) {
    const std::string name = std::string(type) + ".test";
    const ChildResult result = here.obtain({name, "--key-type", type});
    ASSERT_EQ(result.exit_code, 0) << said(result);
    EXPECT_EQ(key_type_name(here.stored(name)->key().type()), type);
  }
}

TEST_P(KeysAndChains, AKeyIsNewAtEachRenewalUnlessItIsToBeKept) {
  const ProgramOnPebble here({.version = version()});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const std::string first = key(here);
  ASSERT_EQ(here.renew({"--force"}).exit_code, 0);
  const std::string second = key(here);
  EXPECT_NE(second, first);
  ASSERT_EQ(here.obtain({"a.test", "--reuse-key", "--force"}).exit_code, 0);
  EXPECT_EQ(key(here), second);
  ASSERT_EQ(here.renew({"--force"}).exit_code, 0);
  EXPECT_EQ(key(here), second);
}

TEST_P(KeysAndChains, OnesOwnRequestIsCertifiedAndRenewed) {
  const ProgramOnPebble here({.version = version()});
  const PrivateKey own = PrivateKey::generate(KeyType::ec256);
  const std::string der = make_csr(own, parse_identifiers({"a.test", "b.test"}));
  for (const bool pem : {true, false}) {
    const std::string file = (here.folder / "request").string();
    std::ofstream(file, std::ios::binary) << (pem ? acme::request_pem(der) : der);
    const ChildResult result = here.obtain({"--csr", file, "--force"});
    ASSERT_EQ(result.exit_code, 0) << said(result);
    EXPECT_NE(result.out.find("private key  yours"), std::string::npos) << said(result);
    EXPECT_EQ(result.out.find("privkey.pem"), std::string::npos) << said(result);
  }
  EXPECT_FALSE(std::filesystem::exists(here.current("a.test") / "privkey.pem"));
  const std::string before = chain(here);
  const ChildResult renewed = here.renew({"--force"});
  ASSERT_EQ(renewed.exit_code, 0) << said(renewed);
  EXPECT_NE(chain(here), before);
  const auto certificate =
      CertifiedKey::from_pem(chain(here), contents(here.current("a.test") / "csr.pem"));
  EXPECT_EQ(certificate->key(), own);
  for (const Words& look : {Words{"status"}, Words{"list"}, Words{"history", "a.test"},
                            Words{"rollback", "a.test"}, Words{"status", "--json"}}) {
    const ChildResult result = here.run(look + here.on_store());
    EXPECT_EQ(result.exit_code, 0) << said(result);
  }
  const ChildResult other = here.obtain({"c.test", "--csr", (here.folder / "request").string()});
  EXPECT_EQ(other.exit_code, 2) << said(other);
}

TEST_P(KeysAndChains, APreferredChainIsTakenAndNoneOfItsNameIsAWarning) {
  const ProgramOnPebble here({.version = version(), .alternate_roots = 2, .chain_length = 5});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  EXPECT_EQ(here.stored("a.test")->chain_length(), 6U);
  const std::string own = acme::chain_issuers(chain(here)).back();
  for (const int alternate : {1, 2}) {
    const std::string root = acme::chain_issuers(here.pebble.root_pem(alternate)).back();
    ASSERT_NE(root, own);
    const ChildResult result = here.obtain({"a.test", "--preferred-chain", root, "--force"});
    ASSERT_EQ(result.exit_code, 0) << said(result);
    EXPECT_EQ(acme::chain_issuers(chain(here)).back(), root);
  }
  const ChildResult result = here.obtain({"a.test", "--preferred-chain", "Nobody", "--force"});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(result.err.find("offers no chain of \"Nobody\""), std::string::npos) << said(result);
  EXPECT_EQ(acme::chain_issuers(chain(here)).back(), own);
}

TEST_P(KeysAndChains, AProfileThatIsNotThereIsAnsweredWithThoseThatAre) {
  ProgramOnPebble here({.version = version(), .profiles = {{"short", {"s", 3600}}}});
  ChildResult result = here.obtain({"a.test", "--profile", "long"});
  EXPECT_EQ(result.exit_code, 2) << said(result);
  if (!version().at_least(2, 8)) return;  // Pebble has none
  EXPECT_NE(result.err.find("short"), std::string::npos) << said(result);
  result = here.obtain({"a.test", "--profile", "short"});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_LE(here.stored("a.test")->not_after() - here.stored("a.test")->not_before(),
            std::chrono::hours(1));
}

AUTOHTTPS_ON_EACH_PEBBLE(KeysAndChains);

}  // namespace
}  // namespace autohttps
