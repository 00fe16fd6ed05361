#include <autohttps/acme/account_binding.h>

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace autohttps::acme {
namespace {

constexpr const char* kCa = "https://ca.test/dir";

class AccountBindingsTest : public testing::Test {
 protected:
  autohttps::ExternalAccount account(const std::string& key_id, const std::string& key) const {
    const std::string path = (folder_ / "key").string();
    std::ofstream(path) << key;
    return {key_id, path, "HS256"};
  }
  std::optional<StoredBinding> kept() { return AccountStore(store_, kCa, "default").binding(); }

  TemporaryFolder folder_;
  ManualClock clock_;
  MemoryStore store_{clock_};
  AccountBindings bindings_{store_};
};

TEST_F(AccountBindingsTest, AreReadOnceAndKeptWithTheAccount) {
  const auto given = account("kid-1", "c2VjcmV0\n");
  bindings_.keep(kCa, given);
  ASSERT_TRUE(kept());
  EXPECT_EQ(kept()->key_id, "kid-1");
  EXPECT_EQ(kept()->key.bytes(), "c2VjcmV0\n");
  std::filesystem::remove(given.key_file);  // as a descriptor that was read to its end
  EXPECT_NO_THROW(bindings_.keep(kCa, given));
}

TEST_F(AccountBindingsTest, NoneIsNone) {
  bindings_.keep(kCa, {});
  EXPECT_FALSE(kept());
}

TEST_F(AccountBindingsTest, SayWhatIsMissingOrWrongAndKeepNothing) {
  const auto refused = [&](const autohttps::ExternalAccount& given) {
    const Error error = thrown_error([&] { bindings_.keep(kCa, given); }).value();
    EXPECT_EQ(error.code(), ErrorCode::config);
    EXPECT_EQ(std::string(error.what()).find("c2Vj"), std::string::npos);
    return std::string(error.what());
  };
  EXPECT_NE(refused({"kid-1", "", "HS256"}).find("HMAC key"), std::string::npos);
  EXPECT_NE(refused({"", "/nowhere", "HS256"}).find("key id"), std::string::npos);
  EXPECT_NE(refused({"kid-1", "/nowhere/key", "HS256"}).find("/nowhere/key"), std::string::npos);
  EXPECT_NE(refused(account("kid-1", "c2Vj!")).find("base64url"), std::string::npos);
  EXPECT_FALSE(kept());
}

TEST_F(AccountBindingsTest, AWishBringsItsOwn) {
  AutoCertificatesOptions options;
  options.domains = {"a.test"};
  options.server = kCa;
  options.external_account = account("kid-1", "c2VjcmV0");
  AutoCertificatesParts parts;
  parts.store = &store_;
  parts.clock = &clock_;
  AutoCertificates certificates(options, parts);
  EXPECT_FALSE(kept());
  certificates.manage();
  EXPECT_EQ(kept().value().key_id, "kid-1");
}

}  // namespace
}  // namespace autohttps::acme
