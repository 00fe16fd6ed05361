#include <autohttps/tools/autohttps/output.h>

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace autohttps::tools {
namespace {

using Level = Event::Level;

struct Screen {
  std::string out, err;
  Output output;
  explicit Screen(OutputOptions options)
      : output([this](std::string_view text) { out += text; },
               [this](std::string_view text) { err += text; }, options) {}
  void tell(Level level, const std::string& text, const std::string& certificate = "",
            const std::string& hint = "") {
    output.event({.level = level, .certificate = certificate, .text = text, .hint = hint});
  }
};

Look look(bool terminal, const std::map<std::string, std::string>& variables) {
  return look_of(terminal, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(OutputTest, ATerminalGetsMarksAndColors) {
  const Look full = look(true, {{"TERM", "xterm"}, {"LANG", "C.UTF-8"}});
  EXPECT_TRUE(full.marks);
  EXPECT_TRUE(full.colors);
  Screen screen({.look = full});
  screen.tell(Level::done, "saved", "a.test");
  EXPECT_EQ(screen.err, "\x1b[32m✓ \x1b[0ma.test: saved\n");
}

TEST(OutputTest, MarksNeedATerminalThatKnowsThem) {
  EXPECT_FALSE(look(false, {{"TERM", "xterm"}, {"LANG", "C.UTF-8"}}).marks);
  EXPECT_FALSE(look(true, {{"TERM", "dumb"}, {"LANG", "C.UTF-8"}}).marks);
  EXPECT_FALSE(look(true, {{"TERM", "xterm"}, {"LANG", "C"}}).marks);
  EXPECT_FALSE(look(true, {{"TERM", "xterm"}, {"LC_ALL", "C"}, {"LANG", "C.UTF-8"}}).marks);
  EXPECT_FALSE(look(true, {}).marks);
}

TEST(OutputTest, ColorsFollowTheUsualVariables) {
  EXPECT_FALSE(look(true, {{"TERM", "xterm"}, {"NO_COLOR", "1"}}).colors);
  EXPECT_FALSE(look(true, {{"TERM", "xterm"}, {"CLICOLOR", "0"}}).colors);
  EXPECT_FALSE(look(true, {{"TERM", "dumb"}}).colors);
  EXPECT_FALSE(look(false, {{"TERM", "xterm"}}).colors);
  EXPECT_TRUE(look(false, {{"TERM", "xterm"}, {"CLICOLOR_FORCE", "1"}}).colors);
  EXPECT_FALSE(look(false, {{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", "1"}}).colors);
}

TEST(OutputTest, ALogGetsPlainLines) {
  Screen screen({});
  screen.tell(Level::step, "ordering", "a.test");
  screen.tell(Level::done, "saved", "a.test");
  screen.tell(Level::warning, "slow disk", "", "buy a faster one");
  screen.tell(Level::debug, "not shown");
  EXPECT_EQ(screen.err,
            "a.test: ordering\na.test: saved\nwarning: slow disk\n  to fix it: buy a faster one\n");
  EXPECT_EQ(screen.out, "");
}

TEST(OutputTest, QuietKeepsWarningsErrorsAndResults) {
  Screen screen({.look = {}, .quiet = true});
  screen.tell(Level::step, "ordering");
  screen.tell(Level::warning, "odd");
  screen.output.result("a.test");
  EXPECT_EQ(screen.err, "warning: odd\n");
  EXPECT_EQ(screen.out, "a.test\n");
}

TEST(OutputTest, AFailureThatComesAsAnOutcomeIsShownOnce) {
  Screen screen({.look = {}, .failures_come_later = true});
  screen.tell(Level::error, "refused", "a.test");
  EXPECT_EQ(screen.err, "");
  screen.tell(Level::error, "the store is full");
  EXPECT_EQ(screen.err, "error: the store is full\n");
}

TEST(OutputTest, AnErrorSaysWhatAndHowToFixIt) {
  Screen screen({});
  screen.output.error(Error(ErrorCode::port, "binding port 80: in use by nginx (pid 812)",
                            "stop nginx\nor use --webroot DIR"));
  EXPECT_EQ(screen.err,
            "error: binding port 80: in use by nginx (pid 812)\n"
            "  code: port\n"
            "  to fix it: stop nginx\n"
            "             or use --webroot DIR\n");
}

TEST(F22_HostileProblem, NoByteOfForeignTextSteersTheTerminal) {
  Screen screen({});
  screen.tell(Level::warning, "the CA says \x1b]0;gone\x07\nerror: fake", "a.test", "\x1b[2J");
  screen.output.error(Error(ErrorCode::refused, "\x1b[31mno\r",
                            "\x9b"
                            "1m"));
  for (const char byte : screen.err) {
    const auto value = static_cast<unsigned char>(byte);
    EXPECT_TRUE(value == '\n' || (value >= 0x20 && value != 0x7f && value < 0x80))
        << static_cast<int>(value);
  }
  EXPECT_EQ(screen.err.find("\nerror: fake"), std::string::npos);
}

}  // namespace
}  // namespace autohttps::tools
