#include <autohttps/server/sites/reverse_proxy.h>

#include <autohttps/common/descriptor_limit.h>
#include <autohttps/tests/support/proxy_fixture.h>

#include <gtest/gtest.h>

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

using std::chrono::milliseconds;
using Line = ScriptedUpstream::Line;
using Request = ScriptedUpstream::Request;

const std::string kUpgrade =
    "GET /socket HTTP/1.1\r\n" + kHost +
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
const std::string kSwitched =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: a\r\n\r\n";

// Says everything back, in capitals.
void shout(Line& line) {
  while (true) {
    std::string some = line.read_some();
    if (some.empty()) return line.close();
    std::ranges::transform(some, some.begin(), [](char c) { return std::toupper(c); });
    if (!line.write(some)) return;
  }
}

TEST(ProxyTunnelTest, CarriesBothDirectionsOnceSwitched) {
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    EXPECT_EQ(request.field("Upgrade"), "websocket");
    EXPECT_EQ(request.field("Connection"), "upgrade");
    EXPECT_EQ(request.field("Sec-WebSocket-Key"), "k");
    line.write(kSwitched + "first");  // in one segment with the head
    shout(line);
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  client.send(kUpgrade + "early");  // and the client does not wait either
  const FramedResponse head = client.read_head();
  EXPECT_EQ(head.status, 101);
  EXPECT_EQ(head.headers.at("upgrade"), "websocket");
  EXPECT_EQ(head.headers.at("connection"), "Upgrade");
  EXPECT_EQ(head.headers.at("sec-websocket-accept"), "a");
  EXPECT_EQ(client.read_exactly(10), "firstEARLY");
  for (int i = 0; i < 10; ++i) {
    client.send("hello");
    EXPECT_EQ(client.read_exactly(5), "HELLO");
  }
  const std::string large(3'000'000, 'x');
  std::thread sender([&] { client.send(large); });
  EXPECT_EQ(client.read_exactly(large.size()), std::string(large.size(), 'X'));
  sender.join();
  EXPECT_EQ(proxy.status().active, 1U);
}

