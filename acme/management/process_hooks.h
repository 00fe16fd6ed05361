// Hooks as programs: run without a shell, with a clean environment, as the user they belong to.
#pragma once

#include <autohttps/acme/management/hook_runner.h>

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace autohttps::acme {

// Thread-safe.
class ProcessHooks final : public HookRunner {
 public:
  struct Options {
    std::filesystem::path store;
    std::filesystem::path folder;  // where ready hooks lie by their bare names; empty: nowhere
    std::chrono::milliseconds limit{60'000};  // DESIGN: a hook is a reload, not a job
  };
  explicit ProcessHooks(Options options) : options_(std::move(options)) {}

  std::string obstacle(std::optional<std::uint32_t> owner) const override;
  HookReply run(const HookCall&, std::stop_token) override;

 private:
  Options options_;
};

// The whole path of a command's program: itself, or that of the ready hook of this name. Throws
// Error(config) naming those there are, when there is none of this name.
std::filesystem::path hook_program(const std::string& word, const std::filesystem::path& folder);

// What a hook gets, "NAME=value": PATH, LANG, HOME and the facts as AUTOHTTPS_*.
std::vector<std::string> hook_environment(const HookCall&, const std::filesystem::path& store,
                                          const std::string& home);

}  // namespace autohttps::acme
