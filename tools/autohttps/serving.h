// run/ of the store: who serves it. For people and other commands; nothing depends on it.
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/clock.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace autohttps::tools {

struct Serving {
  long pid = 0;
  std::uint16_t http_port = 0;
  std::uint16_t https_port = 0;
};

// The record lives under a kernel lock, which goes with the process whatever ends it.
class ServingRecord {
 public:
  // Throws Error(locked) naming the other `serve` of this store.
  ServingRecord(acme::Store&, Clock&, const Serving&);
  ~ServingRecord();
  ServingRecord(const ServingRecord&) = delete;
  ServingRecord& operator=(const ServingRecord&) = delete;

 private:
  acme::Store& store_;
  std::unique_ptr<acme::StoreLock> lock_;
};

std::optional<Serving> who_serves(acme::Store&, Clock&);

}  // namespace autohttps::tools
