// A body in the gzip coding (RFC 9110 8.4.1.3, RFC 1952), made while it is sent.
#pragma once

#include <autohttps/server/engine/exchange.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace autohttps {

// What the source has given is out when it has nothing more for now: events (SSE) come as they
// would without. Holds some 300 KiB until its end.
class CompressedSource final : public BodySource {
 public:
  // Throws std::bad_alloc; the source is untouched then.
  explicit CompressedSource(std::unique_ptr<BodySource>&&);
  ~CompressedSource() override;

  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  Pulled read(std::span<char>) noexcept override;

 private:
  struct Stream;
  void produce() noexcept;

  const std::unique_ptr<Stream> stream_;
  std::unique_ptr<BodySource> source_;
};

}  // namespace autohttps
