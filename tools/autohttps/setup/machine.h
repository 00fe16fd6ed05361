// What setup sees of a machine and does to it, in few primitives, so that tests have one in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace autohttps::tools {

struct CommandResult {
  int exit_code = -1;  // -1: it could not be started or took too long
  std::string output;  // both streams, bounded
};

struct PortHolder {
  std::string name;  // "nginx"; empty: taken, but by whom cannot be seen
  long pid = 0;
  std::string unit;  // "nginx.service" where systemd runs it; else empty
};

struct FileOwner {
  std::string user, group;
};

// Not thread-safe. Paths are absolute.
class Machine {
 public:
  virtual ~Machine() = default;

  virtual bool is_root() const = 0;
  virtual bool has_command(const std::string& name) const = 0;  // on the usual PATH
  virtual bool process_runs(const std::string& name) const = 0;
  virtual std::string program() const = 0;  // this very program's file
  // Empty: nobody listens there.
  virtual std::optional<PortHolder> port_holder(std::uint16_t port) const = 0;
  // The name's addresses, numeric; empty when it has none.
  virtual std::vector<std::string> addresses_of(const std::string& name) const = 0;
  virtual std::vector<std::string> own_addresses() const = 0;
  virtual int random_minute() const = 0;  // 0..59
  virtual bool has_user(const std::string& name) const = 0;
  virtual std::optional<FileOwner> owner_of(const std::string& path) const = 0;

  virtual bool exists(const std::string& path) const = 0;  // a link that leads nowhere too
  virtual std::optional<std::string> read(const std::string& path) const = 0;
  virtual std::vector<std::string> list(const std::string& folder) const = 0;  // names, sorted

  // Throws Error(permission | storage) when a file could not be written there; writes nothing.
  virtual void check_writable(const std::string& path) const = 0;
  // As a whole or not at all: a new file renamed over the old one, synced. Folders that are missing
  // are made, 0755. Throw Error(permission | storage).
  virtual void write(const std::string& path, const std::string& text, unsigned mode) = 0;
  virtual void remove(const std::string& path) = 0;         // absent is fine
  virtual void remove_folder(const std::string& path) = 0;  // only an empty one; else stays

  // The first word is looked for on the usual PATH. No shell.
  virtual CommandResult run(const std::vector<std::string>& words) = 0;
};

}  // namespace autohttps::tools
