// run/ of the store: who serves it. For people and other commands; nothing depends on it.
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/clock.h>
#include <autohttps/server/engine/counters.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace autohttps::tools {

struct Serving {
  long pid = 0;
  std::uint16_t http_port = 0;
  std::uint16_t https_port = 0;
  // What its https port has met since its start, as of the last seconds: see Count, and "open" and
  // "threads" for now. What never happened is left out.
  std::map<std::string, std::uint64_t> counters{};
};

// The record lives under a kernel lock, which goes with the process whatever ends it.
class ServingRecord {
 public:
  // Throws Error(locked) naming the other `serve` of this store.
  ServingRecord(acme::Store&, Clock&, const Serving&);
  ~ServingRecord();
  ServingRecord(const ServingRecord&) = delete;
  ServingRecord& operator=(const ServingRecord&) = delete;

  void count(const Counters&) noexcept;  // writes them down where they have changed

 private:
  void write();

  acme::Store& store_;
  Serving serving_;
  std::unique_ptr<acme::StoreLock> lock_;
};

std::optional<Serving> who_serves(acme::Store&, Clock&);

}  // namespace autohttps::tools
