#include <autohttps/server/engine/engine.h>
#include <autohttps/tests/support/engine_fixture.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

// ---- requests

TEST(EngineTest, AnswersOneRequestAfterAnother) {
  const EngineUnderTest server(echo);
  TestConnection client = server.connect();
  for (const char* target : {"/a", "/b?x=1", "/c"}) {
    client.send(get(target));
    const TestResponse response = client.read_response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "GET " + std::string(target) + " ");
    EXPECT_EQ(response.headers.count("date"), 1U);
    EXPECT_EQ(response.headers.count("connection"), 0U);
  }
  EXPECT_EQ(server.count(Count::accepted), 1U);
  EXPECT_EQ(server.count(Count::requests), 3U);
}

TEST(EngineTest, AllWhoComeHavePlacesOfTheirOwn) {
  constexpr std::size_t kMany = 600;
  EngineLimits limits;
  limits.leaders = 1;
  limits.connections_per_address = kMany;
  const EngineUnderTest server(echo, limits);
  std::vector<TestConnection> clients;
  for (std::size_t i = 0; i < kMany; ++i) {
    clients.push_back(server.connect());
    clients.back().send(get("/" + std::to_string(i)));
    EXPECT_EQ(clients.back().read_response().status, 200);
  }
  EXPECT_EQ(server.engine->counters().open, kMany);
  for (std::size_t i = 0; i < kMany; ++i) {
    clients[i].send(get("/again" + std::to_string(i)));
    const std::string body = clients[i].read_response().body;
    EXPECT_NE(body.find("/again" + std::to_string(i)), std::string::npos) << body;
  }
}

TEST(EngineTest, PipelinedRequestsAreAnsweredInOrder) {
  const EngineUnderTest server(echo);
  TestConnection client = server.connect();
  std::string all;
  for (int i = 0; i < 200; ++i) {
    all += "POST /" + std::to_string(i) + " HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\n\r\nabc";
  }
  client.send(all);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(client.read_response().body, "POST /" + std::to_string(i) + " abc");
  }
}

TEST(EngineTest, ARequestThatComesByteByByteIsTheSame) {
  const EngineUnderTest server(echo);
  TestConnection client = server.connect();
  const std::string request = "POST /x HTTP/1.1\r\n" + kHost +
                              "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\n"
                              "X: y\r\n\r\n";
  for (const char byte : request) client.send({&byte, 1});
  EXPECT_EQ(client.read_response().body, "POST /x abcde");
}