TEST(ProxyTunnelTest, AClientThatHasSaidItsLastStillHears) {
  ScriptedUpstream upstream([](const Request&, Line& line) {
    line.write(kSwitched);
    std::string all;
    for (std::string some = line.read_some(); !some.empty(); some = line.read_some()) all += some;
    line.write("you said " + all);
    line.close();
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  client.send(kUpgrade);
  EXPECT_EQ(client.read_head().status, 101);
  client.send("this");
  client.connection().finish_sending();
  EXPECT_EQ(client.read_exactly(13), "you said this");
  EXPECT_TRUE(client.ended());
  while (proxy.status().active > 0) std::this_thread::yield();
}

TEST(ProxyTunnelTest, EndsWithEitherEnd) {
  std::atomic<bool> saw_end{false};
  ScriptedUpstream upstream([&](const Request& request, Line& line) {
    line.write(kSwitched);
    if (request.target == "/over") return line.close();
    line.wait_for_proxy();
    saw_end = true;
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  {
    FramedClient client(proxy);
    client.send("GET /over" + kUpgrade.substr(kUpgrade.find(" HTTP")));
    EXPECT_EQ(client.read_head().status, 101);
    EXPECT_TRUE(client.ended());
  }
  {
    FramedClient client(proxy);
    client.send(kUpgrade);
    EXPECT_EQ(client.read_head().status, 101);
  }
  while (!saw_end) std::this_thread::yield();
  while (proxy.status().active > 0) std::this_thread::yield();
  EXPECT_EQ(upstream.connections(), 2) << "none is kept";
}

TEST(ProxyTunnelTest, EndsWhenNobodyHasSaidAnythingForLong) {
  ScriptedUpstream upstream([](const Request&, Line& line) {
    line.write(kSwitched);
    line.wait_for_proxy();
  });
  ProxyOptions options = proxy_to({upstream.url()});
  options.tunnel_idle = milliseconds(150);
  options.silence = milliseconds(10);  // is not for tunnels
  ProxyUnderTest proxy(options);
  FramedClient client(proxy);
  client.send(kUpgrade);
  EXPECT_EQ(client.read_head().status, 101);
  EXPECT_TRUE(client.ended());
}

TEST(ProxyTunnelTest, LastWordsAreHeardByWhoIsStillTalking) {
  ScriptedUpstream upstream([](const Request&, Line& line) {
    line.write(kSwitched);
    line.read_until("x");
    line.write("bye");
    line.close();  // with bytes unread: a reset follows
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  for (int i = 0; i < 20; ++i) {
    FramedClient client(proxy);
    client.send(kUpgrade);
    EXPECT_EQ(client.read_head().status, 101);
    client.send(std::string(500'000, 'x'));
    EXPECT_EQ(client.read_exactly(3), "bye");
  }
}

TEST(ProxyTunnelTest, AStoppingServerDoesNotWaitForThoseAtRest) {
  ScriptedUpstream upstream([](const Request&, Line& line) {
    line.write(kSwitched);
    line.wait_for_proxy();
  });
  EngineLimits limits;
  limits.drain = std::chrono::hours(1);
  ProxyUnderTest proxy(proxy_to({upstream.url()}), limits);
  std::thread stopping;
  {
    FramedClient client(proxy);
    client.send(kUpgrade);
    EXPECT_EQ(client.read_head().status, 101);
    stopping = std::thread([&] { proxy.server.engine->drain(std::chrono::hours(1)); });
    EXPECT_TRUE(client.ended());
  }
  stopping.join();
}

TEST(ProxyTunnelTest, ARefusedUpgradeIsAnAnswerLikeAnother) {
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    line.simple("no", request.field("Upgrade").empty() ? "X: plain\r\n" : "", 426);
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  for (int i = 0; i < 3; ++i) {
    client.send(kUpgrade);
    const FramedResponse answer = client.read();
    EXPECT_EQ(answer.status, 426);
    EXPECT_EQ(answer.body, "no");
  }
  EXPECT_EQ(client.get("/x", "Connection: upgrade\r\nUpgrade: h2c\r\n").headers.at("x"), "plain");
  EXPECT_EQ(upstream.connections(), 1);
}

TEST(ProxyTunnelTest, AnotherProtocolThanAskedForIs502) {
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    line.write("HTTP/1.1 101 Switching Protocols\r\n" +
               (request.target == "/none" ? std::string() : "Upgrade: other\r\n") + "\r\n");
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  client.send(kUpgrade);
  EXPECT_EQ(client.read().status, 502);
  client.send("GET /none" + kUpgrade.substr(kUpgrade.find(" HTTP")));
  EXPECT_EQ(client.read().status, 502);
}

// Switches every connection and keeps it, on one thread.
class ManyTunnels {
 public:
  ManyTunnels() : listening_(listen_tcp("127.0.0.1", 0)), thread_([this] { serve(); }) {}
  ~ManyTunnels() {
    ::shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(bound_port(listening_.get()));
  }

 private:
  void serve() {
    while (true) {
      OwnedFd fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd) return;
      Line line(fd.get());
      if (line.read_until("\r\n\r\n")) line.write(kSwitched);
      kept_.push_back(std::move(fd));
    }
  }
  OwnedFd listening_;
  std::vector<OwnedFd> kept_;
  std::thread thread_;
};

std::size_t threads_of_this_process() {
  return static_cast<std::size_t>(
      std::ranges::distance(std::filesystem::directory_iterator("/proc/self/task"),
                            std::filesystem::directory_iterator()));
}

TEST(ProxyTunnelTest, AThousandIdleOnesCostNoThreads) {
  constexpr int kMany = 1'000;
  raise_descriptor_limit();
  ManyTunnels upstream;
  EngineLimits limits;
  limits.connections = 2 * kMany;
  limits.connections_per_address = 2 * kMany;
  limits.threads = 8;
  ProxyUnderTest proxy(proxy_to({upstream.url()}), limits);
  const std::size_t threads_before = threads_of_this_process();
  std::vector<FramedClient> clients;
  for (int i = 0; i < kMany; ++i) {
    clients.emplace_back(proxy);
    clients.back().send(kUpgrade);
    ASSERT_EQ(clients.back().read_head().status, 101) << i;
  }
  EXPECT_EQ(proxy.status().active, static_cast<std::size_t>(kMany));
  // The pool may have grown to its limit meanwhile, where the machine is slow; nothing else may.
  EXPECT_LE(threads_of_this_process(), threads_before + limits.threads);
}

}  // namespace
}  // namespace autohttps
