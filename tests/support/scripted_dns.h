// A DNS in memory: which server, by its address, says what. Nothing is asked of the network.
#pragma once

#include <autohttps/acme/challenges/dns_client.h>
#include <autohttps/tests/support/manual_clock.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace autohttps::acme {

// Thread-safe. Servers that nothing was said of are silent, and cost the asker four seconds.
class ScriptedDns final : public DnsClient {
 public:
  explicit ScriptedDns(ManualClock& clock) : clock_(clock) {}

  void set(const std::string& address, const std::string& name, DnsType type,
           std::vector<std::string> values) {
    const std::lock_guard lock(mutex_);
    servers_[address].records[{name, type}] = std::move(values);
  }
  void code(const std::string& address, const std::string& name, DnsCode code) {
    const std::lock_guard lock(mutex_);
    servers_[address].codes[name] = code;
  }
  void silence(const std::string& address, bool silent = true) {
    const std::lock_guard lock(mutex_);
    servers_[address].silent = silent;
  }
  // A zone with servers "ns1.<zone>" ... at these addresses, as `resolver` knows it.
  void zone(const std::string& resolver, const std::string& apex,
            const std::vector<std::vector<std::string>>& addresses) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      names.push_back("ns" + std::to_string(i + 1) + "." + apex);
      for (const std::string& address : addresses[i]) {
        const bool six = address.find(':') != std::string::npos;
        set(resolver, names.back(), six ? DnsType::aaaa : DnsType::a, {address});
        silence(address, false);
      }
    }
    set(resolver, apex, DnsType::ns, names);
  }
  // Called before each answer, with "192.0.2.1 a.test TXT": the script's next line.
  std::function<void(const std::string&)> on_ask;
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  int asked_of(const std::string& address) const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::ranges::count_if(
        asked_, [&](const std::string& line) { return line.starts_with(address + " "); }));
  }

  DnsReply ask(const DnsServer& server, const DnsQuestion& question, std::stop_token) override {
    const std::string name = dns_name(question.name);
    const std::string line =
        server.text() + " " + name + " " + std::string(dns_type_name(question.type));
    if (on_ask) on_ask(line);
    const std::lock_guard lock(mutex_);
    asked_.push_back(line);
    const auto found = servers_.find(server.text());
    if (found == servers_.end() || found->second.silent) {
      clock_.advance(std::chrono::seconds(4));
      return {std::nullopt, "no answer within 2 s"};
    }
    DnsAnswer answer;
    answer.authoritative = !question.recursive;
    answer.code = DnsCode::no_such_name;
    for (const auto& [key, values] : found->second.records) {
      if (key.first == name) answer.code = DnsCode::ok;
      if (key != std::pair(name, question.type)) continue;
      for (const std::string& value : values) {
        answer.records.push_back({name, question.type, value});
      }
    }
    const auto code = found->second.codes.find(name);
    if (code != found->second.codes.end()) answer = {code->second, false, false, {}, {}};
    return {answer, {}};
  }

 private:
  struct Server {
    std::map<std::pair<std::string, DnsType>, std::vector<std::string>> records;
    std::map<std::string, DnsCode> codes;
    bool silent = false;
  };

  ManualClock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Server> servers_;  // guarded by mutex_, by address
  std::vector<std::string> asked_;         // guarded by mutex_
};

}  // namespace autohttps::acme
