// Which Pebbles the integration tests have, and that each can be set as its tests need it.
#include <autohttps/common/json.h>
#include <autohttps/tests/integration/program_on_pebble.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace autohttps {
namespace {

using std::chrono::system_clock;

TEST(PebbleVersionTest, NumbersAreComparedAsNumbers) {
  EXPECT_TRUE((PebbleVersion{"2.10.0", {}}.at_least(2, 10)));
  EXPECT_TRUE((PebbleVersion{"2.10.0", {}}.at_least(2, 9)));
  EXPECT_FALSE((PebbleVersion{"2.4.0", {}}.at_least(2, 10)));
  EXPECT_TRUE((PebbleVersion{"3.0", {}}.at_least(2, 10)));
}

// AUTOHTTPS_NEEDED_PEBBLES="2.4 2.10", as .ci/run says: where they are wanted, a run that would
// skip what needs them is no success.
TEST(PebbleVersionTest, ThoseNeededAreHere) {
  const char* needed = std::getenv("AUTOHTTPS_NEEDED_PEBBLES");
  std::istringstream words(needed ? needed : "");
  const std::vector<PebbleVersion> found = pebbles();
  for (std::string word; words >> word;) {
    EXPECT_TRUE(std::any_of(
        found.begin(), found.end(),
        [&](const PebbleVersion& one) { return (one.number + ".").rfind(word + ".", 0) == 0; }))
        << "no Pebble " << word;
  }
}

class PebbleSettings : public OnEachPebble {
 protected:
  static Json directory(const PebbleProcess& pebble) {
    return json_of(run_child(
        {.arguments = {"curl", "-fsS", "--cacert", pebble.ca_bundle(), pebble.directory_url()}}));
  }
};

TEST_P(PebbleSettings, AnAccountBindingMayBeRequired) {
  const PebbleProcess pebble(
      {.version = version(),
       .external_account_keys = {
           {"kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"}}});
  EXPECT_EQ(directory(pebble)["meta"]["externalAccountRequired"], true);
}

TEST_P(PebbleSettings, CertificatesLiveAsLongAsTold) {
  const ProgramOnPebble here({.validity_seconds = 3600, .version = version()});
  const ChildResult result = here.obtain({"a.test"});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  const auto certificate = here.stored("a.test");
  EXPECT_LE(certificate->not_after() - certificate->not_before(), std::chrono::hours(1));
}

TEST_P(PebbleSettings, AlternateChainsHaveRootsOfTheirOwn) {
  const PebbleProcess pebble({.version = version(), .alternate_roots = 1, .chain_length = 1});
  EXPECT_NE(pebble.root_pem(1), pebble.root_pem());
  EXPECT_EQ(pebble.root_pem(1).rfind("-----BEGIN CERTIFICATE-----", 0), 0u);
}

TEST_P(PebbleSettings, ACertificatesStatusIsToldBySerial) {
  const ProgramOnPebble here({.version = version()});
  const ChildResult result = here.obtain({"a.test"});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(here.pebble.certificate_status(contents(here.current("a.test") / "fullchain.pem")),
            "Valid");
}

AUTOHTTPS_ON_EACH_PEBBLE(PebbleSettings);

TEST(NewerPebble, HasProfilesAndRenewalWindowsThatTheTestSets) {
  AUTOHTTPS_NEEDS_PEBBLE(2, 10);
  const ProgramOnPebble here({.version = pebble_at_least(2, 10),
                              .profiles = {{"classic", {.description = "90 days"}},
                                           {"shortlived", {.validity_seconds = 45}}},
                              .retry_after = PebbleRetryAfter{3, 5},
                              .key_algorithm = "ecdsa"});
  const ChildResult result = here.obtain({"a.test", "--profile", "shortlived"});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  const auto certificate = here.stored("a.test");
  EXPECT_LE(certificate->not_after() - certificate->not_before(), std::chrono::seconds(45));

  const std::string chain = contents(here.current("a.test") / "fullchain.pem");
  const auto now = system_clock::now();
  EXPECT_NO_THROW(here.pebble.set_renewal_window(chain, now - std::chrono::hours(2), now,
                                                 "https://example.com/why"));
  EXPECT_NO_THROW(here.pebble.set_renewal_info(chain, "{not JSON"));
}

}  // namespace
}  // namespace autohttps
