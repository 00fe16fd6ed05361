#include <autohttps/server/httplib/https_server.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/tests/support/running_server.h>
#include <autohttps/tests/support/served_credentials.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

using httplib::Request;
using httplib::Response;

class HttpsServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_->Get("/hello", [](const Request& request, Response& response) {
      response.set_content(request.ssl == nullptr ? "plain" : "secure", "text/plain");
    });
    server_->Post("/echo", [](const Request& request, Response& response) {
      response.set_content(request.body, "application/octet-stream");
    });
  }
  TestConnection connect(const std::string& name = "a.test") {
    return TestConnection::tls(server_.port(), name);
  }

  const TestCa ca_;
  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();
  const std::shared_ptr<const Credentials> first_ = make_credentials(ca_, {"a.test"}, 1);
  RunningServer<HttpsServer> server_{cache_};
};

TEST_F(HttpsServerTest, HandlersAnswerOverTlsAndSeeIt) {
  cache_->install(first_);
  server_.start();
  TestConnection client = connect();
  EXPECT_EQ(client.fingerprint(), first_->keys[0]->fingerprint());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/hello", "a.test").body, "secure");
}

TEST_F(HttpsServerTest, LargeBodiesPassBothWays) {
  cache_->install(first_);
  server_.start();
  const std::string body(5'000'000, 'x');
  TestConnection client = connect();
  std::thread sender([&] {
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body);
  });
  sender.join();
  EXPECT_EQ(client.read_response().body, body);
  EXPECT_EQ(client.get("/hello", "a.test").body, "secure");
}

TEST_F(HttpsServerTest, EndsWithCloseNotify) {
  cache_->install(first_);
  server_.start();
  TestConnection client = connect();
  client.send("GET /hello HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "secure");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpsServerTest, ASwapIsSeenByTheNextConnectionAndNotByTheOneThatIsOpen) {
  cache_->install(first_);
  server_.start();
  TestConnection before = connect();
  const auto second = make_credentials(ca_, {"a.test"}, 2);
  cache_->install(second);
  EXPECT_EQ(connect().fingerprint(), second->keys[0]->fingerprint());
  EXPECT_EQ(before.get("/hello", "a.test").body, "secure");
}

TEST_F(HttpsServerTest, WithoutServerNameTheAddressConnectedToIsAskedFor) {
  const auto by_address = make_credentials(ca_, {"127.0.0.1"});
  cache_->install(first_);
  cache_->install(by_address);
  server_.start();
  EXPECT_EQ(connect("").fingerprint(), by_address->keys[0]->fingerprint());
  EXPECT_THROW(TestConnection::tls(server_.port(), "", "127.0.0.2"), std::runtime_error);
}

TEST_F(HttpsServerTest, AnUnknownNameIsRefusedAndOthersAreServed) {
  cache_->install(first_);
  server_.start();
  EXPECT_THROW(connect("b.test"), std::runtime_error);
  EXPECT_EQ(connect().get("/hello", "a.test").body, "secure");
}

TEST_F(HttpsServerTest, AHandshakeWaitsForACertificateThatIsBeingLoaded) {
  std::mutex mutex;
  std::vector<std::thread> loaders;
  cache_->on_miss([&](std::string_view name, std::function<void()> ready) {
    if (name != "a.test") return false;
    const std::lock_guard lock(mutex);
    loaders.emplace_back([this, ready = std::move(ready)] {
      cache_->install(first_);
      ready();
    });
    return true;
  });
  server_.start();
  EXPECT_EQ(connect().get("/hello", "a.test").body, "secure");
  EXPECT_THROW(connect("b.test"), std::runtime_error);
  server_.stop();
  for (std::thread& loader : loaders) loader.join();
}

TEST_F(HttpsServerTest, GarbageInPlaceOfAHandshakeDisturbsNobody) {
  cache_->install(first_);
  server_.start();
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"), std::string(70'000, '\xff'),
        std::string("\x16\x03\x01\xff\xff", 5), std::string()}) {
    TestConnection hostile = TestConnection::plain(server_.port());
    hostile.send(garbage);
    hostile.finish_sending();
    hostile.read_to_end();
  }
  EXPECT_EQ(connect().get("/hello", "a.test").body, "secure");
}

TEST_F(HttpsServerTest, AHundredClientsAtOnceAreAllAnswered) {
  cache_->install(first_);
  server_.start();
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back([&] {
      if (connect().get("/hello", "a.test").body == "secure") ++answered;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 100);
}

TEST_F(HttpsServerTest, TwoHundredSwapsUnderContinuousNewConnectionsFailNone) {
  std::vector<std::shared_ptr<const Credentials>> generations;
  for (std::uint64_t i = 1; i <= 8; ++i)
    generations.push_back(make_credentials(ca_, {"a.test"}, i));
  cache_->install(generations.back());
  server_.start();
  std::atomic<bool> stop = false;
  std::atomic<int> done = 0, failed = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      do {
        try {
          TestConnection client = connect();
          ++(client.get("/hello", "a.test", "Connection: close\r\n").body == "secure" ? done
                                                                                      : failed);
        } catch (const std::runtime_error&) {
          ++failed;
        }
      } while (!stop);
    });
  }
  for (std::size_t i = 0; i < 200; ++i) {
    cache_->install(generations[i % generations.size()]);
    const int before = done;
    while (i % 4 == 0 && done == before && failed == 0) std::this_thread::yield();
    if (i % 20 == 0) {  // the order: who connects after the swap sees it
      EXPECT_EQ(connect().fingerprint(),
                generations[i % generations.size()]->keys[0]->fingerprint());
    }
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GE(done, 50);
}

TEST_F(HttpsServerTest, StopEndsIdleConnectionsAndFreesThePort) {
  cache_->install(first_);
  server_.start();
  TestConnection idle = connect();
  EXPECT_EQ(idle.get("/hello", "a.test").body, "secure");
  server_.stop();
  EXPECT_TRUE(idle.ended());
  EXPECT_THROW(connect(), std::runtime_error);
}

}  // namespace
}  // namespace autohttps
