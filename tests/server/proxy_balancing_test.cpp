#include <autohttps/server/sites/reverse_proxy.h>

#include <autohttps/common/error.h>
#include <autohttps/server/sites/upstream_group.h>
#include <autohttps/server/sites/upstream_keeper.h>
#include <autohttps/tests/support/proxy_fixture.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace autohttps {
namespace {

using std::chrono::milliseconds;
using Line = ScriptedUpstream::Line;
using Request = ScriptedUpstream::Request;

ScriptedUpstream::Script says(const std::string& name) {
  return [name](const Request&, Line& line) { line.simple(name); };
}

std::string dead_url() {
  const OwnedFd taken = listen_tcp("127.0.0.1", 0);
  return "http://127.0.0.1:" + std::to_string(bound_port(taken.get()));
}

TEST(ProxyBalancingTest, SeveralUpstreamsShareTheRequests) {
  ScriptedUpstream a(says("a")), b(says("b")), c(says("c"));
  ProxyUnderTest proxy(proxy_to({a.url(), b.url(), c.url()}));
  FramedClient client(proxy);
  std::map<std::string, int> answers;
  for (int i = 0; i < 30; ++i) ++answers[client.get("/").body];
  EXPECT_EQ(answers, (std::map<std::string, int>{{"a", 10}, {"b", 10}, {"c", 10}}));
}

TEST(ProxyBalancingTest, TheLeastBusyOneIsAsked) {
  std::mutex mutex;
  std::condition_variable changed;
  bool go = false;
  int waiting = 0;
  const auto slow = [&](const Request& request, Line& line) {
    if (request.target == "/slow") {
      std::unique_lock lock(mutex);
      ++waiting;
      changed.notify_all();
      changed.wait(lock, [&] { return go; });
      return line.simple("slow a");
    }
    line.simple("a");
  };
  ScriptedUpstream a(slow);
  ScriptedUpstream b([&](const Request& request, Line& line) {
    // A slow one here is asked again, until it is a's.
    line.simple(request.target == "/slow" ? "b" : "quick b");
  });
  ProxyUnderTest proxy(proxy_to({a.url(), b.url()}));
  FramedClient held(proxy);
  for (bool is_held = false; !is_held;) {
    held.send(get("/slow"));
    std::unique_lock lock(mutex);
    is_held = changed.wait_for(lock, milliseconds(200), [&] { return waiting > 0; });
    lock.unlock();
    if (!is_held) {
      EXPECT_EQ(held.read().body, "b");
    }
  }
  FramedClient client(proxy);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.get("/").body, "quick b");
  {
    const std::lock_guard lock(mutex);
    go = true;
    changed.notify_all();
  }
  EXPECT_EQ(held.read().body, "slow a");
}

TEST(ProxyBalancingTest, WhatIsDownIsLeftOutAndNobodyNoticesIt) {
  ScriptedUpstream alive(says("alive"));
  ProxyUnderTest proxy(proxy_to({dead_url(), alive.url(), dead_url()}));
  FramedClient client(proxy);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.post("/", "x").body, "alive");
  const std::vector<UpstreamStatus> status = proxy.proxy->status();
  EXPECT_FALSE(status[0].well);
  EXPECT_TRUE(status[1].well);
  EXPECT_FALSE(status[2].well);
  EXPECT_LE(status[0].failures, 2U) << "not asked for each request";
  EXPECT_EQ(proxy.events.lines().size(), 2U);
}

TEST(ProxyBalancingTest, IfAllAreDownTheyAreTriedAnyway) {
  std::atomic<bool> up{false};
  const auto script = [&](const Request&, Line& line) {
    if (!up) return line.reset();
    line.simple("up");
  };
  ScriptedUpstream a(script), b(script);
  ProxyUnderTest proxy(proxy_to({a.url(), b.url()}));
  FramedClient client(proxy);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.get("/").status, 502);
  up = true;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.get("/").body, "up");
}

// Listens, but its queue is full: a connection is neither made nor refused.
class FullQueue {
 public:
  FullQueue() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listening_.get(), generic, size), 0);
    EXPECT_EQ(::listen(listening_.get(), 0), 0);
    EXPECT_EQ(::getsockname(listening_.get(), generic, &size), 0);
    port_ = ntohs(address.sin_port);
    for (OwnedFd& each : waiting_) {
      each = OwnedFd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(each.get(), generic, size);
    }
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  OwnedFd listening_;
  std::array<OwnedFd, 4> waiting_;
  std::uint16_t port_ = 0;
};

