// Commands of people's as programs: run without a shell, with a clean environment, as the user they
// belong to.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace autohttps::acme {

struct HookReply {
  enum class End { done, failed, canceled } end = End::done;
  int exit_code = 0;
  std::string why;      // failed: "exit 1", "took longer than 60 s", "no such program"
  std::string output;   // its end; foreign bytes
  bool started = true;  // false: nothing of it ever ran
};

struct HookCommandLine {
  std::string command;                   // see split_command()
  std::vector<std::string> arguments{};  // behind the command's own words
  std::vector<std::string> facts{};      // "AUTOHTTPS_...=": besides PATH, LANG and HOME
  std::optional<std::uint32_t> owner{};  // the user it runs as; empty: the store's owner
};

// Thread-safe.
class HookProcess {
 public:
  struct Options {
    std::filesystem::path store;
    std::filesystem::path folder;  // where ready hooks lie by their bare names; empty: nowhere
    std::chrono::milliseconds limit{60'000};  // DESIGN: a hook is a reload, not a job
  };
  explicit HookProcess(Options options) : options_(std::move(options)) {}

  // Why this process may not run commands of that owner ("it belongs to root"); empty: it may.
  std::string obstacle(std::optional<std::uint32_t> owner) const;
  // Waits for the command's end, bounded. Never throws for what concerns the command: it is in the
  // reply.
  HookReply run(const HookCommandLine&, std::stop_token) const;

  const std::filesystem::path& store() const noexcept { return options_.store; }

 private:
  Options options_;
};

// How long after the nth failure of a command it is tried again: what does not take a certificate
// or a record is worth a few quick tries, then a person is needed.
inline constexpr std::chrono::minutes kLongestHookWait{360};
std::chrono::minutes wait_after_hook(int tries) noexcept;

// The whole path of a command's program: itself, or that of the ready hook of this name. Throws
// Error(config) naming those there are, when there is none of this name.
std::filesystem::path hook_program(const std::string& word, const std::filesystem::path& folder);

// The end of what a command said, escaped line by line: it says what went wrong.
std::string hook_output_tail(const std::string& output);
std::string last_line(const std::string& text);

}  // namespace autohttps::acme
