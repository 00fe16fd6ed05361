// dns-persist-01 against the newest Pebble: the record printed, looked at, and answered by.
#include <autohttps/tests/integration/program_on_pebble.h>

#include <gtest/gtest.h>

namespace autohttps {
namespace {

class DnsPersist : public testing::Test {
 protected:
  static PebbleOptions options() {
    return {.version = pebble_at_least(2, 10), .caa_identities = {"pebble.test"}};
  }
  Words at(const ProgramOnPebble& here) const {
    return here.at_pebble() + Words{"--dns-resolver", here.pebble.dns_server()};
  }
  // As `dns-persist` takes it: there is no port in it.
  ChildResult persist(const ProgramOnPebble& here, const Words& words) const {
    return here.run(Words{"dns-persist"} + words + here.on_store() +
                    Words{"--server", here.pebble.directory_url(), "--ca-bundle",
                          here.pebble.ca_bundle().string(), "--agree-tos", "--limits", "none",
                          "--dns-resolver", here.pebble.dns_server()});
  }
};

TEST_F(DnsPersist, ThePrintedRecordProvesANameAndItsWildcard) {
  AUTOHTTPS_NEEDS_PEBBLE(2, 10);
  const ProgramOnPebble here(options());
  const ChildResult printed = persist(here, {"record", "a.test", "*.a.test", "--json"});
  ASSERT_EQ(printed.exit_code, 0) << said(printed);
  const Json object = json_of(printed);
  ASSERT_EQ(object["records"].size(), 1U) << printed.out;
  const Json record = object["records"][0];
  EXPECT_EQ(record["name"], "_validation-persist.a.test");
  EXPECT_EQ(object["from"], "order");

  ChildResult checked = persist(here, {"check", "a.test", "*.a.test"});
  EXPECT_EQ(checked.exit_code, 3) << said(checked);
  EXPECT_NE(checked.out.find("no TXT record is there"), std::string::npos) << said(checked);

  // Without the record nothing is asked of the CA's validation, and what to set is told.
  ChildResult obtained =
      here.run(Words{"obtain", "a.test", "*.a.test", "--challenge", "dns-persist-01"} + at(here));
  EXPECT_EQ(obtained.exit_code, 3) << said(obtained);
  EXPECT_NE(obtained.err.find(record["line"].get<std::string>()), std::string::npos)
      << said(obtained);

  here.pebble.set_txt("_validation-persist.a.test", record["value"].get<std::string>());
  checked = persist(here, {"check", "a.test", "*.a.test"});
  EXPECT_EQ(checked.exit_code, 0) << said(checked);
  EXPECT_NE(checked.out.find("proves the name and its wildcard"), std::string::npos);
  obtained =
      here.run(Words{"obtain", "a.test", "*.a.test", "--challenge", "dns-persist-01"} + at(here));
  ASSERT_EQ(obtained.exit_code, 0) << said(obtained);
  EXPECT_TRUE(here.stored("a.test")->serves("www.a.test"));

  // Without an order the same is printed here, and marked.
  const ChildResult guessed = persist(here, {"record", "*.a.test", "--no-order"});
  EXPECT_EQ(guessed.exit_code, 0) << said(guessed);
  EXPECT_NE(guessed.out.find(record["line"].get<std::string>()), std::string::npos);
  EXPECT_NE(guessed.err.find("made from the CA's directory"), std::string::npos) << said(guessed);
}

TEST_F(DnsPersist, ALookMakesNothing) {
  const ProgramOnPebble here;
  const ChildResult checked = persist(here, {"check", "a.test"});
  EXPECT_EQ(checked.exit_code, 2) << said(checked);
  EXPECT_FALSE(std::filesystem::exists(here.store()));
}

}  // namespace
}  // namespace autohttps