TEST(ProxyBalancingTest, WhoTakesNoConnectionIsLateOrAnotherIsAsked) {
  const FullQueue full;
  ProxyOptions options = proxy_to({full.url()});
  options.connect = milliseconds(200);
  {
    ProxyUnderTest proxy(options);
    FramedClient client(proxy);
    EXPECT_EQ(client.get("/").status, 504);
    EXPECT_NE(proxy.events.all().find("no connection within 200 ms"), std::string::npos)
        << proxy.events.all();
  }
  ScriptedUpstream other(says("other"));
  options.upstreams.push_back(other.url());
  ProxyUnderTest proxy(options);
  FramedClient client(proxy);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(client.post("/", "x").body, "other");
  EXPECT_EQ(proxy.status().failures, 1U);
}

TEST(ProxyBalancingTest, ANameThatIsNotKnownIs502AndSaid) {
  // Longer than a label may be: no server has to be asked.
  ProxyUnderTest proxy(proxy_to({"http://" + std::string(70, 'a') + ".test:1"}));
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/").status, 502);
  EXPECT_EQ(client.get("/").status, 502);
  ASSERT_EQ(proxy.events.lines().size(), 1U);
  EXPECT_NE(proxy.events.all().find("looking up \"aaa"), std::string::npos) << proxy.events.all();
}

