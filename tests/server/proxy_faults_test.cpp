// What an upstream does wrong ends with the request it was for: the client's next one is well.
#include <autohttps/server/sites/reverse_proxy.h>

#include <autohttps/server/sites/response_head.h>
#include <autohttps/tests/support/proxy_fixture.h>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <string>
#include <vector>

namespace autohttps {
namespace {

using std::chrono::milliseconds;
using Line = ScriptedUpstream::Line;
using Request = ScriptedUpstream::Request;

constexpr milliseconds kShort{150};  // for those who keep silent

ProxyOptions impatient(const ScriptedUpstream& upstream) {
  ProxyOptions options = proxy_to({upstream.url()});
  options.silence = kShort;
  return options;
}

// Answers "/well", and leaves all else to the script.
ScriptedUpstream::Script unless_well(ScriptedUpstream::Script script) {
  return [script = std::move(script)](const Request& request, Line& line) {
    if (request.target == "/well") return line.simple("well");
    script(request, line);
  };
}

void expect_well(FramedClient& client) {
  const FramedResponse answer = client.get("/well");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "well");
}

TEST(ProxyFaultsTest, NobodyThereIs502ToldOnceAndToldWhenItIsOver) {
  std::uint16_t port = 0;
  {
    const OwnedFd taken = listen_tcp("127.0.0.1", 0);
    port = bound_port(taken.get());
  }
  ProxyUnderTest proxy(proxy_to({"http://127.0.0.1:" + std::to_string(port)}));
  FramedClient client(proxy);
  for (int i = 0; i < 3; ++i) {
    const FramedResponse answer = client.get("/");
    EXPECT_EQ(answer.status, 502);
    EXPECT_EQ(answer.body, "502 Bad Gateway\n");
  }
  ASSERT_EQ(proxy.events.lines().size(), 1U) << proxy.events.all();
  EXPECT_NE(proxy.events.all().find("connecting: Connection refused"), std::string::npos);
  EXPECT_FALSE(proxy.status().well);
  EXPECT_EQ(proxy.status().failures, 3U);
}

TEST(ProxyFaultsTest, ComingBackIsTold) {
  ScriptedUpstream upstream(unless_well([](const Request&, Line& line) { line.reset(); }));
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/").status, 502);
  EXPECT_EQ(client.get("/").status, 502);
  expect_well(client);
  expect_well(client);
  ASSERT_EQ(proxy.events.lines().size(), 2U) << proxy.events.all();
  EXPECT_NE(proxy.events.lines()[1].find("answers again"), std::string::npos);
  EXPECT_TRUE(proxy.status().well);
}

TEST(ProxyFaultsTest, WhatIsNoAnswerIs502) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::vector<std::string> bad = {
      "",
      "\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n",
      std::string(100'000, 'x'),
      ok.substr(0, 9),
      ok + "X: unfinished",
      ok + "X: a\r\n folded\r\n\r\n",
      ok + "X: a\rb\r\n\r\n",
      ok + "X: " + std::string("a\0b", 3) + "\r\n\r\n",
      ok + "X: a\nSet-Cookie: b\r\n\r\n",
      ok + "Bad Name: a\r\n\r\n",
      ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      ok + "Content-Length: 1x\r\n\r\na",
      ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      ok + "Transfer-Encoding: gzip\r\n\r\n",
      ok + "X: " + std::string(ResponseScanner::kMostBytes, 'a') + "\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
      "HTTP/2 200\r\n\r\n",
  };
  ScriptedUpstream upstream(unless_well([&](const Request& request, Line& line) {
    line.write(bad[std::stoul(request.target.substr(1))]);
    line.close();
  }));
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  for (std::size_t i = 0; i < bad.size(); ++i) {
    const FramedResponse answer = client.post("/" + std::to_string(i), "x");
    EXPECT_EQ(answer.status, 502) << i << testing::PrintToString(bad[i].substr(0, 100));
    EXPECT_TRUE(answer.whole);
    expect_well(client);
  }
  EXPECT_EQ(proxy.server.count(Count::accepted), 1U);
}

TEST(ProxyFaultsTest, AnAnswerThatBreaksOffIsCutOff) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  const std::vector<std::string> bad = {
      ok + "Content-Length: 10\r\n\r\nhalf",
      ok + "Content-Length: 100000\r\n\r\n" + std::string(50'000, 'x'),
      chunked,
      chunked + "4\r\nhalf",
      chunked + "4\r\nhalf\r\n",
      chunked + "4\r\nhalf\r\n0\r\n",
      chunked + "4\r\nhalf\r\nx\r\n",
      chunked + "-4\r\nhalf\r\n0\r\n\r\n",
      chunked + "4\r\nhalfhalf\r\n0\r\n\r\n",
      chunked + "ffffffffffffffffff\r\nhalf\r\n0\r\n\r\n",
  };
  ScriptedUpstream upstream(unless_well([&](const Request& request, Line& line) {
    line.write(bad[std::stoul(request.target.substr(1))]);
    line.close();
  }));
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  for (std::size_t i = 0; i < bad.size(); ++i) {
    FramedClient client(proxy);
    const FramedResponse answer = client.get("/" + std::to_string(i));
    EXPECT_EQ(answer.status, 200) << "what came of it is there";
    EXPECT_FALSE(answer.whole) << i;
    EXPECT_TRUE(client.ended());
    FramedClient next(proxy);
    expect_well(next);
  }
  EXPECT_EQ(proxy.status().failures, bad.size());
  EXPECT_EQ(proxy.status().active, 0U);
}

TEST(ProxyFaultsTest, AnOldClientIsResetWhenItsAnswerBreaksOff) {
  ScriptedUpstream upstream([](const Request&, Line& line) {
    line.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    line.close();
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  TestConnection client = proxy.server.connect();
  client.send("GET / HTTP/1.0\r\n\r\n");
  std::array<char, 1'000> bytes;
  ssize_t got = 0;
  while ((got = ::recv(client.fd(), bytes.data(), bytes.size(), 0)) > 0) {
  }
  EXPECT_EQ(got, -1) << "a FIN would say that this was all";
  EXPECT_EQ(errno, ECONNRESET);
}

TEST(ProxyFaultsTest, SilenceIs504) {
  ScriptedUpstream upstream(unless_well([](const Request& request, Line& line) {
    if (request.target == "/head") line.write("HTTP/1.1 200 OK\r\nX: ");
    line.wait_for_proxy();
  }));
  ProxyUnderTest proxy(impatient(upstream));
  FramedClient client(proxy);
  for (const char* target : {"/", "/head"}) {
    EXPECT_EQ(client.get(target).status, 504) << target;
    EXPECT_EQ(client.post(target, "x").status, 504);
    expect_well(client);
  }
  EXPECT_NE(proxy.events.all().find("no answer within 150 ms"), std::string::npos)
      << proxy.events.all();
  EXPECT_EQ(proxy.server.count(Count::accepted), 1U);
}

TEST(ProxyFaultsTest, SilenceInTheMiddleCutsOff) {
  ScriptedUpstream upstream(unless_well([](const Request&, Line& line) {
    line.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    line.wait_for_proxy();
  }));
  ProxyUnderTest proxy(impatient(upstream));
  FramedClient client(proxy);
  const FramedResponse answer = client.get("/");
  EXPECT_EQ(answer.body, "half");
  EXPECT_FALSE(answer.whole);
  FramedClient next(proxy);
  expect_well(next);
}

TEST(ProxyFaultsTest, AConnectionThatWillNotBeKeptIsSaidToEnd) {
  ScriptedUpstream upstream(unless_well([](const Request&, Line& line) { line.reset(); }),
                            ScriptedUpstream::Takes::head);
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  const FramedResponse small = client.post("/", "all of it is here");
  EXPECT_EQ(small.status, 502);
  EXPECT_EQ(small.headers.count("connection"), 0U);
  expect_well(client);
  client.send("POST / HTTP/1.1\r\n" + kHost + "Content-Length: 10\r\n\r\nhalf");
  const FramedResponse half = client.read();
  EXPECT_EQ(half.status, 502);
  EXPECT_EQ(half.headers.at("connection"), "close") << "where the next request begins nobody knows";
}

TEST(ProxyFaultsTest, AnUpstreamThatTakesNothingIs504) {
  ScriptedUpstream upstream(
      [](const Request& request, Line& line) {
        if (request.target == "/well") return line.simple("well");
        std::mutex never;
        std::unique_lock lock(never);
        std::condition_variable().wait_for(lock, 10 * kShort);
        line.reset();
      },
      ScriptedUpstream::Takes::head);
  ProxyUnderTest proxy(impatient(upstream));
  FramedClient client(proxy);
  std::thread sender([&] {
    client.send("POST / HTTP/1.1\r\n" + kHost + "Content-Length: 50000000\r\n\r\n");
    client.send(std::string(50'000'000, 'x'));
  });
  EXPECT_EQ(client.read().status, 504);
  sender.join();
  FramedClient next(proxy);
  expect_well(next);
}

TEST(ProxyFaultsTest, ByteByByteIsWhole) {
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    line.drip("HTTP/1.1 200 OK\r\nX: y\r\n");
    line.drip(
        request.target == "/chunked"
            ? "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nT: x\r\n\r\n"
            : "Content-Length: 11\r\n\r\nhello world");
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  for (const char* target : {"/chunked", "/length", "/chunked"}) {
    const FramedResponse answer = client.get(target);
    EXPECT_EQ(answer.body, "hello world");
    EXPECT_TRUE(answer.whole);
  }
  EXPECT_EQ(upstream.connections(), 1);
}

// ---- kept connections

TEST(ProxyFaultsTest, AKeptConnectionThatHasEndedIsNotUsed) {
  std::mutex mutex;
  std::condition_variable changed;
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    line.simple(std::to_string(request.connection));
    line.close();  // without saying so
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  for (int i = 1; i <= 5; ++i) {
    const FramedResponse answer = client.post("/", "x");
    EXPECT_EQ(answer.body, std::to_string(i)) << "a POST is not sent twice, so it must get there";
    std::unique_lock lock(mutex);
    while (upstream.open() > 0) changed.wait_for(lock, milliseconds(1));
  }
  EXPECT_EQ(proxy.status().retries, 0U);
}

TEST(ProxyFaultsTest, BytesThatNobodyAskedForAreNobodysAnswer) {
  std::atomic<bool> said{false};
  ScriptedUpstream upstream([&](const Request& request, Line& line) {
    line.simple(request.target);
    if (request.number == 1 && request.connection == 1) {
      // Behind the answer, in a segment of its own, when the connection is kept.
      line.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
      said = true;
    }
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/a").body, "/a");
  while (!said) std::this_thread::yield();
  EXPECT_EQ(client.get("/b").body, "/b");
  EXPECT_EQ(client.get("/c").body, "/c");
}

TEST(ProxyFaultsTest, BytesBehindAnAnswerEndItsConnection) {
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    line.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + request.target +
               "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  for (const char* target : {"/a", "/b", "/c"}) EXPECT_EQ(client.get(target).body, target);
  EXPECT_EQ(upstream.connections(), 3);
}

// An upstream that ends every connection at its second request, before it answers.
ScriptedUpstream::Script once_each() {
  return [](const Request& request, Line& line) {
    if (request.number == 2) return line.close();
    line.simple(request.method + " " + request.body);
  };
}

TEST(ProxyFaultsTest, AnIdempotentRequestOnADeadConnectionIsSentOnceMore) {
  ScriptedUpstream upstream(once_each());
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  for (const std::string method : {"GET", "OPTIONS", "DELETE", "GET"}) {
    client.send(method + " / HTTP/1.1\r\n" + kHost + "\r\n");
    EXPECT_EQ(client.read().body, method + " ");
  }
  EXPECT_EQ(proxy.status().retries, 3U);
  EXPECT_EQ(upstream.requests(), 7);
  EXPECT_EQ(proxy.events.lines().size(), 0U);
}

TEST(ProxyFaultsTest, OtherRequestsAreNeverSentTwice) {
  ScriptedUpstream upstream(once_each());
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  for (const std::string& request :
       {"POST / HTTP/1.1\r\n" + kHost + "Content-Length: 1\r\n\r\nx",
        "PUT / HTTP/1.1\r\n" + kHost + "Content-Length: 1\r\n\r\nx",  // its body has begun
        "PATCH / HTTP/1.1\r\n" + kHost + "\r\n"}) {
    EXPECT_EQ(client.get("/").status, 200);
    const int before = upstream.requests();
    client.send(request);
    EXPECT_EQ(client.read().status, 502) << request;
    EXPECT_EQ(upstream.requests(), before + 1);
  }
}

TEST(ProxyFaultsTest, OnceMoreIsNotTwice) {
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    if (request.target == "/") return line.simple("first");
    line.close();
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/dead").status, 502);
  EXPECT_EQ(upstream.requests(), 3);
}

}  // namespace
}  // namespace autohttps
