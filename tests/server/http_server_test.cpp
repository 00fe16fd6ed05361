#include <autohttps/server/engine/counters.h>
#include <autohttps/server/httplib/http_server.h>
#include <autohttps/tests/support/running_server.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

using httplib::Request;
using httplib::Response;

static_assert(httplib_version("0.11.4") == 1104);
static_assert(httplib_version("0.41.0") == 4100);

class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_->Get("/hello", [](const Request&, Response& response) {
      response.set_content("hi", "text/plain");
    });
    server_->Post("/echo", [this](const Request& request, Response& response) {
      ++posts_;
      response.set_content(request.body, "application/octet-stream");
    });
    server_->Get("/throws", [](const Request&, Response&) -> void {
      throw std::runtime_error("a secret of the program");
    });
  }
  TestConnection connect() { return TestConnection::plain(server_.port()); }

  std::atomic<int> posts_ = 0;
  RunningServer<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersManyRequestsOnOneConnection) {
  server_.start();
  TestConnection client = connect();
  for (int i = 0; i < 50; ++i) {
    const TestResponse response = client.get("/hello", "a.test");
    ASSERT_EQ(response.status, 200) << i;
    EXPECT_EQ(response.body, "hi");
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  server_.start();
  TestConnection client = connect();
  client.send(
      "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
      "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "hi");
  EXPECT_EQ(client.read_response().body, "one");
  EXPECT_EQ(client.read_response().body, "");
  EXPECT_EQ(client.read_response().body, "hi");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, ConnectionCloseEndsItAfterTheAnswer) {
  server_.start();
  TestConnection client = connect();
  EXPECT_EQ(client.get("/hello", "a.test", "Connection: close\r\n").status, 200);
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, ABodyArrivesWholeByLengthAndInChunks) {
  server_.start();
  std::string body(3'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 >> 3);
  TestConnection client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body);
  EXPECT_EQ(client.read_response().body, body);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "abcdefg");
}

TEST_F(HttpServerTest, APostWithoutLengthHasNoBodyAndHoldsNoThread) {
  server_.start();
  TestConnection client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  const TestResponse response = client.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(client.get("/hello", "a").status, 200);
}

TEST_F(HttpServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
  server_.start();
  TestConnection client = connect();
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response(true).status, 100);
  client.send("ok");
  EXPECT_EQ(client.read_response().body, "ok");
}

// A handler that takes longer than the engine's monitor waits is found by it, once.
TEST_F(HttpServerTest, ASlowHandlerIsRememberedHoweverItWasRegistered) {
  const auto slow = [](const Request&, Response& response) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
    while (std::chrono::steady_clock::now() < until) {
    }
    response.set_content("slow", "text/plain");
  };
  server_->Get("/slow", slow);
  static_cast<httplib::Server&>(*server_).Get("/base", slow);
  server_.start();
  TestConnection client = connect();
  for (const char* path : {"/slow", "/base"}) {
    EXPECT_EQ(client.get(path, "a").body, "slow");
    const std::uint64_t found = server_->counters().get(Count::handed_over);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get(path, "a").body, "slow");
    EXPECT_EQ(server_->counters().get(Count::handed_over), found) << path;
  }
}

// The program's own threads may have requests that the end of the drain has overtaken.
TEST_F(HttpServerTest, AStopWaitsForTasksOfTheProgramsOwnThreads) {
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  std::atomic<int> entered = 0;
  server_->new_task_queue = [] { return new httplib::ThreadPool(1); };
  server_->limits().drain = std::chrono::milliseconds(50);
  server_->Get("/slow", [&](const Request&, Response& response) {
    ++entered;
    open.wait();
    response.set_content("slow", "text/plain");
  });
  server_.start();
  TestConnection running = connect();
  TestConnection queued = connect();
  running.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  queued.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  while (entered == 0 || server_->counters().get(Count::requests) < 2) std::this_thread::yield();
  TestConnection half = connect();
  half.send("GET /");
  std::thread stopper([&] { server_.stop(); });
  EXPECT_TRUE(half.ended()) << "the drain has ended";
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  while (std::chrono::steady_clock::now() < until && server_->counters().open >= 2) {
    std::this_thread::yield();
  }
  EXPECT_EQ(server_->counters().open, 2U) << "taken away from their tasks";
  gate.set_value();
  stopper.join();
  EXPECT_EQ(entered, 2);
  EXPECT_EQ(server_->counters().open, 0U);
}

TEST_F(HttpServerTest, AHandlersExceptionIs500WithoutAWordOfIt) {
  server_.start();
  TestConnection client = connect();
  const TestResponse response = client.get("/throws", "a");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ((response.raw_head + response.body).find("secret"), std::string::npos);
}

