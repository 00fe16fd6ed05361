// Which Pebbles there are: the installed one, and those that tests/support/debian_program.sh has
// unpacked below build/pebble.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace autohttps {

struct PebbleVersion {
  std::string number;            // "2.10.0"
  std::filesystem::path folder;  // of its programs; empty: the PATH's

  bool at_least(int major, int minor) const;
};

// The machine's own; AUTOHTTPS_PEBBLE (a folder of programs) takes its place.
PebbleVersion installed_pebble();
// The newest that is unpacked, when it is newer than the installed one.
std::optional<PebbleVersion> newer_pebble();
// The installed one when that will do, else the newest.
std::optional<PebbleVersion> pebble_at_least(int major, int minor);
// All of them, the installed one first.
std::vector<PebbleVersion> pebbles();

// First in a test that wants what only newer Pebbles can; then {.version = pebble_at_least(2, 10)}.
// tools/test gets them; .ci/run does not go on without.
#define AUTOHTTPS_NEEDS_PEBBLE(major, minor)       \
  if (!::autohttps::pebble_at_least(major, minor)) \
  GTEST_SKIP()                                     \
      << "no Pebble " << (major) << '.' << (minor) \
      << " here: tests/support/debian_program.sh pebble build/pebble sid brings a newer one"

enum class WhichPebble { installed, newer };

std::optional<PebbleVersion> pebble_of(WhichPebble);  // empty: none newer is unpacked
std::string name_of(WhichPebble);                     // "Installed", "Newer"

// Likewise of one of the two.
#define AUTOHTTPS_NEEDS_WHICH_PEBBLE(which)                                                       \
  if (!::autohttps::pebble_of(which))                                                             \
  GTEST_SKIP() << "no Pebble newer than the installed " << ::autohttps::installed_pebble().number \
               << " is in build/pebble: tools/test "                                              \
               << "brings it, and .ci/run does not go on without"

// A suite whose tests run on both: AUTOHTTPS_ON_EACH_PEBBLE(NameOfTheSuite) instantiates it.
class OnEachPebble : public testing::TestWithParam<WhichPebble> {
 protected:
  void SetUp() override;
  PebbleVersion version() const;  // of this run
};

#define AUTOHTTPS_ON_EACH_PEBBLE(suite)                                                      \
  INSTANTIATE_TEST_SUITE_P(                                                                  \
      Pebble, suite,                                                                         \
      testing::Values(::autohttps::WhichPebble::installed, ::autohttps::WhichPebble::newer), \
      [](const auto& which) { return ::autohttps::name_of(which.param); })

}  // namespace autohttps
