#include <autohttps/server/engine/engine.h>
#include <autohttps/tests/support/engine_fixture.h>
#include <autohttps/tests/support/hostile_requests.h>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

using std::chrono::milliseconds;

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

// As where it is not streamed; the sink may have read half of it, and what it says is not asked
// for.
TEST(F46_Engine, AStreamedBodyThatFailsIsAnsweredByTheEngine) {
  EngineLimits limits;
  limits.body_time = milliseconds(300);
  limits.body = 10;
  EngineUnderTest server(
      [](ExchangePtr exchange) {
        const std::string body = told(*exchange);
        EXPECT_TRUE(exchange->body_failed()) << body;
        if (exchange->head().target == "/text") {
          EXPECT_FALSE(exchange->begin_text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"));
        } else if (exchange->head().target == "/source") {
          exchange->respond({}, std::make_unique<Pieces>(5, 5));
        } else {
          EXPECT_FALSE(exchange->begin({}, 2));
        }
        EXPECT_FALSE(exchange->finish(true));
      },
      limits);
  server.sink.streams = true;
  struct Case {
    const char* target;
    const char* body;  // and what is said of its length
    int status;
  };
  for (const Case& one : {Case{"/", "Content-Length: 5\r\n\r\nabc", 408},
                          Case{"/text", "Content-Length: 5\r\n\r\nabc", 408},
                          Case{"/source", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 408},
                          Case{"/", "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400},
                          Case{"/",
                               "Transfer-Encoding: chunked\r\n\r\n"
                               "c\r\nabcdefghijkl\r\n0\r\n\r\n",
                               413}}) {
    TestConnection client = server.connect();
    client.send("PUT " + std::string(one.target) + " HTTP/1.1\r\n" + kHost +
                "Expect: 100-continue\r\n" + one.body);
    EXPECT_EQ(client.read_response().status, one.status) << one.target << one.body;
    EXPECT_TRUE(client.ended());
  }
}

// It will wait for its body, so it needs a thread that may wait; until there is one it is no
// failure.
TEST(EngineLimitsTest, AStreamedBodyWaitsForAThreadThatMayWait) {
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  EngineLimits limits;
  limits.leaders = 1;
  limits.threads = 1;
  EngineUnderTest server(
      [open](ExchangePtr exchange) {
        if (exchange->head().target == "/slow") {
          give_lead_away();
          open.wait();
        }
        echo(std::move(exchange));
      },
      limits);
  server.sink.streams = true;
  TestConnection slow = server.connect();
  slow.send(get("/slow"));
  while (server.count(Count::requests) < 1) std::this_thread::yield();
  TestConnection client = server.connect();
  client.send("PUT /x HTTP/1.1\r\n" + kHost + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  while (server.count(Count::requests) < 2) std::this_thread::yield();
  gate.set_value();
  EXPECT_EQ(slow.read_response().status, 200);
  client.send("abc");
  EXPECT_EQ(client.read_response().body, "PUT /x abc");
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
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  EngineUnderTest server([&](ExchangePtr exchange) {
    if (exchange->head().target == "/slow") {
      give_lead_away();
      open.wait();
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
  gate.set_value();
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