TEST(ProxyBalancingTest, OptionsThatCannotBeAreRefused) {
  ProxyOptions many = proxy_to(std::vector<std::string>(65, "http://127.0.0.1:1"));
  ProxyOptions path = proxy_to({"http://127.0.0.1:1"});
  path.health_check = "healthz";
  ProxyOptions bundle = proxy_to({"https://a.test"});
  bundle.ca_bundle = "/nowhere/ca.pem";
  for (const ProxyOptions& options :
       {proxy_to({}), many, path, bundle, proxy_to({"127.0.0.1:1"}), proxy_to({"unix:x"})}) {
    const auto error = thrown_error([&] { ReverseProxy(options, {}); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_FALSE(error->hint().empty());
  }
}

// ---- UpstreamHealth

struct HealthUnderTest {
  ToldEvents events;
  UpstreamHealth health{"upstream a", "hint", events.sink()};
};

TEST(UpstreamHealthTest, PausesGrowAndOneTriesWhenTheyAreOver) {
  HealthUnderTest test;
  UpstreamHealth& health = test.health;
  EXPECT_TRUE(health.is_well());
  EXPECT_FALSE(health.is_to_be_tried(0));
  std::int64_t now = 0;
  std::int64_t pause = UpstreamHealth::kFirstPause;
  for (int i = 0; i < 10; ++i) {
    health.note_failure("refused", now);
    health.note_failure("refused", now + 1);  // of the same time
    EXPECT_FALSE(health.is_well());
    EXPECT_FALSE(health.is_to_be_tried(now + pause - 1)) << i;
    now += pause;
    EXPECT_TRUE(health.is_to_be_tried(now)) << i;
    EXPECT_FALSE(health.is_to_be_tried(now)) << "by one";
    now += pause;
    pause = std::min(2 * pause, UpstreamHealth::kLongestPause);
  }
  health.note_success();
  EXPECT_TRUE(health.is_well());
  const std::vector<std::string> expected = {"upstream a: refused", "upstream a answers again"};
  EXPECT_EQ(test.events.lines(), expected);
}

TEST(UpstreamHealthTest, WhoComesAndGoesIsNotToldOfEachTime) {
  HealthUnderTest test;
  for (std::int64_t now = 0; now < 20'000; now += 2'000) {
    test.health.note_failure("refused", now);
    test.health.note_success();
  }
  EXPECT_EQ(test.events.lines().size(), 2U);
  test.health.note_failure("refused", 100'000);
  EXPECT_EQ(test.events.lines().size(), 3U);
}

TEST(UpstreamHealthTest, AFailedCheckMayBeAnAccidentAndTwoAreNot) {
  HealthUnderTest test;
  UpstreamHealth& health = test.health;
  health.note_check(false, "503", 0);
  EXPECT_TRUE(health.is_well());
  health.note_check(true, "", 0);
  health.note_check(false, "503", 0);
  EXPECT_TRUE(health.is_well()) << "not two in a row";
  health.note_check(false, "503", 0);
  EXPECT_FALSE(health.is_well());
  EXPECT_FALSE(health.is_to_be_tried(1'000'000)) << "the next check decides";
  health.note_check(true, "", 0);
  EXPECT_TRUE(health.is_well());
}

// ---- UpstreamKeeper

class KeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {}
  std::shared_ptr<UpstreamGroup> group(const ScriptedUpstream& upstream, const std::string& path) {
    ProxyOptions options = proxy_to({upstream.url() + "/base"});
    options.health_check = path;
    return std::make_shared<UpstreamGroup>(options, events_.sink());
  }
  ToldEvents events_;
};

TEST_F(KeeperTest, ChecksWhoIsWell) {
  std::atomic<int> status{200};
  std::mutex mutex;
  std::set<std::string> asked;
  ScriptedUpstream upstream([&](const Request& request, Line& line) {
    {
      const std::lock_guard lock(mutex);
      asked.insert(request.method + " " + request.target);
    }
    line.write("HTTP/1.1 103 Early Hints\r\n\r\n");
    line.simple("", "Connection: close\r\n", status);
    line.close();
  });
  const auto upstreams = group(upstream, "/healthz");
  UpstreamKeeper keeper(upstreams, milliseconds(1));
  const UpstreamHealth& health = upstreams->all()[0]->health;
  while (upstream.requests() < 3) std::this_thread::yield();
  EXPECT_TRUE(health.is_well());
  status = 503;
  while (health.is_well()) std::this_thread::yield();
  status = 302;
  while (!health.is_well()) std::this_thread::yield();
  keeper.stop();
  EXPECT_EQ(asked, std::set<std::string>{"GET /base/healthz"});
  const std::vector<std::string> told = events_.lines();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_NE(told[0].find("its health check says 503"), std::string::npos);
}

TEST_F(KeeperTest, StopsAtOnceWhateverAnUpstreamDoes) {
  ScriptedUpstream upstream([](const Request&, Line& line) { line.wait_for_proxy(); });
  UpstreamKeeper keeper(group(upstream, "/"), milliseconds(1));
  while (upstream.requests() < 1) std::this_thread::yield();
  keeper.stop();
}

TEST_F(KeeperTest, ClosesWhatIsOldAndKeepsNothingOnceStopped) {
  ScriptedUpstream upstream(says("a"));
  const auto upstreams = group(upstream, "");
  PlacedUpstream& placed = *upstreams->all()[0];
  const auto connection = [&] {
    bool old = false;
    std::string trouble;
    return UpstreamConnection::begin(placed.addresses.known(old)->at(0), nullptr, trouble);
  };
  UpstreamKeeper keeper(upstreams, milliseconds(1));
  placed.pool.put(connection(), nullptr, milliseconds(0));
  placed.pool.put(connection(), nullptr, std::chrono::hours(1));
  keeper.wake();
  while (placed.pool.size() > 1) std::this_thread::yield();
  EXPECT_NE(placed.pool.take(nullptr), nullptr);
  EXPECT_EQ(placed.pool.take(nullptr), nullptr);
  keeper.stop();
  placed.pool.put(connection(), nullptr, std::chrono::hours(1));
  EXPECT_EQ(placed.pool.size(), 0U);
}

TEST_F(KeeperTest, WhoHadAConnectionGetsItAgainAndOthersTheYoungest) {
  ScriptedUpstream upstream(says("a"));
  const auto upstreams = group(upstream, "");
  PlacedUpstream& placed = *upstreams->all()[0];
  bool old = false;
  std::string trouble;
  const int users[3] = {};
  std::vector<int> fds;
  for (const int& user : users) {
    auto made = UpstreamConnection::begin(placed.addresses.known(old)->at(0), nullptr, trouble);
    fds.push_back(made->fd());
    placed.pool.put(std::move(made), &user);
  }
  const auto first = placed.pool.take(&users[0]);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->fd(), fds[0]);
  const auto second = placed.pool.take(&users[0]);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->fd(), fds[2]);
}

TEST_F(KeeperTest, AnUpstreamsOwnIdleTimeIsHeeded) {
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    line.simple(std::to_string(request.connection), "Keep-Alive: timeout=1\r\n");
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/").body, "1");
  EXPECT_EQ(client.get("/").body, "2") << "it may close it at any moment";
}

}  // namespace
}  // namespace autohttps
