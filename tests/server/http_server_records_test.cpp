#include <autohttps/server/auto_https/auto_https.h>
#include <autohttps/server/auto_https/port80.h>
#include <autohttps/server/engine/counters.h>
#include <autohttps/server/engine/exchange.h>
#include <autohttps/server/httplib/http_server.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/running_server.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

class HttpServerRecordsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_->Get("/hello", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("hi", "text/plain");
    });
    server_->on_answered([this](const RequestRecord& record) {
      const std::lock_guard lock(mutex_);
      told_.push_back(std::string(record.head.target) + " " + std::to_string(record.status) + " " +
                      std::to_string(record.body_bytes) + " " + record.peer.remote_ip);
    });
    server_.start();
  }
  // All of them: a record is kept when the answer is out, and the server has ended.
  std::vector<std::string> told() {
    server_.stop();
    return told_;
  }
  std::string ask(const std::string& request) {
    TestConnection client = TestConnection::plain(server_.port());
    client.send(request);
    return std::to_string(client.read_response().status);
  }

  std::mutex mutex_;  // guards told_
  std::vector<std::string> told_;
  RunningServer<HttpServer> server_;
};

TEST_F(HttpServerRecordsTest, TellsOfHandlersAnswersAndOfTheEnginesOwn) {
  EXPECT_EQ(ask("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), "200");
  EXPECT_EQ(ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n"), "404");
  EXPECT_EQ(ask("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"), "400");
  std::vector<std::string> all = told();
  std::sort(all.begin(), all.end());  // they were connections of their own
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(all[0].starts_with(" 400 ")) << all[0];
  EXPECT_EQ(all[1], "/hello 200 2 127.0.0.1");
  EXPECT_TRUE(all[2].starts_with("/none 404 ")) << all[2];
}

TEST_F(HttpServerRecordsTest, CountsAnswersByTheirClassAndTheirBytes) {
  ask("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  ask("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  ask("HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
  server_.stop();
  const Counters& counters = server_->counters();
  EXPECT_EQ(counters.answers(2), 3u);
  EXPECT_EQ(counters.answers(4), 1u);
  EXPECT_EQ(counters.answers(5), 0u);
  EXPECT_GE(counters.bytes_sent(), 4u);
  EXPECT_EQ(counters.in_flight, 0u);
}

// Whatever its handler does meanwhile.
TEST(CountersTest, ARequestIsInFlightFromItsHeadToTheEndOfItsAnswer) {
  RunningServer<HttpServer> server;
  std::size_t during = 0;
  server->Get("/", [&](const httplib::Request&, httplib::Response&) {
    during = server->counters().in_flight;
  });
  server.start();
  TestConnection client = TestConnection::plain(server.port());
  EXPECT_EQ(client.get("/", "a").status, 200);
  server.stop();
  EXPECT_EQ(during, 1u);
  EXPECT_EQ(server->counters().in_flight, 0u);
}

TEST(CountersTest, AStatusThatIsNoneCountsAsNotAnswered) {
  Counters counters;
  for (const int status : {0, 99, 600, 1'000}) counters.note_answer(status, 0);
  EXPECT_EQ(counters.answers(0), 4u);
}

TEST(HttpServerRecordsOfOneTest, AListenerThatThrowsCostsNoRequest) {
  RunningServer<HttpServer> server;
  server->Get("/", [](const httplib::Request&, httplib::Response&) {});
  server->on_answered([](const RequestRecord&) { throw std::runtime_error("no"); });
  server.start();
  TestConnection client = TestConnection::plain(server.port());
  EXPECT_EQ(client.get("/", "a").status, 200);
  EXPECT_EQ(client.get("/", "a").status, 200);
}

// The redirects and the CA's questions are requests as well.
TEST(AutoHttpsAccessLogTest, HasTheRequestsOfPort80) {
  const TemporaryFolder folder;
  SystemClock clock;
  acme::MemoryStore store(clock);
  AutoHttpsOptions options;
  options.http_port = options.https_port = 0;
  options.access_log = folder / "access.log";
  options.access_log_format = AccessLogFormat::common;
  AutoCertificatesParts parts;
  parts.store = &store;
  AutoHttps site(std::move(options), std::move(parts));
  site.bind();
  std::thread serving([&] { site.serve(); });
  TestConnection::plain(site.http_port()).get("/.well-known/acme-challenge/x", "a.test");
  site.stop();
  serving.join();
  std::ifstream file(folder / "access.log");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_TRUE(text.starts_with("127.0.0.1 - - [")) << text;
  EXPECT_NE(text.find("\"GET /.well-known/acme-challenge/x HTTP/1.1\" 404 "), std::string::npos)
      << text;
}

}  // namespace
}  // namespace autohttps
