// certificates/<id>/cleanup.json: DNS records that hooks put up, noted before they do.
#pragma once

#include <autohttps/acme/store/store.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// One record, and the command that takes it away.
struct CleanupNote {
  std::string command;  // see split_command()
  std::string domain;   // "example.com": what is being proven
  std::string name;     // "_acme-challenge.example.com", or where a CNAME of that leads
  std::string value;
  std::string zone{};                  // that `name` lies in; empty: not known
  int tries = 0;                       // of taking it down
  std::optional<WallTime> next_try{};  // after one that failed: not before

  bool is_same_record(const CleanupNote& other) const noexcept {
    return command == other.command && name == other.name && value == other.value;
  }
  bool operator==(const CleanupNote&) const = default;
};

// It lies beside pending/ and not in it: a record may be left when the order that it was for is
// long gone. Whoever writes holds the certificate's lock. Throws what the Store throws.
class CleanupNotes {
 public:
  CleanupNotes(Store& store, std::string certificate)
      : store_(store), certificate_(std::move(certificate)) {}

  std::vector<CleanupNote> all() const;  // unreadable: quarantined; none
  void put(const CleanupNote&);          // in place of the same record's, durable
  void remove(const CleanupNote&);

 private:
  std::string key() const;
  void write(const std::vector<CleanupNote>&);

  Store& store_;
  const std::string certificate_;
};

std::string to_json_text(const std::vector<CleanupNote>&);
std::vector<CleanupNote> parse_cleanup_notes(std::string_view json);  // throws Error(protocol)

}  // namespace autohttps::acme
