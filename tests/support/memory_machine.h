// A machine in memory: what setup would see, and what it did.
#pragma once

#include <autohttps/tools/autohttps/setup/machine.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace autohttps::tools {

class MemoryMachine final : public Machine {
 public:
  bool root = true;
  std::set<std::string> commands;   // has_command
  std::set<std::string> processes;  // process_runs
  std::map<std::uint16_t, PortHolder> ports;
  std::map<std::string, std::vector<std::string>> dns;
  std::vector<std::string> own{"127.0.0.1", "::1", "192.0.2.1", "2001:db8::1"};
  std::map<std::string, std::string> files;
  std::map<std::string, unsigned> modes;
  std::map<std::string, CommandResult> answers;  // by the words with spaces between; else exit 0
  std::vector<std::string> ran;
  std::set<std::string> users{"autohttps"};

  bool is_root() const override { return root; }
  bool has_command(const std::string& name) const override { return commands.contains(name); }
  bool process_runs(const std::string& name) const override { return processes.contains(name); }
  std::string program() const override { return "/usr/bin/autohttps"; }
  std::optional<PortHolder> port_holder(std::uint16_t port) const override {
    const auto found = ports.find(port);
    return found == ports.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::string> addresses_of(const std::string& name) const override {
    const auto found = dns.find(name);
    return found == dns.end() ? std::vector<std::string>() : found->second;
  }
  std::vector<std::string> own_addresses() const override { return own; }
  int random_minute() const override { return 17; }
  bool has_user(const std::string& name) const override { return users.contains(name); }
  std::optional<FileOwner> owner_of(const std::string&) const override { return std::nullopt; }
  bool exists(const std::string& path) const override {
    return files.contains(path) || !list(path).empty();
  }
  std::optional<std::string> read(const std::string& path) const override {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::string> list(const std::string& folder) const override {
    std::set<std::string> names;
    const std::string prefix = folder.ends_with('/') ? folder : folder + "/";
    for (const auto& [path, text] : files) {
      if (!path.starts_with(prefix)) continue;
      const std::string rest = path.substr(prefix.size());
      names.insert(rest.substr(0, rest.find('/')));
    }
    return {names.begin(), names.end()};
  }
  void check_writable(const std::string&) const override {}
  void write(const std::string& path, const std::string& text, unsigned mode) override {
    files[path] = text;
    modes[path] = mode;
  }
  void remove(const std::string& path) override { files.erase(path); }
  void remove_folder(const std::string&) override {}
  CommandResult run(const std::vector<std::string>& words) override {
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
    ran.push_back(line);
    const auto found = answers.find(line);
    return found == answers.end() ? CommandResult{0, {}} : found->second;
  }
};

}  // namespace autohttps::tools
