// Hooks around attempts as programs, and what they are told.
#pragma once

#include <autohttps/acme/management/hook_runner.h>
#include <autohttps/acme/store/hook_process.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace autohttps::acme {

// Thread-safe.
class ProcessHooks final : public HookRunner {
 public:
  using Options = HookProcess::Options;
  explicit ProcessHooks(Options options) : process_(std::move(options)) {}

  std::string obstacle(std::optional<std::uint32_t> owner) const override {
    return process_.obstacle(owner);
  }
  HookReply run(const HookCall&, std::stop_token) override;

 private:
  HookProcess process_;
};

// What a hook is told, "AUTOHTTPS_NAME=value".
std::vector<std::string> hook_facts(const HookCall&, const std::filesystem::path& store);

}  // namespace autohttps::acme
