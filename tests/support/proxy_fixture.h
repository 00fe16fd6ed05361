// A reverse proxy on an engine of its own, and clients of it that know HTTP's framing.
#pragma once

#include <autohttps/common/strings.h>
#include <autohttps/server/engine/chunked_decoder.h>
#include <autohttps/server/sites/reverse_proxy.h>
#include <autohttps/tests/support/engine_fixture.h>
#include <autohttps/tests/support/scripted_upstream.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace autohttps {

inline ProxyOptions proxy_to(std::vector<std::string> upstreams) {
  ProxyOptions options;
  options.upstreams = std::move(upstreams);
  return options;
}

// What an operator is told. Thread-safe.
class ToldEvents {
 public:
  EventSink sink() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(event.text);
    };
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  std::string all() const {
    std::string text;
    for (const std::string& line : lines()) text += line + "\n";
    return text;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class ProxyUnderTest {
 public:
  using Prepare = std::function<ProxiedRequest(const Exchange&)>;

  explicit ProxyUnderTest(ProxyOptions options, EngineLimits limits = {}, Prepare prepare = {},
                          std::shared_ptr<const TlsContext> tls = nullptr)
      : proxy(std::make_unique<ReverseProxy>(std::move(options), events.sink())),
        server(
            [this, prepare = std::move(prepare)](ExchangePtr exchange) {
              ProxiedRequest request;
              if (prepare) {
                request = prepare(*exchange);
              } else {
                request.target = exchange->head().target;
              }
              proxy->handle(std::move(exchange), std::move(request));
            },
            std::move(limits), std::move(tls)) {
    server.sink.pulls = true;
  }

  UpstreamStatus status() const { return proxy->status().at(0); }

  ToldEvents events;
  std::unique_ptr<ReverseProxy> proxy;
  EngineUnderTest server;
};

struct FramedResponse : TestResponse {
  bool whole = false;  // all of the body came, as its framing says
};

// A client with a connection that it keeps.
class FramedClient {
 public:
  explicit FramedClient(TestConnection connection) : connection_(std::move(connection)) {}
  explicit FramedClient(const ProxyUnderTest& proxy) : FramedClient(proxy.server.connect()) {}

  bool send(std::string_view bytes) { return connection_.send(bytes); }
  FramedResponse get(const std::string& target, const std::string& fields = "") {
    send("GET " + target + " HTTP/1.1\r\n" + kHost + fields + "\r\n");
    return read();
  }
  FramedResponse post(const std::string& target, const std::string& body) {
    send("POST " + target + " HTTP/1.1\r\n" + kHost +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return read();
  }

  // Status 0: none came. Interim answers are answers here.
  FramedResponse read(bool to_head = false) {
    FramedResponse response = read_head();
    if (response.status == 0) return response;
    const bool none =
        to_head || response.status < 200 || response.status == 204 || response.status == 304;
    const auto length = response.headers.find("content-length");
    if (none) {
      response.whole = true;
    } else if (response.headers.count("transfer-encoding") > 0) {
      read_chunks(response);
    } else if (length != response.headers.end()) {
      const std::size_t size = std::stoul(length->second);
      while (in_.size() < size && more()) {
      }
      response.whole = in_.size() >= size;
      response.body = in_.substr(0, size);
      in_.erase(0, size);
    } else {
      while (more()) {
      }
      response.body = std::exchange(in_, {});
      response.whole = true;  // as far as anybody can tell
    }
    return response;
  }
  FramedResponse read_head() {
    FramedResponse response;
    std::size_t end = 0;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return response;
    }
    read_head_of(response, in_.substr(0, end + 4));
    in_.erase(0, end + 4);
    return response;
  }
  std::string read_exactly(std::size_t size) {
    while (in_.size() < size && more()) {
    }
    const std::string text = in_.substr(0, size);
    in_.erase(0, text.size());
    return text;
  }
  bool ended() { return in_.empty() && !more(); }
  TestConnection& connection() { return connection_; }

 private:
  bool more() {
    const std::string some = connection_.read_some();
    in_ += some;
    return !some.empty();
  }
  void read_chunks(FramedResponse& response) {
    ChunkedDecoder decoder;
    while (true) {
      std::string_view input = in_;
      std::string_view data;
      auto state = ChunkedDecoder::State::more;
      while (state == ChunkedDecoder::State::more && !input.empty()) {
        state = decoder.decode(input, data);
        response.body.append(data);
      }
      in_ = std::string(input);
      response.whole = state == ChunkedDecoder::State::done;
      if (state != ChunkedDecoder::State::more || !more()) return;
    }
  }

  TestConnection connection_;
  std::string in_;
};

}  // namespace autohttps
