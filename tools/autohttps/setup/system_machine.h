// This machine.
#pragma once

#include <autohttps/tools/autohttps/setup/machine.h>

namespace autohttps::tools {

class SystemMachine final : public Machine {
 public:
  bool is_root() const override;
  bool has_command(const std::string& name) const override;
  bool process_runs(const std::string& name) const override;
  std::string program() const override;
  std::optional<PortHolder> port_holder(std::uint16_t port) const override;
  std::vector<std::string> addresses_of(const std::string& name) const override;
  std::vector<std::string> own_addresses() const override;
  int random_minute() const override;
  bool has_user(const std::string& name) const override;
  std::optional<FileOwner> owner_of(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  std::optional<std::string> read(const std::string& path) const override;
  std::vector<std::string> list(const std::string& folder) const override;
  void check_writable(const std::string& path) const override;
  void write(const std::string& path, const std::string& text, unsigned mode) override;
  void remove(const std::string& path) override;
  void remove_folder(const std::string& path) override;
  CommandResult run(const std::vector<std::string>& words) override;
};

}  // namespace autohttps::tools
