// An engine on a loopback port with a sink made of a function.
#pragma once

#include <autohttps/server/engine/engine.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/support/test_connection.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace autohttps {

class FunctionSink final : public RequestSink {
 public:
  using Handler = std::function<void(ExchangePtr)>;
  explicit FunctionSink(Handler handler) : handler_(std::move(handler)) {}
  void handle(ExchangePtr exchange) noexcept override { handler_(std::move(exchange)); }
  Intake intake(const HeadView& head, std::string_view) noexcept override {
    if (pulls) return Intake::pulled;
    return streams && head.expects_continue ? Intake::streamed : Intake::whole;
  }
  bool keeps_records() const noexcept override { return static_cast<bool>(on_answered); }
  void answered(const RequestRecord& record) noexcept override { on_answered(record); }

  bool streams = false;
  bool pulls = false;
  std::function<void(const RequestRecord&)> on_answered{};

 private:
  const Handler handler_;
};

// Method, target and body, as the handler met them.
inline std::string told(Exchange& exchange) {
  std::string body;
  char piece[4'096];
  while (const std::size_t got = exchange.read(piece)) body.append(piece, got);
  return std::string(exchange.head().method) + " " + std::string(exchange.head().target) + " " +
         body;
}

inline void answer_text(Exchange& exchange, const std::string& text, int status = 200) {
  exchange.begin({status, {}}, text.size());
  exchange.write(text);
  exchange.finish(true);
}

inline const std::string kHost = "Host: a.test\r\n";

inline std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\n" + kHost + "\r\n";
}

inline void echo(ExchangePtr exchange) { answer_text(*exchange, told(*exchange)); }

class Pieces final : public BodySource {
 public:
  Pieces(std::size_t size, std::optional<std::uint64_t> length) : left_(size), length_(length) {}
  std::optional<std::uint64_t> length() const noexcept override { return length_; }
  Pulled read(std::span<char> into) noexcept override {
    const std::size_t count = std::min(left_, into.size());
    if (count == 0) return {Pulled::Kind::end};
    std::fill_n(into.begin(), count, 'p');
    left_ -= count;
    return Pulled::some(count);
  }

 private:
  std::size_t left_;
  const std::optional<std::uint64_t> length_;
};

class EngineUnderTest {
 public:
  explicit EngineUnderTest(FunctionSink::Handler handler, EngineLimits limits = {},
                           std::shared_ptr<const TlsContext> tls = nullptr)
      : sink(std::move(handler)) {
    OwnedFd listening = listen_tcp("127.0.0.1", 0);
    port = bound_port(listening.get());
    engine = std::make_unique<Engine>(std::move(limits), sink);
    engine->listen(std::move(listening), std::move(tls));
  }
  TestConnection connect() const { return TestConnection::plain(port); }
  std::uint64_t count(Count what) const { return engine->counters().get(what); }

  FunctionSink sink;
  std::uint16_t port = 0;
  std::unique_ptr<Engine> engine;
};

}  // namespace autohttps
