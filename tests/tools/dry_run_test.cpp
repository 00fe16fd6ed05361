#include <autohttps/acme/store/certificate_spec.h>
#include <autohttps/tools/autohttps/dry_run.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::tools {
namespace {

Settings rehearsal_at(const std::string& server) {
  Settings settings;
  settings.store = "/srv/store";
  settings.server = server;
  return rehearsed(settings);
}

// What is asked there is counted in the test store's ledger: it must not be the real CA's budget.
TEST(DryRunSettingsTest, I4_LetsEncryptItselfIsNeverRehearsedAt) {
  for (const std::string& server : {std::string(), std::string(acme::kLetsEncrypt)}) {
    EXPECT_EQ(rehearsal_at(server).server, acme::kLetsEncryptStaging) << server;
  }
  EXPECT_EQ(rehearsal_at("https://ca.test/dir").server, "https://ca.test/dir");
  EXPECT_EQ(rehearsal_at("google").server, "https://dv.acme-v02.test-api.pki.goog/directory");
}

TEST(DryRunSettingsTest, TheTestStoreLiesBelowTheStoreOnce) {
  EXPECT_EQ(rehearsal_at({}).store, "/srv/store/staging");
  Settings staging;
  staging.store = "/srv/store";
  staging.staging = true;
  EXPECT_EQ(rehearsed(staging).store, "/srv/store/staging");
}

}  // namespace
}  // namespace autohttps::tools
