#include <autohttps/acme/store/hooks.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

using Words = std::vector<std::string>;

TEST(HooksTest, SplitsACommandWithoutAShell) {
  const std::pair<const char*, Words> table[] = {
      {"/bin/true", {"/bin/true"}},
      {"  /bin/x  a\tb ", {"/bin/x", "a", "b"}},
      {"reload-nginx", {"reload-nginx"}},
      {R"(/bin/x "two words" "")", {"/bin/x", "two words", ""}},
      {R"("/opt/my app/x" --a="b c")", {"/opt/my app/x", "--a=b c"}},
      {"/bin/x $HOME;rm * 'a b'", {"/bin/x", "$HOME;rm", "*", "'a", "b'"}},
  };
  for (const auto& [command, words] : table) EXPECT_EQ(split_command(command), words) << command;
}

TEST(HooksTest, RefusesCommandsThatCannotRun) {
  for (const std::string command :
       {"", "   ", "\"", "/bin/x \"open", "./here", "bin/x", "../x", ".hidden", "\"\"", "~/x"}) {
    const auto error = thrown_error([&] { split_command(command); });
    ASSERT_TRUE(error) << command;
    EXPECT_EQ(error->code(), ErrorCode::config) << command;
  }
  EXPECT_TRUE(thrown_error([&] { split_command(std::string("/bin/x a\0b", 10)); }));
}

TEST(HooksTest, RecordsAreReadAsTheyWereWritten) {
  HookRecords records;
  records.failure = WallTime(std::chrono::seconds(1'800'000'000));
  HookRecord full;
  full.state = HookRecord::State::failed;
  full.kind = HookKind::failed;
  full.command = "mail me@a.test";
  full.owner = 0;
  full.at = records.failure;
  full.exit_code = 3;
  full.why = "exit 3";
  full.output = "one\ntwo";
  full.tries = 2;
  full.next_try = *records.failure + std::chrono::minutes(10);
  records.hooks = {full, HookRecord{}};
  records.hooks.back().command = "/bin/true";
  const HookRecords read = parse_hook_records(to_json_text(records));
  EXPECT_EQ(read.failure, records.failure);
  ASSERT_EQ(read.hooks.size(), 2u);
  const HookRecord& first = read.hooks[0];
  EXPECT_EQ(first.state, full.state);
  EXPECT_TRUE(first.is(HookKind::failed, "mail me@a.test", 0));
  EXPECT_FALSE(first.is(HookKind::failed, "mail me@a.test", std::nullopt));
  EXPECT_EQ(first.at, full.at);
  EXPECT_EQ(first.exit_code, 3);
  EXPECT_EQ(first.why, "exit 3");
  EXPECT_EQ(first.output, "one\ntwo");
  EXPECT_EQ(first.tries, 2);
  EXPECT_EQ(first.next_try, full.next_try);
  EXPECT_TRUE(read.hooks[1].is(HookKind::deploy, "/bin/true", std::nullopt));
  EXPECT_EQ(read.hooks[1].state, HookRecord::State::pending);
}

TEST(HooksTest, RefusesDamagedRecords) {
  for (const char* text :
       {"", "[]", "{}", R"({"hooks": 1})", R"({"hooks": [1]})", R"({"hooks": [{}]})",
        R"({"hooks": [{"kind": "x", "state": "done", "command": "/x"}]})",
        R"({"hooks": [{"kind": "pre", "state": "x", "command": "/x"}]})",
        R"({"hooks": [{"kind": "pre", "state": "done", "command": 1}]})",
        R"({"hooks": [{"kind": "pre", "state": "done", "command": "/x", "owner": 9999999999}]})"}) {
    EXPECT_TRUE(thrown_error([&] { parse_hook_records(text); })) << text;
  }
}

}  // namespace
}  // namespace autohttps::acme
