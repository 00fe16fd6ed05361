#include <autohttps/server/engine/engine.h>

#include <gtest/gtest.h>

#include "../support/engine_fixture.h"
#include "../support/hostile_requests.h"
#include "../support/temporary_folder.h"

#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

using std::chrono::milliseconds;

const std::string kHost = "Host: a.test\r\n";

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\n" + kHost + "\r\n";
}

void echo(ExchangePtr exchange) { answer_text(*exchange, told(*exchange)); }

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

class Pieces final : public BodySource {
 public:
  Pieces(std::size_t size, std::optional<std::uint64_t> length) : left_(size), length_(length) {}
  std::optional<std::uint64_t> length() const noexcept override { return length_; }
  std::optional<std::size_t> read(std::span<char> into) noexcept override {
    const std::size_t count = std::min(left_, into.size());
    std::fill_n(into.begin(), count, 'p');
    left_ -= count;
    return count;
  }

 private:
  std::size_t left_;
  const std::optional<std::uint64_t> length_;
};

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
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  std::atomic<int> waiting = 0;
  EngineLimits limits;
  limits.leaders = 1;
  const EngineUnderTest server(
      [&](ExchangePtr exchange) {
        if (exchange->head().target == "/slow") {
          EXPECT_TRUE(give_lead_away());
          ++waiting;
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return released; });
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
  {
    const std::lock_guard lock(mutex);
    released = true;
  }
  changed.notify_all();
  for (TestConnection& client : slow) EXPECT_EQ(client.read_response().body, "GET /slow ");
}

