// An engine on a loopback port with a sink made of a function.
#pragma once

#include <autohttps/server/engine/engine.h>
#include <autohttps/server/engine/listener.h>

#include "test_connection.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace autohttps {

class FunctionSink final : public RequestSink {
 public:
  using Handler = std::function<void(ExchangePtr)>;
  explicit FunctionSink(Handler handler) : handler_(std::move(handler)) {}
  void handle(ExchangePtr exchange) noexcept override { handler_(std::move(exchange)); }
  bool wants_stream(const HeadView& head) noexcept override {
    return streams && head.expects_continue;
  }
  bool streams = false;

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
