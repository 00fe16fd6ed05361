#include <autohttps/server/auto_https/port443.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/server/httplib/https_server.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/challenge_loads.h>

#include <mutex>
#include <thread>
#include <utility>

namespace autohttps {

class Port443::Server {
 public:
  Server(const ChallengeAnswers& answers, OwnedFd listening)
      : loads_(answers), port_(bound_port(listening.get())), https_(cache_) {
    cache_->on_challenge([this](std::string_view name, ChallengeLoads::Ready ready) {
      return loads_.load(name, std::move(ready));
    });
    https_.adopt(std::move(listening));
  }
  ~Server() { end(); }

  void begin() {
    thread_ = std::thread([this] { https_.serve_adopted(); });
  }
  void end() noexcept {
    https_.stop();
    const std::lock_guard lock(joining_);
    if (thread_.joinable()) thread_.join();
  }
  std::uint16_t port() const noexcept { return port_; }

 private:
  ChallengeLoads loads_;  // outlives the handshakes that wait for it
  const std::uint16_t port_;
  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();  // empty
  HttpsServer https_;

  std::mutex joining_;  // guards thread_'s end
  std::thread thread_;
};

Port443::Port443(const ChallengeAnswers& answers, OwnedFd listening)
    : server_(std::make_unique<Server>(answers, std::move(listening))) {}

Port443::~Port443() = default;

void Port443::start() { server_->begin(); }
void Port443::stop() noexcept { server_->end(); }
std::uint16_t Port443::port() const noexcept { return server_->port(); }

}  // namespace autohttps