TEST(EngineTest, WhoDoesNotGiveItAwayLosesIt) {
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  EngineLimits limits;
  limits.leaders = 1;
  const EngineUnderTest server(
      [&](ExchangePtr exchange) {
        if (exchange->head().target == "/slow") {
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return released; });
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
  {
    const std::lock_guard lock(mutex);
    released = true;
  }
  changed.notify_all();
  EXPECT_EQ(slow.read_response().body, "GET /slow ");
}

TEST(EngineTest, WithAllThreadsBusyRequestsWaitAndThenAreTurnedAway) {
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  EngineLimits limits;
  limits.leaders = 1;
  limits.threads = 2;
  limits.queue = 3;
  const EngineUnderTest server(
      [&](ExchangePtr exchange) {
        give_lead_away();
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return released; });
        lock.unlock();
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
  {
    const std::lock_guard lock(mutex);
    released = true;
  }
  changed.notify_all();
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

// ---- limits and deadlines

TEST(F48_Engine, HostileBytesAreRefusedAndNeverTheNextRequest) {
  const EngineUnderTest server(echo);
  for (const HostileRequest& row : hostile_requests()) {
    TestConnection client = server.connect();
    client.send(row.raw);
    for (const HostileAnswer& answer : row.answers) {
      TestResponse response = client.read_response();
      while (response.status == 100) response = client.read_response();
      EXPECT_EQ(response.status, answer.status) << row.name;
      if (answer.body && answer.status == 200) {
        EXPECT_TRUE(response.body.ends_with(" " + *answer.body)) << row.name << response.body;
      }
    }
    if (row.ends) {
      EXPECT_EQ(client.read_to_end(), "") << row.name;
    } else {
      char byte = 0;
      EXPECT_EQ(::recv(client.fd(), &byte, 1, MSG_DONTWAIT | MSG_PEEK), -1) << row.name;
    }
  }
}

TEST(F46_Engine, EveryKindOfSlownessIsCutAtItsDeadline) {
  EngineLimits limits;
  limits.head_time = limits.body_time = limits.idle = milliseconds(300);
  const EngineUnderTest server(echo, limits);
  TestConnection silent = server.connect();
  EXPECT_EQ(silent.read_to_end(), "");
  TestConnection half_a_head = server.connect();
  half_a_head.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(half_a_head.read_response().status, 408);
  TestConnection half_a_body = server.connect();
  half_a_body.send("PUT / HTTP/1.1\r\n" + kHost + "Content-Length: 10\r\n\r\nabc");
  EXPECT_EQ(half_a_body.read_response().status, 408);
  TestConnection idle = server.connect();
  idle.send(get("/"));
  EXPECT_EQ(idle.read_response().status, 200);
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(server.count(Count::late_head), 2U);
  EXPECT_EQ(server.count(Count::late_body), 1U);
  EXPECT_EQ(server.count(Count::late_idle), 1U);
}

// Connections take the places of those before them, and deadlines must not be lost on the way.
TEST(F46_Engine, WhoComesAfterAServedClientIsCutAtItsDeadlineToo) {
  EngineLimits limits;
  limits.leaders = 1;  // one place after another is taken again
  limits.head_time = milliseconds(300);
  const EngineUnderTest server(echo, limits);
  TestConnection served = server.connect();
  EXPECT_EQ(served.get("/", "a.test", "Connection: close\r\n").status, 200);
  EXPECT_TRUE(served.ended());
  while (server.engine->counters().open > 0) std::this_thread::yield();
  TestConnection silent = server.connect();
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(server.count(Count::late_head), 1U);
}

TEST(F46_Engine, AnIdleConnectionIsCutThoughItsHandlerTookLongerThanItsHead) {
  EngineLimits limits;
  limits.leaders = 1;
  limits.head_time = limits.idle = milliseconds(300);
  std::atomic<bool> head_time_is_over = false;
  const EngineUnderTest server(
      [&](ExchangePtr exchange) {
        give_lead_away();
        while (!head_time_is_over) std::this_thread::yield();
        echo(std::move(exchange));
      },
      limits);
  TestConnection client = server.connect();
  client.send(get("/"));
  TestConnection later = server.connect();  // when it is cut, the client's reminder has come, too
  EXPECT_EQ(later.read_to_end(), "");
  head_time_is_over = true;
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(server.count(Count::late_idle), 1U);
}

TEST(F46_Engine, ADrippedHeadIsCutAsIfItWereSilent) {
  EngineLimits limits;
  limits.head_time = milliseconds(400);
  const EngineUnderTest server(echo, limits);
  TestConnection client = server.connect();
  client.send("GET / HTTP/1.1\r\nX: ");
  std::atomic<bool> stop = false;
  std::thread drip([&] {
    while (!stop && client.send("x")) std::this_thread::sleep_for(milliseconds(20));
  });
  while (server.count(Count::late_head) == 0) std::this_thread::yield();
  stop = true;
  drip.join();
  EXPECT_EQ(server.count(Count::late_head), 1U);
}

TEST(F46_Engine, AReaderThatDoesNotReadIsCutAndHoldsNoThread) {
  EngineLimits limits;
  limits.leaders = 1;
  limits.threads = 1;
  limits.write = milliseconds(400);
  const EngineUnderTest server(
      [](ExchangePtr exchange) {
        if (exchange->head().target == "/source") {
          exchange->respond({}, std::make_unique<Pieces>(100'000'000, 100'000'000));
          return;
        }
        echo(std::move(exchange));
      },
      limits);
  TestConnection lazy = server.connect();
  lazy.send(get("/source"));
  TestConnection other = server.connect();
  other.send(get("/quick"));
  EXPECT_EQ(other.read_response().status, 200);
  while (server.count(Count::late_write) == 0) std::this_thread::yield();
  EXPECT_LT(lazy.read_to_end().size(), 100'000'000U);
}

TEST(F46_Engine, AHandlerThatWritesToAReaderWhoDoesNotReadFails) {
  EngineLimits limits;
  limits.leaders = 1;
  limits.write = milliseconds(400);
  std::atomic<int> failed = 0;
  const EngineUnderTest server(
      [&](ExchangePtr exchange) {
        exchange->begin({}, 1'000'000'000);
        const std::string piece(1'000'000, 'x');
        for (int i = 0; i < 1'000; ++i) {
          if (exchange->write(piece)) continue;
          ++failed;
          return;
        }
      },
      limits);
  TestConnection lazy = server.connect();
  lazy.send(get("/"));
  while (failed == 0) std::this_thread::yield();
  EXPECT_EQ(server.count(Count::late_write), 1U);
}

TEST(EngineLimitsTest, OverTheLimitOfAllTheLongestIdleMakesRoom) {
  EngineLimits limits;
  limits.connections = 3;
  limits.connections_per_address = 100;
  const EngineUnderTest server(echo, limits);
  TestConnection idle = server.connect();
  idle.send(get("/"));
  EXPECT_EQ(idle.read_response().status, 200);
  std::vector<TestConnection> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(server.connect());
    others.back().send("GET ");  // not idle
    while (server.count(Count::accepted) < static_cast<std::uint64_t>(i + 2)) {
      std::this_thread::yield();
    }
  }
  EXPECT_TRUE(idle.ended());
  EXPECT_EQ(server.count(Count::evicted), 1U);
  TestConnection refused = server.connect();
  EXPECT_TRUE(refused.ended());
  EXPECT_EQ(server.count(Count::refused_connections), 1U);
}

TEST(EngineLimitsTest, OneAddressDoesNotTakeAll) {
  EngineLimits limits;
  limits.connections = 4;
  const EngineUnderTest server(echo, limits);
  std::vector<TestConnection> two;
  for (int i = 0; i < 2; ++i) {
    two.push_back(server.connect());
    two.back().send(get("/"));
    EXPECT_EQ(two.back().read_response().status, 200);
  }
  TestConnection third = server.connect();
  EXPECT_TRUE(third.ended());
  EXPECT_EQ(server.count(Count::refused_address), 1U);
  two.pop_back();
  while (server.engine->counters().open > 1) std::this_thread::yield();
  TestConnection again = server.connect();
  again.send(get("/"));
  EXPECT_EQ(again.read_response().status, 200);
}

TEST(EngineLimitsTest, BodiesOverTheLimitAreRefusedAsSoonAsTheySaySo) {
  EngineLimits limits;
  limits.body = 10;
  const EngineUnderTest server(echo, limits);
  for (const char* body : {"Content-Length: 11\r\n\r\n",
                           "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n"}) {
    TestConnection client = server.connect();
    client.send("PUT / HTTP/1.1\r\n" + kHost + body);
    EXPECT_EQ(client.read_response().status, 413) << body;
    EXPECT_EQ(client.read_to_end(), "");
  }
  TestConnection client = server.connect();
  client.send("PUT / HTTP/1.1\r\n" + kHost + "Content-Length: 10\r\n\r\n0123456789");
  EXPECT_EQ(client.read_response().status, 200);
}

TEST(EngineLimitsTest, ARefusalOfHeadHasNoBody) {
  EngineLimits limits;
  limits.body = 100;
  const EngineUnderTest server(echo, limits);
  TestConnection client = server.connect();
  client.send("HEAD / HTTP/1.1\r\n" + kHost + "Content-Length: 101\r\n\r\n");
  EXPECT_EQ(client.read_response(true).status, 413);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(EngineLimitsTest, AConnectionEndsAfterItsLastRequest) {
  EngineLimits limits;
  limits.requests_per_connection = 2;
  const EngineUnderTest server(echo, limits);
  TestConnection client = server.connect();
  client.send(get("/1"));
  EXPECT_EQ(client.read_response().headers.count("connection"), 0U);
  client.send(get("/2"));
  EXPECT_EQ(client.read_response().headers.at("connection"), "close");
  EXPECT_TRUE(client.ended());
}

// ---- the end

TEST(EngineDrainTest, RequestsUnderWayAreAnsweredAndTheirConnectionsEnd) {
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  EngineUnderTest server([&](ExchangePtr exchange) {
    if (exchange->head().target == "/slow") {
      give_lead_away();
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return released; });
    }
    echo(std::move(exchange));
  });
  TestConnection idle = server.connect();
  idle.send(get("/"));
  EXPECT_EQ(idle.read_response().status, 200);
  TestConnection slow = server.connect();
  slow.send(get("/slow"));
  TestConnection late = server.connect();  // accepted, and nothing said yet
  while (server.count(Count::requests) < 2 || server.count(Count::accepted) < 3) {
    std::this_thread::yield();
  }
  std::thread stopper([&] { server.engine->drain(std::chrono::seconds(10)); });
  EXPECT_TRUE(idle.ended());
  late.send(get("/late"));
  EXPECT_EQ(late.read_response().headers.at("connection"), "close");
  {
    const std::lock_guard lock(mutex);
    released = true;
  }
  changed.notify_all();
  const TestResponse response = slow.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("connection"), "close");
  stopper.join();
  EXPECT_EQ(server.engine->counters().open, 0U);
  EXPECT_THROW(server.connect(), std::runtime_error);
}

TEST(EngineDrainTest, WhatIsLeftAtTheDeadlineIsCut) {
  EngineUnderTest server([](ExchangePtr exchange) {
    exchange->begin({}, std::nullopt);
    while (exchange->write(std::string(1'000, 'x'))) {  // for ever
    }
  });
  TestConnection endless = server.connect();
  endless.send(get("/"));
  EXPECT_TRUE(endless.read_until("xxxx"));
  TestConnection half = server.connect();
  half.send("GET / HT");
  server.engine->drain(milliseconds(100));
  EXPECT_EQ(server.engine->counters().open, 0U);
}

}  // namespace
}  // namespace autohttps
