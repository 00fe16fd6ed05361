// Revocation at a real Pebble, and that what was revoked is replaced.
#include <autohttps/tests/integration/program_on_pebble.h>

namespace autohttps {
namespace {

class RevokeCommand : public OnEachPebble {
 protected:
  static ChildResult revoke(const ProgramOnPebble& here, const Words& words) {
    return here.run(Words{"revoke"} + words + here.on_store());
  }
  static std::string chain(const ProgramOnPebble& here) {
    return contents(here.current("a.test") / "fullchain.pem");
  }
};

TEST_P(RevokeCommand, ByTheAccountOrByTheKeyAndTheNextRunReplacesIt) {
  const ProgramOnPebble here({.version = version()});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  for (const Words& how : {Words{"--reason", "superseded"},
                           Words{"--with-key", "--reason", "keyCompromise"}, Words{}}) {
    const std::string before = chain(here);
    ASSERT_EQ(here.pebble.certificate_status(before), "Valid");
    ChildResult result = revoke(here, Words{"a.test"} + how);
    EXPECT_EQ(result.exit_code, 2) << "it is asked first" << said(result);
    EXPECT_EQ(here.pebble.certificate_status(before), "Valid");
    result = revoke(here, Words{"a.test", "--yes"} + how);
    ASSERT_EQ(result.exit_code, 0) << said(result);
    EXPECT_EQ(here.pebble.certificate_status(before), "Revoked");
    result = here.renew({"--detailed-exitcode"});
    EXPECT_EQ(result.exit_code, 10) << said(result);
    EXPECT_NE(chain(here), before);
    result = here.renew({"--detailed-exitcode"});
    EXPECT_EQ(result.exit_code, 0) << "once" << said(result);
  }
}

TEST_P(RevokeCommand, TheSecondTimeIsNoFailure) {
  const ProgramOnPebble here({.version = version()});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  ASSERT_EQ(revoke(here, {"a.test", "--yes"}).exit_code, 0);
  const ChildResult result = revoke(here, {"a.test", "--yes", "--json"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(json_of(result)["revoked"][0]["already"], true);
}

TEST_P(RevokeCommand, HistorySaysWhichOneItWasAndRollbackPassesItOver) {
  const ProgramOnPebble here({.version = version()});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  ASSERT_EQ(revoke(here, {"a.test", "--yes"}).exit_code, 0);
  ASSERT_EQ(here.renew().exit_code, 0);
  const Words history = Words{"history", "a.test"} + here.on_store();
  const Json generations =
      json_of(here.run(history + Words{"--json"}))["certificates"][0]["generations"];
  EXPECT_EQ(generations[0]["revoked"], true);
  EXPECT_EQ(generations[1]["revoked"], false);
  const ChildResult shown = here.run(history);
  EXPECT_NE(shown.out.find("(the one before was revoked)"), std::string::npos) << said(shown);
  EXPECT_NE(shown.out.find(", revoked\n"), std::string::npos) << said(shown);
  const ChildResult back = here.run(Words{"rollback", "a.test"} + here.on_store());
  EXPECT_EQ(back.exit_code, 2) << said(back);
}

TEST_P(RevokeCommand, WhatCannotBeIsRefusedBeforeAnythingIsDone) {
  const ProgramOnPebble here({.version = version()});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  ChildResult result = revoke(here, {"a.test", "--yes", "--reason", "stolen"});
  EXPECT_EQ(result.exit_code, 2) << said(result);
  EXPECT_NE(result.err.find("keyCompromise"), std::string::npos) << said(result);
  result = revoke(here, {"b.test", "--yes"});
  EXPECT_EQ(result.exit_code, 2) << said(result);
  EXPECT_EQ(here.pebble.certificate_status(chain(here)), "Valid");
}

AUTOHTTPS_ON_EACH_PEBBLE(RevokeCommand);

}  // namespace
}  // namespace autohttps
