#include <autohttps/server/auto_https/served_check.h>
#include <autohttps/server/httplib/https_server.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/running_server.h>
#include <autohttps/tests/support/served_credentials.h>

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace autohttps {
namespace {

class Events {
 public:
  EventSink sink() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      changed_.notify_all();
    };
  }
  Event next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(30),
                           [&] { return read_ < events_.size(); })) {
      return {};
    }
    return events_[read_++];
  }

 private:
  std::mutex mutex_;  // guards all
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::size_t read_ = 0;
};

class ServedCheckTest : public ::testing::Test {
 protected:
  void SetUp() override { server_.start(); }

  const TestCa ca_;
  ManualClock clock_;
  Events events_;
  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();
  RunningServer<HttpsServer> server_{cache_};
};

TEST_F(ServedCheckTest, SeesWhatAClientSees) {
  const auto credentials = make_credentials(ca_, {"a.test"});
  cache_->install(credentials);
  constexpr std::chrono::seconds kMost{10};
  EXPECT_EQ(served_fingerprint("127.0.0.1", server_.port(), "a.test", kMost),
            credentials->keys[0]->fingerprint());
  EXPECT_EQ(served_fingerprint("127.0.0.1", server_.port(), "b.test", kMost), std::nullopt);
  server_.stop();
  EXPECT_EQ(served_fingerprint("127.0.0.1", server_.port(), "a.test", kMost), std::nullopt);
}

TEST_F(ServedCheckTest, APortThatSaysNothingEndsIt) {
  const OwnedFd silent = listen_tcp("127.0.0.1", 0);  // never accepted
  EXPECT_EQ(served_fingerprint("127.0.0.1", bound_port(silent.get()), "a.test",
                               std::chrono::milliseconds(20)),
            std::nullopt);
}

TEST_F(ServedCheckTest, WhatIsServedIsNoNews) {
  const auto credentials = make_credentials(ca_, {"a.test"}, 7);
  cache_->install(credentials);
  ServedCheck check("", server_.port(), clock_, events_.sink());
  check.expect(*credentials);
  const Event event = events_.next();
  EXPECT_EQ(event.level, Event::Level::debug);
  EXPECT_EQ(event.certificate, "a.test");
}

TEST_F(ServedCheckTest, AWildcardIsAskedForByANameThatItCovers) {
  const auto credentials = make_credentials(ca_, {"*.a.test"});
  cache_->install(credentials);
  ServedCheck check("127.0.0.1", server_.port(), clock_, events_.sink());
  check.expect(*credentials);
  EXPECT_EQ(events_.next().level, Event::Level::debug);
}

TEST_F(ServedCheckTest, AnotherCertificateInItsPlaceIsAWarningAfterAFewTries) {
  cache_->install(make_credentials(ca_, {"a.test"}, 6));
  const auto renewed = make_credentials(ca_, {"a.test"}, 7);
  ServedCheck check("", server_.port(), clock_, events_.sink());
  check.expect(*renewed);
  const Event event = events_.next();
  EXPECT_EQ(event.level, Event::Level::warning);
  EXPECT_EQ(event.certificate, "a.test");
  EXPECT_NE(event.text.find("generation 7"), std::string::npos) << event.text;
  EXPECT_NE(event.text.find(std::to_string(server_.port())), std::string::npos) << event.text;
  EXPECT_FALSE(event.hint.empty());
  EXPECT_EQ(clock_.sleeps(), 3U);  // before it, and between its tries
}

TEST_F(ServedCheckTest, StoppingEndsItBetweenTries) {
  ManualClock standing(WallTime(std::chrono::seconds(1'800'000'000)), ManualClock::Sleepers::waits);
  ServedCheck check("", server_.port(), standing, events_.sink());
  check.expect(*make_credentials(ca_, {"a.test"}));
  check.stop();
  check.stop();
}

TEST_F(ServedCheckTest, ACertificateForAddressesOnlyIsNotAskedFor) {
  const auto by_name = make_credentials(ca_, {"a.test"});
  cache_->install(by_name);
  ServedCheck check("", server_.port(), clock_, events_.sink());
  check.expect(*make_credentials(ca_, {"192.0.2.7"}));
  check.expect(*by_name);
  EXPECT_EQ(events_.next().certificate, "a.test");
}

}  // namespace
}  // namespace autohttps
