#include <autohttps/server/engine/engine.h>
#include <autohttps/tests/support/engine_fixture.h>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using std::chrono::milliseconds;

// Two ends of a conversation: what a relay watches, and who speaks at the other end.
struct Pair {
  Pair() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    near = OwnedFd(ends[0]);
    far = OwnedFd(ends[1]);
    ::fcntl(near.get(), F_SETFL, O_NONBLOCK);
  }
  void say(std::string_view text) const {
    EXPECT_EQ(::send(far.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  std::string hear(std::size_t size) const {
    std::string all;
    std::array<char, 4'096> piece;
    while (all.size() < size) {
      const ssize_t got =
          ::read(far.get(), piece.data(), std::min(piece.size(), size - all.size()));
      if (got <= 0) break;
      all.append(piece.data(), static_cast<std::size_t>(got));
    }
    return all;
  }
  OwnedFd near, far;
};

Pulled read_now(int fd, std::span<char> into) {
  const ssize_t got = ::read(fd, into.data(), into.size());
  if (got > 0) return Pulled::some(static_cast<std::size_t>(got));
  if (got == 0) return {Pulled::Kind::end};
  return {errno == EAGAIN ? Pulled::Kind::later : Pulled::Kind::broken};
}

class FdSource final : public BodySource {
 public:
  explicit FdSource(int fd, std::function<void()> before = {})
      : fd_(fd), before_(std::move(before)) {}
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  Pulled read(std::span<char> into) noexcept override {
    if (before_) before_();
    return read_now(fd_, into);
  }

 private:
  const int fd_;
  const std::function<void()> before_;
};

struct FunctionRelay final : Relay {
  explicit FunctionRelay(std::function<void(Exchange&)> function) : run(std::move(function)) {}
  ~FunctionRelay() override {
    if (at_end) at_end();
  }
  void advance(Exchange& exchange) noexcept override { run(exchange); }
  std::function<void(Exchange&)> run;
  std::function<void()> at_end{};
};

FunctionSink::Handler relayed(std::function<void(Exchange&)> function) {
  return [function = std::move(function)](ExchangePtr exchange) {
    exchange->relay(std::make_unique<FunctionRelay>(function));
  };
}

// Something that another thread waits for.
class Flag {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

// Answers with the first word that comes on the pair.
FunctionSink::Handler answer_with_word(const Pair& pair, Flag& waits) {
  return relayed([&pair, &waits, tag = WatchTag()](Exchange& exchange) mutable {
    ASSERT_TRUE(exchange.watch(pair.near.get(), tag));
    std::array<char, 100> word;
    const Pulled got = read_now(pair.near.get(), word);
    if (got.kind != Pulled::Kind::bytes) return waits.set();
    exchange.respond({200, {{"Word", std::string(word.data(), got.bytes)}}}, nullptr);
  });
}

TEST(RelayTest, AnswersWhenAnotherDescriptorHasSomething) {
  const Pair pair;
  Flag waits;
  const EngineUnderTest server(answer_with_word(pair, waits));
  TestConnection client = server.connect();
  for (const std::string word : {"one", "two", "three"}) {
    client.send(get("/"));
    ASSERT_TRUE(waits.wait());
    pair.say(word);
    EXPECT_EQ(client.read_response().headers["word"], word);
  }
  EXPECT_EQ(server.count(Count::accepted), 1U);
}

TEST(RelayTest, HoldsNoThread) {
  std::vector<std::unique_ptr<Pair>> pairs;
  std::atomic<std::size_t> waiting{0};
  std::mutex mutex;
  EngineLimits limits;
  limits.threads = 4;
  limits.connections = limits.connections_per_address = 1'000;
  const EngineUnderTest server(
      [&](ExchangePtr exchange) {
        const std::lock_guard lock(mutex);
        const Pair& pair = *pairs.emplace_back(std::make_unique<Pair>());
        exchange->relay(std::make_unique<FunctionRelay>(
            [&pair, &waiting, tag = WatchTag(), first = true](Exchange& client) mutable {
              EXPECT_TRUE(client.watch(pair.near.get(), tag));
              if (std::exchange(first, false)) ++waiting;
              std::array<char, 100> word;
              if (read_now(pair.near.get(), word).kind == Pulled::Kind::bytes) {
                client.respond({200, {}}, nullptr);
              }
            }));
      },
      limits);
  std::vector<TestConnection> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(server.connect());
    clients.back().send(get("/"));
  }
  while (waiting < 200) std::this_thread::yield();
  EXPECT_LE(server.engine->counters().threads, 8U);
  for (const auto& pair : pairs) pair->say("go");
  for (TestConnection& client : clients) EXPECT_EQ(client.read_response().status, 200);
}

TEST(RelayTest, AnAlarmAdvancesIt) {
  const EngineUnderTest server(relayed([first = true](Exchange& exchange) mutable {
    if (std::exchange(first, false)) return exchange.set_alarm(milliseconds(30));
    exchange.respond({504, {}}, nullptr);
  }));
  TestConnection client = server.connect();
  client.send(get("/"));
  EXPECT_EQ(client.read_response().status, 504);
}

TEST(RelayTest, ItsAnswerMayComeInPiecesAsTheyAreThere) {
  const Pair pair;
  const EngineUnderTest server(relayed([&pair, tag = WatchTag()](Exchange& exchange) mutable {
    exchange.watch(pair.near.get(), tag);
    exchange.respond({200, {}}, std::make_unique<FdSource>(pair.near.get()));
  }));
  TestConnection client = server.connect();
  client.send(get("/"));
  EXPECT_TRUE(client.read_until("\r\n\r\n")) << "the head does not wait for the first piece";
  pair.say("abc");
  EXPECT_TRUE(client.read_until("3\r\nabc\r\n"));
  pair.say("defgh");
  EXPECT_TRUE(client.read_until("5\r\ndefgh\r\n"));
  ::shutdown(pair.far.get(), SHUT_WR);
  EXPECT_TRUE(client.read_until("0\r\n\r\n"));
}

TEST(RelayTest, ASourceThatWaitsIsAskedAgainAtItsAlarm) {
  struct Late final : BodySource {
    explicit Late(Exchange& exchange) : exchange_(exchange) {}
    std::optional<std::uint64_t> length() const noexcept override { return 3; }
    Pulled read(std::span<char>) noexcept override {
      if (asked_++ > 0) return {Pulled::Kind::broken};
      exchange_.set_alarm(milliseconds(30));
      return {Pulled::Kind::later};
    }
    Exchange& exchange_;
    int asked_ = 0;
  };
  const EngineUnderTest server(relayed([](Exchange& exchange) {
    exchange.respond({200, {}}, std::make_unique<Late>(exchange));
  }));
  TestConnection client = server.connect();
  client.send(get("/"));
  EXPECT_TRUE(client.read_until("\r\n\r\n"));
  EXPECT_EQ(client.read_to_end(), "") << "cut off, since the promised bytes did not come";
}

TEST(RelayTest, ASlowReaderHoldsUpWhoFeedsIt) {
  const Pair pair;
  ::fcntl(pair.far.get(), F_SETFL, O_NONBLOCK);
  const EngineUnderTest server(relayed([&pair, tag = WatchTag()](Exchange& exchange) mutable {
    exchange.watch(pair.near.get(), tag);
    exchange.respond({200, {}}, std::make_unique<FdSource>(pair.near.get()));
  }));
  TestConnection client = server.connect();
  const int small = 16'384;
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  client.send(get("/"));
  ASSERT_TRUE(client.read_until("\r\n\r\n"));
  // Nobody reads: at some time nothing is taken any more.
  const std::string piece(64 << 10, 'x');
  std::size_t given = 0;
  constexpr std::size_t kFarTooMuch = 64 << 20;
  for (int tries = 0; tries < 200 && given < kFarTooMuch;) {
    const ssize_t sent = ::send(pair.far.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (sent > 0) given += static_cast<std::size_t>(sent);
    if (sent < 0 && (++tries, true)) ::usleep(1'000);
  }
  EXPECT_LT(given, kFarTooMuch);
}

TEST(RelayTest, AClientThatLeavesEndsIt) {
  Flag waits, ended;
  const EngineUnderTest server([&](ExchangePtr exchange) {
    auto relay = std::make_unique<FunctionRelay>([&waits](Exchange&) { waits.set(); });
    relay->at_end = [&ended] { ended.set(); };
    exchange->relay(std::move(relay));
  });
  {
    TestConnection client = server.connect();
    client.send(get("/"));
    ASSERT_TRUE(waits.wait());
  }
  EXPECT_TRUE(ended.wait());
}

TEST(RelayTest, MayEndTheConnectionWithoutAnAnswer) {
  const EngineUnderTest server(relayed([](Exchange& exchange) { exchange.abandon(); }));
  TestConnection client = server.connect();
  client.send(get("/"));
  EXPECT_EQ(client.read_to_end(), "");
}

// ---- bodies as they come

FunctionSink::Handler echo_pulled() {
  return relayed([all = std::string()](Exchange& exchange) mutable {
    std::array<char, 1'000> piece;
    Pulled got;
    while ((got = exchange.pull(piece)).kind == Pulled::Kind::bytes) {
      all.append(piece.data(), got.bytes);
    }
    if (got.kind == Pulled::Kind::later) return;
    exchange.respond({got.kind == Pulled::Kind::end ? 200 : 599, {{"Got", all}}}, nullptr);
  });
}

TEST(RelayTest, PullsABodyAsItComes) {
  EngineUnderTest server(echo_pulled());
  server.sink.pulls = true;
  TestConnection client = server.connect();
  client.send("PUT /x HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n3\r\nab");
  client.send("c\r\n2\r\nde\r\n");
  client.send("0\r\n\r\n" + get("/next"));
  EXPECT_EQ(client.read_response().headers["got"], "abcde");
  EXPECT_EQ(client.read_response().status, 200);
  client.send("PUT /x HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\n\r\nabc");
  EXPECT_EQ(client.read_response().headers["got"], "abc");
}

TEST(RelayTest, SaysContinueToWhoWaitsForIt) {
  EngineUnderTest server(echo_pulled());
  server.sink.pulls = true;
  TestConnection client = server.connect();
  client.send("PUT /x HTTP/1.1\r\n" + kHost + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_TRUE(client.read_until("HTTP/1.1 100 Continue\r\n\r\n"));
  client.send("abc");
  EXPECT_EQ(client.read_response().headers["got"], "abc");
}

TEST(RelayTest, ABrokenBodyIsAnsweredForWhatItIs) {
  EngineLimits limits;
  limits.body = 10;
  limits.body_time = milliseconds(100);
  EngineUnderTest server(echo_pulled(), limits);
  server.sink.pulls = true;
  const std::vector<std::pair<std::string, int>> cases = {
      {"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\nb\r\nabcdefghijk\r\n0\r\n\r\n", 413},
      {"Content-Length: 5\r\n\r\nabc", 408},
  };
  for (const auto& [rest, status] : cases) {
    TestConnection client = server.connect();
    client.send("PUT /x HTTP/1.1\r\n" + kHost + rest);
    EXPECT_EQ(client.read_response().status, status) << rest;
    EXPECT_TRUE(client.ended());
  }
}

// A client is not late for as long as nobody asks it for more.
TEST(RelayTest, ABodyThatNobodyPullsIsNotLate) {
  EngineLimits limits;
  limits.body_time = milliseconds(100);
  EngineUnderTest server(
      relayed([rests = 3](Exchange& exchange) mutable {
        if (rests-- > 0) return exchange.set_alarm(milliseconds(30));
        exchange.set_alarm(milliseconds(0));
        std::array<char, 10> piece;
        const Pulled got = exchange.pull(piece);
        if (got.kind == Pulled::Kind::later) return;
        exchange.respond({got.kind == Pulled::Kind::bytes ? 200 : 599, {}}, nullptr);
      }),
      limits);
  server.sink.pulls = true;
  TestConnection client = server.connect();
  client.send("PUT /x HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\n\r\nabc");
  EXPECT_EQ(client.read_response().status, 200);
}

// ---- tunnels

// What the client says goes to the pair, and the other way.
FunctionSink::Handler tunnel_to(const Pair& pair) {
  return relayed([&pair, tag = WatchTag()](Exchange& exchange) mutable {
    exchange.watch(pair.near.get(), tag);
    const auto pass_on = [&exchange, &pair] {
      std::array<char, 1'000> piece;
      Pulled got;
      while ((got = exchange.pull(piece)).kind == Pulled::Kind::bytes) {
        EXPECT_EQ(::write(pair.near.get(), piece.data(), got.bytes),
                  static_cast<ssize_t>(got.bytes));
      }
      if (got.kind == Pulled::Kind::end) ::shutdown(pair.near.get(), SHUT_WR);
    };
    exchange.tunnel({101, {{"Upgrade", "echo"}}},
                    std::make_unique<FdSource>(pair.near.get(), pass_on));
  });
}

TEST(TunnelTest, PassesBothWaysWhatComesInWhicheverOrder) {
  const Pair pair;
  const EngineUnderTest server(tunnel_to(pair));
  TestConnection client = server.connect();
  client.send("GET / HTTP/1.1\r\n" + kHost +
              "Connection: Upgrade\r\nUpgrade: echo\r\n\r\nGET /early");
  EXPECT_TRUE(client.read_until("101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade"));
  EXPECT_EQ(pair.hear(10), "GET /early") << "what came with the head is the tunnel's";
  pair.say("\r\nhello");
  EXPECT_TRUE(client.read_until("hello"));
  client.send("more");
  EXPECT_EQ(pair.hear(4), "more");
  client.finish_sending();
  EXPECT_EQ(pair.hear(1), "") << "its end is passed on";
  pair.say("last");
  ::shutdown(pair.far.get(), SHUT_WR);
  EXPECT_EQ(client.read_to_end(), "last");
  EXPECT_EQ(server.count(Count::requests), 1U);
}

// ---- records

struct Kept {
  std::string line;
  bool secure = false;
};

class RecordTest : public ::testing::Test {
 protected:
  void keep_records(EngineUnderTest& server) {
    server.sink.on_answered = [this](const RequestRecord& record) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(std::string(record.head.method) + " " + std::string(record.head.target) +
                       " " + std::to_string(record.status) + " " +
                       std::to_string(record.body_bytes) + (record.whole ? "" : " cut off") +
                       (record.peer.remote_ip == "127.0.0.1" ? "" : " from elsewhere"));
      changed_.notify_all();
    };
  }
  std::string next_line() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return lines_.size() > told_; });
    return lines_.size() > told_ ? lines_[told_++] : "none";
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::size_t told_ = 0;
};

TEST_F(RecordTest, ThereIsOneForEachRequest) {
  EngineUnderTest server([](ExchangePtr exchange) {
    const std::string target(exchange->head().target);
    if (target == "/source") {
      exchange->respond({200, {}}, std::make_unique<Pieces>(100'000, 100'000));
    } else if (target == "/chunks") {
      exchange->respond({200, {}}, std::make_unique<Pieces>(50'000, std::nullopt));
    } else if (target == "/text") {
      exchange->begin_text("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n");
      exchange->write_text("abc");
      exchange->finish(true);
    } else if (target == "/short") {
      exchange->respond({200, {}}, std::make_unique<Pieces>(10, 20));
    } else if (target != "/nothing") {
      answer_text(*exchange, "twelve bytes", 201);
    }
  });
  keep_records(server);
  TestConnection client = server.connect();
  for (const auto& [target, line] :
       std::vector<std::pair<std::string, std::string>>{{"/source", "GET /source 200 100000"},
                                                        {"/text", "GET /text 404 3"},
                                                        {"/other?a=b", "GET /other?a=b 201 12"}}) {
    client.send(get(target));
    client.read_response();
    EXPECT_EQ(next_line(), line);
  }
  client.send(get("/chunks"));
  EXPECT_TRUE(client.read_until("\r\n0\r\n\r\n"));
  EXPECT_EQ(next_line(), "GET /chunks 200 50000");
  client.send("HEAD /source HTTP/1.1\r\n" + kHost + "\r\n");
  client.read_response(true);
  EXPECT_EQ(next_line(), "HEAD /source 200 0");
  client.send(get("/short"));
  client.read_to_end();
  EXPECT_EQ(next_line(), "GET /short 200 10 cut off");
  TestConnection other = server.connect();
  other.send(get("/nothing"));
  other.read_to_end();
  EXPECT_EQ(next_line(), "GET /nothing 0 0 cut off");
}

TEST_F(RecordTest, RefusedRequestsHaveOneToo) {
  EngineLimits limits;
  limits.body = 10;
  limits.head_time = limits.body_time = milliseconds(50);
  EngineUnderTest server(echo, limits);
  keep_records(server);
  for (const auto& [request, line] : std::vector<std::pair<std::string, std::string>>{
           {"nonsense\r\n\r\n", "  400 0"},
           {"GET / HTTP/1.1\r\n" + kHost, "  408 0"},
           {"PUT /x HTTP/1.1\r\n" + kHost + "Content-Length: 11\r\n\r\n", "PUT /x 413 0"},
           {"PUT /x HTTP/1.1\r\n" + kHost + "Content-Length: 9\r\n\r\nabc", "PUT /x 408 0"},
           {"PUT /x HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\nz\r\n",
            "PUT /x 400 0"}}) {
    TestConnection client = server.connect();
    client.send(request);
    client.read_to_end();
    EXPECT_EQ(next_line(), line) << request;
  }
}

TEST(RelayTest, ABodyThatNobodyWantsIsSkimmedIfItIsHere) {
  EngineUnderTest server([](ExchangePtr exchange) { exchange->respond({404, {}}, nullptr); });
  server.sink.pulls = true;
  TestConnection client = server.connect();
  const std::string post = "POST / HTTP/1.1\r\n" + kHost;
  for (const std::string body : {"Content-Length: 3\r\n\r\nabc",
                                 "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}) {
    client.send(post + body);
    const TestResponse answer = client.read_response();
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.headers.count("connection"), 0U);
  }
  client.send(post + "Content-Length: 3\r\n\r\nab");
  EXPECT_EQ(client.read_response().headers["connection"], "close");
  TestConnection patient = server.connect();
  patient.send(post + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(patient.read_response().status, 404) << "it is not told to go on";
}

}  // namespace
}  // namespace autohttps
