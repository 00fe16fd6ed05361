// A DNS hook that runs no process: it sets and removes records of a ScriptedDns, or of none.
#pragma once

#include <autohttps/acme/challenges/dns_hook.h>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace autohttps::acme {

// Thread-safe.
class DnsHookRecorder final : public DnsHookRunner {
 public:
  std::string obstacle() const override {
    const std::lock_guard lock(mutex);
    return forbidden ? "it belongs to another" : "";
  }
  HookReply run(DnsAction action, const CleanupNote& note, const std::string& certificate,
                std::stop_token) override {
    if (before) before(action, note);
    const std::lock_guard lock(mutex);
    if (dead && dead()) return {HookReply::End::canceled, 0, "we are dead", {}};
    const std::string what(dns_action_name(action));
    calls.push_back(certificate + ": " + note.command + " " + what + " " + note.name + " " +
                    note.value);
    const auto reply = replies.find(what);
    if (reply != replies.end() && reply->second.end != HookReply::End::done) return reply->second;
    if (action == DnsAction::present) {
      up.insert({note.name, note.value});
    } else {
      up.erase({note.name, note.value});
    }
    if (changed) changed(note.name);
    return {};
  }
  std::vector<std::string> values(const std::string& name) const {
    std::vector<std::string> all;
    for (const auto& [at, value] : up) {
      if (at == name) all.push_back(value);
    }
    return all;
  }

  mutable std::mutex mutex;  // guards what follows
  std::vector<std::string> calls;
  std::map<std::string, HookReply> replies;          // by action; absent: done
  std::set<std::pair<std::string, std::string>> up;  // name, value
  bool forbidden = false;
  std::function<bool()> dead;  // a process that was killed runs nothing
  std::function<void(DnsAction, const CleanupNote&)> before;
  std::function<void(const std::string& name)> changed;
};

}  // namespace autohttps::acme
