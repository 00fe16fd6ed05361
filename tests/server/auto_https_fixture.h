// An AutoHttps on free ports, a store in memory that another process shares, and a scripted CA that
// asks its port 80.
#pragma once

#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/acme/store/published_answers.h>
#include <autohttps/common/certificate_builder.h>
#include <autohttps/common/error.h>
#include <autohttps/server/auto_https/auto_https.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/scripted_ca.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/test_certificates.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps {

using namespace std::chrono_literals;

// AutoCertificates takes its transports over; the CA stays the test's.
struct SharedTransport final : acme::Transport {
  explicit SharedTransport(acme::Transport& to_in) : to(to_in) {}
  acme::HttpResponse send(const acme::HttpRequest& request, std::stop_token stop) override {
    return to.send(request, std::move(stop));
  }
  acme::Transport& to;
};

class AutoHttpsTest : public ::testing::Test {
 protected:
  ~AutoHttpsTest() override { stop(); }

  // The CA fetches the answer from our port 80, as a real one does.
  std::optional<std::string> fetch_answer(const Identifier& name, const std::string& token) {
    TestConnection client = TestConnection::plain(site_->http_port());
    const TestResponse response = client.get("/.well-known/acme-challenge/" + token, name.value);
    if (response.status != 200) return std::nullopt;
    return response.body;
  }

  AutoHttps& make(std::vector<std::string> domains) {
    AutoHttpsOptions options;
    options.domains = std::move(domains);
    options.agree_to_terms = true;
    options.server = authority_.directory_url();
    options.limits = "none";
    options.http_port = 0;
    options.https_port = 0;
    options.modern_tls = modern_tls_;
    options.engine = engine_;
    options.on_demand = on_demand_;
    options.on_event = [this](const Event& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      told_.notify_all();
    };
    AutoCertificatesParts parts;
    parts.store = &store_;
    parts.transport = [this](const acme::CaSpec&) {
      return std::make_unique<SharedTransport>(authority_);
    };
    site_.emplace(std::move(options), std::move(parts));
    site_->routes().Get("/hello", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("hi", "text/plain");
    });
    return *site_;
  }
  void start() {
    site_->bind();
    thread_ = std::thread([this] { site_->serve(); });
  }
  void stop() {
    if (site_) site_->stop();
    if (thread_.joinable()) thread_.join();
  }

  std::string stored(const std::string& id = "a.test") {
    return other_process_.current(id).value().key->fingerprint();
  }
  std::string served(const std::string& name = "a.test") {
    return TestConnection::tls(site_->https_port(), name).fingerprint();
  }
  // Waits for the event; false when it does not come.
  bool told(const std::string& certificate, const std::string& text) {
    std::unique_lock lock(mutex_);
    return told_.wait_for(lock, 30s, [&] {
      return std::any_of(events_.begin(), events_.end(), [&](const Event& event) {
        return event.certificate == certificate && event.text.find(text) != std::string::npos;
      });
    });
  }
  std::vector<Event> events(Event::Level least) {
    const std::lock_guard lock(mutex_);
    std::vector<Event> chosen;
    for (const Event& event : events_) {
      if (event.level >= least) chosen.push_back(event);
    }
    return chosen;
  }

  // As another process on the same store does.
  void write_wish(const std::string& id, const std::vector<std::string>& names) {
    acme::CertificateSpec wish;
    wish.id = id;
    wish.names = parse_identifiers(names);
    acme::CaSpec ca;
    ca.directory_url = authority_.directory_url();
    ca.limits = "none";
    ca.terms_agreed = true;
    wish.cas = {ca};
    other_process_.put_spec(wish);
  }
  void add(const std::string& id, const std::vector<std::string>& names, const TestChain& chain) {
    const auto lock = other_process_.lock(id, clock_.steady() + 10s, {});
    add(*lock, id, names, chain);
  }
  // Both in one go: nobody else sees the wish alone, and fulfils it.
  void write_wish_and_add(const std::string& id, const TestChain& chain) {
    const auto lock = other_process_.lock(id, clock_.steady() + 10s, {});
    write_wish(id, {id});
    add(*lock, id, {id}, chain);
  }
  void add(const acme::StoreLock& lock, const std::string& id,
           const std::vector<std::string>& names, const TestChain& chain) {
    acme::Bundle bundle;
    bundle.chain_pem = chain.chain;
    bundle.key_pem = chain.key;
    bundle.ca = authority_.directory_url();
    bundle.names = parse_identifiers(names);
    other_process_.add(lock, id, bundle, "a test", clock_.wall());
  }

  SystemClock clock_;
  const TestCa ca_;
  acme::MemoryStore store_{clock_};
  acme::MemoryStore others_store_{store_.disk(), clock_};
  acme::CertificateStore other_process_{others_store_};
  ScriptedCa authority_{clock_, [this](const Identifier& name, const std::string& token) {
                          return fetch_answer(name, token);
                        }};
  std::mutex mutex_;  // guards events_
  std::condition_variable told_;
  std::vector<Event> events_;
  bool modern_tls_ = false;
  EngineLimits engine_;
  OnDemandOptions on_demand_;
  std::optional<AutoHttps> site_;
  std::thread thread_;
};

}  // namespace autohttps
