// A Transport that notes when it was asked what, and what came back.
#pragma once

#include <autohttps/acme/protocol/headers.h>
#include <autohttps/acme/protocol/transport.h>
#include <autohttps/common/clock.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace autohttps::acme {

struct Exchanged {
  std::string method, url;
  SteadyTime sent, answered;
  WallTime sent_wall, answered_wall;
  int status = 0;
  std::string retry_after;  // the header, as it came; empty: none
};

// Thread-safe. What is noted outlives it.
class RecordingTransport final : public Transport {
 public:
  struct Notes {
    std::mutex mutex;
    std::vector<Exchanged> exchanged;  // guarded by mutex

    std::vector<Exchanged> all() {
      const std::lock_guard lock(mutex);
      return exchanged;
    }
  };

  RecordingTransport(std::unique_ptr<Transport> inner, std::shared_ptr<Notes> notes)
      : inner_(std::move(inner)), notes_(std::move(notes)) {}

  HttpResponse send(const HttpRequest& request, std::stop_token stop) override {
    Exchanged one{request.method, request.url, clock_.steady(), {}, clock_.wall(), {}, 0, {}};
    HttpResponse response = inner_->send(request, std::move(stop));
    one.answered = clock_.steady();
    one.answered_wall = clock_.wall();
    one.status = response.status;
    one.retry_after = std::string(response.header("retry-after"));
    const std::lock_guard lock(notes_->mutex);
    notes_->exchanged.push_back(std::move(one));
    return response;
  }

 private:
  std::unique_ptr<Transport> inner_;
  std::shared_ptr<Notes> notes_;
  SystemClock clock_;
};

}  // namespace autohttps::acme
