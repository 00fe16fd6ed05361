// RELIABILITY F43: certificates that live for 45 seconds, renewed by a running `serve` under
// continuous new connections, while the CA refuses a nonce in twenty. A minute here; ten in the
// long tests (AUTOHTTPS_SHORT_LIVES_SECONDS).
#include <autohttps/tests/integration/running_server.h>

#include <cstdlib>

namespace autohttps {
namespace {

using std::chrono::seconds;

constexpr int kLife = 45;

seconds length() {
  const char* text = std::getenv("AUTOHTTPS_SHORT_LIVES_SECONDS");
  return seconds(text != nullptr ? std::atoi(text) : 60);
}

TEST(ShortLivesTest, F43_NoHandshakeFailsAndNothingExpiredIsServed) {
  AUTOHTTPS_NEEDS_PEBBLE(2, 10);
  ProgramOnPebble here({.version = pebble_at_least(2, 10),
                        .profiles = {{"classic", {}}, {"shortlived", {.validity_seconds = kLife}}},
                        .nonce_reject = 5});
  const FreePort https;
  Child server(program(Words{"serve", "a.test", "b.test", "--profile", "shortlived"} +
                       here.at_pebble() + Words{"--https-port", https.text()}));
  const HttpsRequest request{
      .port = https.number(), .name = "a.test", .root_pem = here.pebble.root_pem()};
  ASSERT_TRUE(eventually([&] { return https_get(request).verified; })) << server.err();
  const seconds whole = length();
  Load load(request, 2);  // what has expired does not verify
  std::this_thread::sleep_for(whole);
  load.stop();
  EXPECT_EQ(load.failures(), "") << server.err();
  EXPECT_GT(load.connections(), whole.count());
  // At half of their life, at the latest when a third is left.
  EXPECT_GE(load.serials(), static_cast<std::size_t>(whole.count() / (kLife * 2 / 3)))
      << server.err();
  RecordProperty("connections", load.connections());
  RecordProperty("certificates", static_cast<int>(load.serials()));
  EXPECT_EQ(server.stop(), 0) << server.err();
}

}  // namespace
}  // namespace autohttps
