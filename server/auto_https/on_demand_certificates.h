// OnDemand on a store: its certificates are had, kept as all others, and taken away again (not
// installed).
#pragma once

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/common/certificate_sink.h>
#include <autohttps/server/auto_https/on_demand.h>

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

namespace autohttps {

// Thread-safe. The AutoCertificates has been started, and stops after this.
class OnDemandCertificates {
 public:
  OnDemandCertificates(OnDemandOptions, AutoCertificates&, EventSink);
  ~OnDemandCertificates() { stop(); }
  void stop() noexcept;

  bool want(std::string_view server_name, std::function<void()> ready) {
    return on_demand_.want(server_name, std::move(ready));
  }

  // Those that were never had (we died meanwhile), have run out, or are due for renewal and no
  // longer permitted, go. Once an hour by itself.
  void review();

 private:
  std::string obtain(const std::string& name);
  void review_one(const std::string& id, WallTime since);
  void remove(const std::string& id, const std::string& why, std::chrono::seconds wait);

  AutoCertificates& certificates_;
  const EventSink events_;
  std::stop_source stop_;
  OnDemand on_demand_;
  std::jthread reviews_;
};

}  // namespace autohttps
