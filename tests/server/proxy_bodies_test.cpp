// Bodies, interim answers and clients that go away.
#include <autohttps/server/sites/reverse_proxy.h>

#include <autohttps/tests/support/proxy_fixture.h>

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace autohttps {
namespace {

using std::chrono::milliseconds;
using Line = ScriptedUpstream::Line;
using Request = ScriptedUpstream::Request;
using Takes = ScriptedUpstream::Takes;

const std::string kPost = "POST / HTTP/1.1\r\n" + kHost;

// ---- interim answers

TEST(ProxyBodiesTest, InterimAnswersArePassedOnBut100) {
  ScriptedUpstream upstream([](const Request&, Line& line) {
    line.write("HTTP/1.1 100 Continue\r\n\r\n");
    line.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x\r\n\r\n");
    line.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n");
    line.simple("final");
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  for (int i = 0; i < 2; ++i) {
    const FramedResponse hints = client.get("/");
    EXPECT_EQ(hints.status, 103);
    EXPECT_EQ(hints.headers.at("link"), "</a.css>");
    EXPECT_EQ(hints.headers.count("connection"), 0U);
    EXPECT_EQ(client.read().status, 102);
    EXPECT_EQ(client.read().body, "final");
  }
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.read().body, "final") << "HTTP/1.0 knows none (RFC 9110 15.2)";
  EXPECT_EQ(upstream.connections(), 1);
}

TEST(ProxyBodiesTest, InterimAnswersWithoutEndAre502) {
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    if (request.target == "/well") return line.simple("well");
    const std::string piece = "HTTP/1.1 " + request.target.substr(1) + " X\r\nX: y\r\n\r\n";
    while (line.write(piece)) {
    }
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  for (const char* target : {"/100", "/103"}) {
    FramedClient client(proxy);
    FramedResponse answer = client.get(target);
    while (answer.status == 103) answer = client.read();
    EXPECT_EQ(answer.status, 502) << target;
    EXPECT_EQ(client.get("/well").body, "well");
  }
}

TEST(ProxyBodiesTest, WhoWaitsFor100HearsItFromTheUpstream) {
  ScriptedUpstream upstream(
      [](const Request& request, Line& line) {
        EXPECT_EQ(request.field("Expect"), "100-continue");
        line.write("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
        line.read_until("abc");
        line.simple("taken");
      },
      Takes::head);
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  client.send(kPost + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read().status, 103);
  EXPECT_EQ(client.read().status, 100);
  client.send("abc");
  EXPECT_EQ(client.read().body, "taken");
}

TEST(ProxyBodiesTest, WhoIsRefusedInsteadOf100SendsNothing) {
  ScriptedUpstream upstream([](const Request&, Line& line) { line.simple("no", "", 401); },
                            Takes::head);
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  client.send(kPost + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read().status, 401);
  EXPECT_TRUE(client.ended()) << "whether the body comes nobody can know";
}

TEST(ProxyBodiesTest, AnUpstreamThatDoesNotKnow100GetsTheBodyAfterAWhile) {
  ScriptedUpstream upstream([](const Request& request, Line& line) { line.simple(request.body); });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  client.send(kPost + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read().status, 100);
  client.send("3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(client.read().body, "abc");
}

// ---- answers before the end of the request

TEST(ProxyBodiesTest, AnEarlyAnswerIsPassedOnWhileTheBodyIsStillComing) {
  ScriptedUpstream upstream(
      [](const Request&, Line& line) {
        line.simple("too large", "Connection: close\r\n", 413);
        line.wait_for_proxy();
      },
      Takes::head);
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  client.send(kPost + "Content-Length: 10000000\r\n\r\nbegun");
  const FramedResponse answer = client.read();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "too large");
  EXPECT_TRUE(client.ended());
}

TEST(ProxyBodiesTest, BothBodiesGoAtTheSameTime) {
  ScriptedUpstream upstream(
      [](const Request&, Line& line) {  // an echo that does not wait for the end
        line.write("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n");
        for (std::size_t done = 0; done < 30;) {
          const std::string some = line.read_some(30 - done);
          if (some.empty()) break;
          done += some.size();
          line.write(some);
        }
      },
      Takes::head);
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  client.send(kPost + "Content-Length: 30\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 200);
  for (const std::string piece : {"aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"}) {
    client.send(piece);
    EXPECT_EQ(client.read_exactly(10), piece);
  }
  EXPECT_EQ(proxy.status().active, 0U);
}

// ---- sizes

ProxyUnderTest::Prepare at_most(std::uint64_t size) {
  return [size](const Exchange& exchange) {
    ProxiedRequest request;
    request.target = exchange.head().target;
    request.max_body = size;
    request.dresser = [](const HeadView&, Answer& answer) {
      answer.head.fields.emplace_back("Dressed", answer.foreign ? "foreign" : "own");
    };
    return request;
  };
}

TEST(ProxyBodiesTest, ALargerBodyThanIsAllowedIs413) {
  ScriptedUpstream upstream(
      [](const Request& request, Line& line) { line.simple(std::to_string(request.body.size())); });
  ProxyUnderTest proxy(proxy_to({upstream.url()}), {}, at_most(10));
  const std::string eleven(11, 'x');
  {
    FramedClient client(proxy);
    EXPECT_EQ(client.post("/", eleven.substr(1)).body, "10");
    const FramedResponse answer = client.post("/", eleven);
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.headers.at("dressed"), "own");
  }
  FramedClient client(proxy);
  client.send(kPost + "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n");
  const FramedResponse good = client.read();
  EXPECT_EQ(good.body, "10");
  EXPECT_EQ(good.headers.at("dressed"), "foreign");
  client.send(kPost + "Transfer-Encoding: chunked\r\n\r\nb\r\n" + eleven + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.read().status, 413);
  EXPECT_EQ(upstream.requests(), 2);
}

TEST(ProxyBodiesTest, AMalformedBodyIs400AndNoWholeRequestUpstream) {
  ScriptedUpstream upstream([](const Request&, Line& line) { line.simple("whole"); });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  client.send(kPost + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n");
  EXPECT_EQ(client.read().status, 400);
  EXPECT_EQ(upstream.requests(), 0);
  EXPECT_EQ(proxy.status().active, 0U);
  EXPECT_EQ(proxy.events.lines().size(), 0U) << "that was not the upstream's fault";
}

// How far a counter gets before it stays where it is.
std::size_t settled(const std::atomic<std::size_t>& counter) {
  std::size_t seen = 0;
  for (int quiet = 0; quiet < 20;) {
    std::this_thread::sleep_for(milliseconds(10));
    const std::size_t now = counter;
    quiet = now == seen ? quiet + 1 : 0;
    seen = now;
  }
  return seen;
}

constexpr std::size_t kLarge = 64U << 20;
constexpr std::size_t kHeld =
    kLarge / 2;  // of it: by the kernel's buffers, which are what they are
const std::string kPiece(1U << 16, 'p');

TEST(ProxyBodiesTest, ASlowReaderHoldsTheUpstreamBack) {
  std::atomic<std::size_t> written{0};
  ScriptedUpstream upstream([&](const Request& request, Line& line) {
    if (request.target == "/next") return line.simple("next");
    line.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n");
    while (written < kLarge && line.write(kPiece)) written += kPiece.size();
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  client.send(get("/"));
  EXPECT_LT(settled(written), kHeld);
  EXPECT_EQ(client.read_head().status, 200);
  for (std::size_t got = 0; got < kLarge; got += kPiece.size()) {
    ASSERT_EQ(client.read_exactly(kPiece.size()), kPiece);
  }
  EXPECT_EQ(client.get("/next").body, "next") << "on the same connections";
  EXPECT_EQ(upstream.connections(), 1);
}

TEST(ProxyBodiesTest, ASlowUpstreamHoldsTheClientBack) {
  std::mutex mutex;
  std::condition_variable changed;
  bool may_read = false;
  ScriptedUpstream upstream(
      [&](const Request&, Line& line) {
        {
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return may_read; });
        }
        std::size_t got = 0;
        while (got < kLarge) got += line.read_some().size();
        line.simple(std::to_string(got));
      },
      Takes::head);
  EngineLimits limits;
  limits.body = kLarge;
  ProxyUnderTest proxy(proxy_to({upstream.url()}), limits);
  FramedClient client(proxy);
  std::atomic<std::size_t> written{0};
  client.send(kPost + "Content-Length: " + std::to_string(kLarge) + "\r\n\r\n");
  std::thread sender([&] {
    while (written < kLarge && client.send(kPiece)) written += kPiece.size();
  });
  EXPECT_LT(settled(written), kHeld);
  {
    const std::lock_guard lock(mutex);
    may_read = true;
    changed.notify_all();
  }
  sender.join();
  EXPECT_EQ(client.read().body, std::to_string(kLarge));
}

// ---- clients that go away

TEST(ProxyBodiesTest, AClientThatGoesAwayTakesItsRequestWithIt) {
  std::atomic<int> gone{0};
  std::atomic<int> begun{0};
  ScriptedUpstream upstream(
      [&](const Request& request, Line& line) {
        if (request.target == "/half") {
          line.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        }
        ++begun;
        line.wait_for_proxy();
        ++gone;
      },
      Takes::head);
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  const auto wait_until = [](const std::atomic<int>& counter, int value) {
    while (counter < value) std::this_thread::yield();
  };
  int count = 0;
  for (const std::string& request :
       {get("/"), get("/half"), kPost + "Content-Length: 10\r\n\r\nhalf"}) {
    ++count;
    {
      FramedClient client(proxy);
      client.send(request);
      wait_until(begun, count);
    }
    wait_until(gone, count);
  }
  while (proxy.status().active > 0) std::this_thread::yield();
  EXPECT_EQ(proxy.events.lines().size(), 0U);
}

TEST(ProxyBodiesTest, ADestroyedProxyEndsWhatIsUnderWayAsItBegan) {
  std::atomic<bool> asked{false}, go{false};
  ScriptedUpstream upstream([&](const Request&, Line& line) {
    asked = true;
    while (!go) std::this_thread::yield();
    line.simple("answer");
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  client.send(get("/"));
  while (!asked) std::this_thread::yield();
  proxy.proxy.reset();
  go = true;
  EXPECT_EQ(client.read().body, "answer");
  while (upstream.open() > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace autohttps
