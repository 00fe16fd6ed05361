// Hooks that run no processes: what was called is kept, and how it ends is said beforehand.
#pragma once

#include <autohttps/acme/management/hook_runner.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace autohttps::acme {

class HookRecorder final : public HookRunner {
 public:
  std::string obstacle(std::optional<std::uint32_t> owner) const override {
    const std::lock_guard lock(mutex);
    return owner && forbidden.contains(*owner) ? "it belongs to another" : "";
  }
  HookReply run(const HookCall& call, std::stop_token) override {
    const std::lock_guard lock(mutex);
    calls.push_back(call);
    const auto reply = replies.find(call.command);
    return reply == replies.end() ? HookReply{} : reply->second;
  }

  // "deploy reload 2": kind, command, generation.
  std::vector<std::string> told() const {
    const std::lock_guard lock(mutex);
    std::vector<std::string> lines;
    for (const HookCall& call : calls) {
      lines.push_back(std::string(hook_kind_name(call.kind)) + " " + call.command + " " +
                      std::to_string(call.generation));
    }
    return lines;
  }

  mutable std::mutex mutex;                  // guards what follows
  std::vector<HookCall> calls;               // in order
  std::map<std::string, HookReply> replies;  // by command; absent: done
  std::set<std::uint32_t> forbidden;         // owners whose hooks this process may not run
};

}  // namespace autohttps::acme