TEST(F48_Smuggling, BytesThatMightBeASecondRequestEndTheConnection) {
  RunningServer<HttpServer> server;
  std::atomic<int> hidden = 0;
  server->Get("/first", [](const Request&, Response& response) {
    response.set_content("first", "text/plain");
  });
  server->Post("/first", [](const Request&, Response& response) {
    response.set_content("first", "text/plain");
  });
  server->Get("/hidden", [&](const Request&, Response&) { ++hidden; });
  server->set_keep_alive_timeout(1);  // the first of them is a request, and its connection goes on
  server.start();
  const std::string second = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string size = std::to_string(second.size());
  for (const std::string& head :
       {"GET /first HTTP/1.1\r\nHost: a\r\nContent-Length: " + size,
        std::string("GET /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"),
        std::string("POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: ") +
            size,
        std::string("POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: x, "
                    "chunked")}) {
    TestConnection client = TestConnection::plain(server.port());
    client.send(head + "\r\n\r\n" + second);
    client.read_to_end();
    EXPECT_EQ(hidden, 0) << head;
  }
}

TEST_F(HttpServerTest, AHeadWithoutEndIsCutOff) {
  server_.start();
  TestConnection client = connect();
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\n");
  const std::string header = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 1000 && client.send(header); ++i) {
  }
  client.send("\r\n");
  EXPECT_NE(client.read_response().status, 200);
}

TEST_F(HttpServerTest, ABodyBeyondTheLimitIsNotTakenIn) {
  server_->set_payload_max_length(1000);
  server_.start();
  TestConnection client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "400\r\n" + std::string(1024, 'x') + "\r\n";
  for (int i = 0; i < 2000 && client.send(chunk); ++i) {
  }
  client.read_to_end();
  EXPECT_EQ(posts_, 0);
}

TEST_F(HttpServerTest, ASmallAnswerLeavesInOnePacket) {
  server_.start();
  TestConnection client = connect();
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string first(4096, '\0');
  const ssize_t got = ::recv(client.fd(), first.data(), first.size(), 0);
  ASSERT_GT(got, 0);
  first.resize(static_cast<std::size_t>(got));
  EXPECT_TRUE(first.ends_with("\r\n\r\nhi")) << first;
}

TEST_F(HttpServerTest, AnAnswerByPiecesArrivesPieceByPiece) {
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  server_->Get("/events", [open](const Request&, Response& response) {
    response.set_chunked_content_provider("text/event-stream",
                                          [open](std::size_t, httplib::DataSink& sink) {
                                            sink.write("one", 3);
                                            open.wait();
                                            sink.write("two", 3);
                                            sink.done();
                                            return true;
                                          });
  });
  server_.start();
  TestConnection client = connect();
  client.send("GET /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_response(true).status, 200);
  EXPECT_TRUE(client.read_until("one"));  // before the gate opens
  gate.set_value();
  EXPECT_NE(client.read_to_end().find("two"), std::string::npos);
}

TEST_F(HttpServerTest, AHundredClientsAtOnceAreAllAnswered) {
  server_.start();
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back([&] {
      TestConnection client = connect();
      if (client.get("/hello", "a").body == "hi") ++answered;
      // It stays: with more connections than threads, those that wait come first.
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 100);
}

TEST_F(HttpServerTest, StopLetsTheRequestUnderWayFinishAndEndsIdleConnections) {
  std::promise<void> begun, gate;
  std::shared_future<void> open = gate.get_future().share();
  server_->Get("/slow", [&begun, open](const Request&, Response& response) {
    begun.set_value();
    open.wait();
    response.set_content("done", "text/plain");
  });
  server_.start();
  TestConnection idle = connect();
  EXPECT_EQ(idle.get("/hello", "a").status, 200);
  TestConnection busy = connect();
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  begun.get_future().wait();
  server_->stop();
  EXPECT_TRUE(idle.ended());
  gate.set_value();
  EXPECT_EQ(busy.read_response().body, "done");
  EXPECT_TRUE(busy.ended());
  server_.stop();
  EXPECT_THROW(connect(), std::runtime_error);
}

TEST_F(HttpServerTest, StopBeforeTheStartMakesItReturnAtOnce) {
  server_->stop();
  EXPECT_TRUE(server_->serve_adopted());
  EXPECT_THROW(connect(), std::runtime_error);
}

TEST_F(HttpServerTest, StopThroughAReferenceToTheBaseWorksToo) {
  server_.start();
  EXPECT_EQ(connect().get("/hello", "a").status, 200);
  static_cast<httplib::Server&>(*server_).stop();
  server_.stop();
}

TEST_F(HttpServerTest, StartingAndStoppingAtTheSameMomentIsSafe) {
  for (int i = 0; i < 50; ++i) {
    RunningServer<HttpServer> server;
    server.start();
    std::thread other([&] { server->stop(); });
    server.stop();
    other.join();
  }
}

}  // namespace
}  // namespace autohttps