TEST(EngineTest, BodiesLongerThanMemoryGoToAFileWithoutAName) {
  const TemporaryFolder folder;
  EngineLimits limits;
  limits.body_in_memory = 1'000;
  limits.body_folder = folder.path();
  const EngineUnderTest server(echo, limits);
  TestConnection client = server.connect();
  std::string body;
  for (int i = 0; i < 100'000; ++i) body += static_cast<char>('a' + i % 26);
  for (const std::string& framing :
       {"Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
        "Transfer-Encoding: chunked\r\n\r\n186a0\r\n" + body + "\r\n0\r\n\r\n"}) {
    client.send("PUT /x HTTP/1.1\r\n" + kHost + framing);
    EXPECT_EQ(client.read_response().body, "PUT /x " + body);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(EngineTest, ContinueIsSaidToWhoWaitsForIt) {
  const EngineUnderTest server(echo);
  TestConnection client = server.connect();
  client.send("PUT /x HTTP/1.1\r\n" + kHost + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_TRUE(client.read_until("HTTP/1.1 100 Continue\r\n\r\n"));
  client.send("abc");
  EXPECT_EQ(client.read_response().body, "PUT /x abc");
}

TEST(EngineTest, AStreamedBodyIsReadAsItComes) {
  EngineUnderTest server(echo);
  server.sink.streams = true;
  TestConnection client = server.connect();
  client.send("PUT /x HTTP/1.1\r\n" + kHost +
              "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.send("2\r\nde\r\n");
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "PUT /x abcde");
  client.send(get("/next"));
  EXPECT_EQ(client.read_response().body, "GET /next ");
}

TEST(EngineTest, WhatIsLeftOfAStreamedBodyIsNoRequest) {
  EngineUnderTest server([](ExchangePtr exchange) { answer_text(*exchange, "unread"); });
  server.sink.streams = true;
  TestConnection client = server.connect();
  client.send("PUT /x HTTP/1.1\r\n" + kHost +
              "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n" + get("/hidden"));
  EXPECT_EQ(client.read_response().body, "unread");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(server.count(Count::requests), 1U);
}

// ---- answers

TEST(EngineTest, AnAnswerOfUnknownLengthIsChunked) {
  const EngineUnderTest server([](ExchangePtr exchange) {
    exchange->begin({200, {{"Content-Type", "text/plain"}}}, std::nullopt);
    exchange->write("abc");
    exchange->write("");
    exchange->write(std::string(20'000, 'x'));
    exchange->finish(true);
  });
  TestConnection client = server.connect();
  client.send(get("/"));
  EXPECT_TRUE(client.read_until("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(client.read_until("\r\n3\r\nabc\r\n4e20\r\n"));
  EXPECT_TRUE(client.read_until("x\r\n0\r\n\r\n"));
}

TEST(EngineTest, AnOldClientGetsItsEndByTheConnectionsEnd) {
  const EngineUnderTest server([](ExchangePtr exchange) {
    exchange->begin({}, std::nullopt);
    exchange->write("abc");
    exchange->finish(true);
  });
  TestConnection client = server.connect();
  client.send("GET / HTTP/1.0\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(all.find("chunked"), std::string::npos);
  EXPECT_TRUE(all.ends_with("\r\n\r\nabc"));
}

TEST(EngineTest, HeadAndStatusesWithoutABodyHaveNone) {
  const EngineUnderTest server([](ExchangePtr exchange) {
    const int status = exchange->head().target == "/204" ? 204 : 200;
    answer_text(*exchange, "text", status);
  });
  TestConnection client = server.connect();
  client.send("HEAD / HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_EQ(client.read_response(true).headers.at("content-length"), "4");
  client.send(get("/204"));
  const TestResponse none = client.read_response(true);
  EXPECT_EQ(none.status, 204);
  EXPECT_EQ(none.headers.count("content-length"), 0U);
  client.send(get("/"));
  EXPECT_EQ(client.read_response().body, "text");
}

TEST(EngineTest, WhatIsReadyIsSentAsItIs) {
  struct Ready final : BodySource {
    explicit Ready(std::size_t size) : text(size, 'r') {}
    std::optional<std::uint64_t> length() const noexcept override { return text.size(); }
    std::string_view whole() const noexcept override { return text; }
    Pulled read(std::span<char> into) noexcept override {
      const std::size_t count = text.copy(into.data(), into.size(), at);
      at += count;
      return count == 0 ? Pulled{} : Pulled::some(count);
    }
    const std::string text;
    std::size_t at = 0;
  };
  const EngineUnderTest server([](ExchangePtr exchange) {
    const std::size_t size = std::stoul(std::string(exchange->head().target.substr(1)));
    exchange->respond({200, {{"X-Own", "1"}}, "ETag: \"a\"\r\nX-Ready: 2\r\n"},
                      std::make_unique<Ready>(size));
  });
  TestConnection client = server.connect();
  for (const std::size_t size : {1'000U, 0U, 16'000U, 16'384U, 100'000U}) {  // around a record
    client.send("HEAD /" + std::to_string(size) + " HTTP/1.1\r\n" + kHost + "\r\n");
    EXPECT_EQ(client.read_response(true).headers.at("content-length"), std::to_string(size));
    client.send(get("/" + std::to_string(size)) + get("/1"));
    const TestResponse response = client.read_response();
    EXPECT_EQ(response.body, std::string(size, 'r'));
    EXPECT_EQ(response.headers.at("x-own"), "1");
    EXPECT_EQ(response.headers.at("etag"), "\"a\"");
    EXPECT_EQ(response.headers.at("x-ready"), "2");
    EXPECT_EQ(response.headers.count("date"), 1U);
    EXPECT_EQ(client.read_response().body, "r");
  }
}

TEST(EngineTest, ASourceIsPulledAsFastAsItsReaderReads) {
  static constexpr std::size_t kSize = 3'000'000;
  const EngineUnderTest server([](ExchangePtr exchange) {
    const bool known = exchange->head().target == "/known";
    exchange->respond({}, std::make_unique<Pieces>(
                              kSize, known ? std::optional<std::uint64_t>(kSize) : std::nullopt));
  });
  TestConnection client = server.connect();
  client.send(get("/known"));
  EXPECT_EQ(client.read_response().body.size(), kSize);
  client.send("GET /unknown HTTP/1.0\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_EQ(all.size() - all.find("\r\n\r\n") - 4, kSize);
}

TEST(EngineTest, ASourceThatEndsTooEarlyEndsTheConnection) {
  const EngineUnderTest server(
      [](ExchangePtr exchange) { exchange->respond({}, std::make_unique<Pieces>(1'000, 2'000)); });
  TestConnection client = server.connect();
  client.send(get("/"));
  EXPECT_LT(client.read_response().body.size(), 2'000U);
  EXPECT_TRUE(client.ended());
}

TEST(EngineTest, ADroppedExchangeEndsTheConnectionWithoutAnAnswer) {
  const EngineUnderTest server([](ExchangePtr) {});
  TestConnection client = server.connect();
  client.send(get("/"));
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(EngineTest, AnExchangeMayBeAnsweredByAnotherThreadLater) {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<ExchangePtr> kept;
  const EngineUnderTest server([&](ExchangePtr exchange) {
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(exchange));
    changed.notify_one();
  });
  TestConnection client = server.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/later"));
    ExchangePtr exchange;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return !kept.empty(); });
      exchange = std::move(kept.front());
      kept.pop_front();
    }
    exchange->respond({200, {}}, nullptr);
    exchange.reset();
    EXPECT_EQ(client.read_response().status, 200);
  }
}

TEST(EngineTest, AHandWrittenHeadIsCompletedAndChecked) {
  const EngineUnderTest server([](ExchangePtr exchange) {
    if (exchange->head().target == "/bad") {
      EXPECT_FALSE(exchange->begin_text("HTTP/1.1 200 OK\r\nX: a\nInjected: b\r\n\r\n"));
      return;
    }
    EXPECT_TRUE(exchange->begin_text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"));
    EXPECT_TRUE(exchange->write_text("ok"));
    EXPECT_TRUE(exchange->finish(true));
  });
  TestConnection client = server.connect();
  client.send(get("/"));
  const TestResponse good = client.read_response();
  EXPECT_EQ(good.body, "ok");
  EXPECT_EQ(good.headers.count("date"), 1U);
  client.send(get("/bad"));
  EXPECT_EQ(client.read_to_end(), "");
}

// ---- threads

TEST(EngineTest, WhoGivesTheLeadAwayHoldsUpNobody) {
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  std::atomic<int> waiting = 0;
  EngineLimits limits;
  limits.leaders = 1;
  const EngineUnderTest server(
      [&](ExchangePtr exchange) {
        if (exchange->head().target == "/slow") {
          EXPECT_TRUE(give_lead_away());
          ++waiting;
          open.wait();
        }
        echo(std::move(exchange));
      },
      limits);
  std::vector<TestConnection> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(server.connect());
    slow.back().send(get("/slow"));
  }
  TestConnection quick = server.connect();
  for (int i = 0; i < 20; ++i) {
    quick.send(get("/quick"));
    EXPECT_EQ(quick.read_response().body, "GET /quick ");
  }
  gate.set_value();
  for (TestConnection& client : slow) EXPECT_EQ(client.read_response().body, "GET /slow ");
}

TEST(EngineTest, WhoDoesNotGiveItAwayLosesIt) {
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  EngineLimits limits;
  limits.leaders = 1;
  const EngineUnderTest server(
      [&](ExchangePtr exchange) {
        if (exchange->head().target == "/slow") {
          open.wait();
        }
        echo(std::move(exchange));
      },
      limits);
  TestConnection slow = server.connect();
  slow.send(get("/slow"));
  TestConnection quick = server.connect();
  quick.send(get("/quick"));
  EXPECT_EQ(quick.read_response().body, "GET /quick ");
  EXPECT_GE(server.count(Count::handed_over), 1U);
  gate.set_value();
  EXPECT_EQ(slow.read_response().body, "GET /slow ");
}

TEST(EngineTest, WithAllThreadsBusyRequestsWaitAndThenAreTurnedAway) {
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  EngineLimits limits;
  limits.leaders = 1;
  limits.threads = 2;
  limits.queue = 3;
  const EngineUnderTest server(
      [&](ExchangePtr exchange) {
        give_lead_away();
        open.wait();
        echo(std::move(exchange));
      },
      limits);
  std::vector<TestConnection> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(server.connect());
    clients.back().send(get("/"));
    while (server.count(Count::requests) < static_cast<std::uint64_t>(i + 1)) {
      std::this_thread::yield();
    }
  }
  const TestResponse refused = clients.back().read_response();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_EQ(server.count(Count::busy), 1U);
  gate.set_value();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(clients[i].read_response().status, 200) << i;
}

// More threads than may be busy are there after a rush; the lock was theirs for good once.
TEST(EngineTest, AnIdleThreadHoldsUpNobodyWhenAllOthersAreBusyAndRequestsWait) {
  EngineLimits limits;
  limits.leaders = 1;
  limits.threads = 2;
  std::atomic<bool> released = false;
  std::atomic<int> waiting = 0;
  const EngineUnderTest server(
      [&](ExchangePtr exchange) {
        give_lead_away();
        if (exchange->head().target == "/wait") {
          ++waiting;
          while (!released) std::this_thread::yield();
        }
        echo(std::move(exchange));
      },
      limits);
  std::deque<TestConnection> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(server.connect());
  constexpr std::size_t kAnIdleOne = 2 + 1 + 1 + 1;  // besides the busy, a leader, the monitor
  for (int i = 0; i < 500 && server.engine->counters().threads < kAnIdleOne; ++i) {
    for (TestConnection& client : clients) client.send(get("/quick"));
    for (TestConnection& client : clients) EXPECT_EQ(client.read_response().status, 200);
  }
  for (std::size_t i = 0; i < 4; ++i) clients[i].send(get("/wait"));
  while (waiting < 2 || server.count(Count::requests) % 8 != 4) std::this_thread::yield();
  released = true;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(clients[i].read_response().status, 200);
}

}  // namespace
}  // namespace autohttps
