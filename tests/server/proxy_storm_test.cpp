// Requests of a few clients that keep their connections, each with a fault of the upstream's, or
// none, by a seeded choice: each is whole or has cleanly failed.
#include <autohttps/server/sites/reverse_proxy.h>

#include <autohttps/tests/support/proxy_fixture.h>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using Line = ScriptedUpstream::Line;
using Request = ScriptedUpstream::Request;

constexpr int kClients = 8;
constexpr unsigned kSeed = 20261127;

enum class Fault : int {
  none,
  chunked,
  until_end,
  byte_by_byte,
  closes_quietly,  // behind a whole answer that promises to stay
  surplus,         // bytes behind a whole answer, which look like another
  hints,           // interim answers first
  says_close,
  // From here on, no whole answer.
  dies_before,
  dies_in_head,
  dies_in_body,
  dies_in_chunk,
  resets_in_body,
  garbage,
  two_lengths,
  huge_head,
  silent,
  silent_in_body,
  kMany
};

// A hash that tells bodies apart, FNV-1a.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

// What the upstream answers this request; nobody else's is the same.
std::string answer_to(const std::string& target, std::string_view body, std::size_t size) {
  std::string text = target + " " + std::to_string(hash_of(body)) + " ";
  const std::string unit = text;
  while (text.size() < size) text += unit;
  return text;
}

struct Plan {
  std::string target;  // "/id/fault/size"
  Fault fault;
  std::size_t size;
  std::string body;
  bool post;
};

void play(const Request& request, Line& line) {
  const auto parts = split(request.target, '/');
  const auto fault = static_cast<Fault>(std::stoi(std::string(parts[2])));
  const std::string body =
      answer_to(request.target, request.body, std::stoul(std::string(parts[3])));
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  const std::string half = body.substr(0, body.size() / 2);
  const auto chunk = [](const std::string& data) {
    std::array<char, 20> size;
    std::snprintf(size.data(), size.size(), "%zx\r\n", data.size());
    return size.data() + data + "\r\n";
  };
  switch (fault) {
    case Fault::none:
      line.write(ok + length + body);
      break;
    case Fault::chunked:
      line.write(ok + "Transfer-Encoding: chunked\r\n\r\n" + chunk(half));
      line.write(chunk(body.substr(half.size())) + "0\r\n\r\n");
      break;
    case Fault::until_end:
      line.write(ok + "\r\n" + body);
      line.close();
      break;
    case Fault::byte_by_byte:
      line.drip(ok + length.substr(0, 50));
      line.write(length.substr(std::min<std::size_t>(length.size(), 50)) + body);
      break;
    case Fault::closes_quietly:
      line.write(ok + length + body);
      line.close();
      break;
    case Fault::surplus:
      line.write(ok + length + body + ok + "Content-Length: 6\r\n\r\npoison");
      break;
    case Fault::hints:
      line.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n");
      line.write(ok + length + body);
      break;
    case Fault::says_close:
      line.write(ok + "Connection: close\r\n" + length + body);
      line.close();
      break;
    case Fault::dies_before:
      line.close();
      break;
    case Fault::dies_in_head:
      line.write(ok + "X: y");
      line.close();
      break;
    case Fault::dies_in_body:
      line.write(ok + length + half);
      line.close();
      break;
    case Fault::dies_in_chunk:
      line.write(ok + "Transfer-Encoding: chunked\r\n\r\n" + chunk(half) + "10\r\nx");
      line.close();
      break;
    case Fault::resets_in_body:
      line.write(ok + length + half);
      line.reset();
      break;
    case Fault::garbage:
      line.write("this is " + body);
      line.close();
      break;
    case Fault::two_lengths:
      line.write(ok + "Content-Length: 6\r\n" + length + body);
      break;
    case Fault::huge_head:
      line.write(ok + "X: " + std::string(100'000, 'x') + "\r\n" + length + body);
      line.close();
      break;
    case Fault::silent:
      line.wait_for_proxy();
      break;
    case Fault::silent_in_body:
      line.write(ok + length + half);
      line.wait_for_proxy();
      break;
    case Fault::kMany:
      break;
  }
}

Plan draw(std::mt19937& random, int id) {
  const auto below = [&](unsigned limit) { return random() % limit; };
  Plan plan;
  plan.fault = static_cast<Fault>(below(static_cast<unsigned>(Fault::kMany)));
  // Those cost time: few.
  if (plan.fault >= Fault::silent && below(8) != 0) plan.fault = Fault::none;
  plan.size = below(4) == 0 ? below(100'000) : below(2'000);
  plan.post = below(3) == 0;
  if (plan.post) plan.body = std::string(below(4) == 0 ? below(100'000) : below(2'000), 'b');
  plan.target = "/" + std::to_string(id) + "/" + std::to_string(static_cast<int>(plan.fault)) +
                "/" + std::to_string(plan.size);
  return plan;
}

struct Tally {
  std::atomic<int> whole{0}, refused{0}, cut{0};
};

// One request, sent and checked. False: a new connection is needed.
bool ask(FramedClient& client, const Plan& plan, Tally& tally) {
  const bool chunked = plan.body.size() % 2 == 1;
  std::string text = (plan.post ? "POST " : "GET ") + plan.target + " HTTP/1.1\r\n" + kHost;
  if (chunked) {
    std::array<char, 20> size;
    std::snprintf(size.data(), size.size(), "%zx\r\n", plan.body.size());
    text += "Transfer-Encoding: chunked\r\n\r\n" + std::string(size.data()) + plan.body +
            "\r\n0\r\n\r\n";
  } else if (plan.post) {
    text += "Content-Length: " + std::to_string(plan.body.size()) + "\r\n\r\n" + plan.body;
  } else {
    text += "\r\n";
  }
  client.send(text);
  FramedResponse answer = client.read();
  while (answer.status > 0 && answer.status < 200) answer = client.read();
  if (!answer.whole) {
    char byte = 0;
    const ssize_t left = ::recv(client.connection().fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    EXPECT_FALSE(left < 0 && errno == EAGAIN) << "no answer and no end: " << plan.target;
    EXPECT_GE(plan.fault, Fault::dies_before) << plan.target;
    ++tally.cut;
    return false;
  }
  if (answer.status == 200) {
    EXPECT_LT(plan.fault, Fault::dies_before) << plan.target;
    EXPECT_EQ(hash_of(answer.body), hash_of(answer_to(plan.target, plan.body, plan.size)))
        << plan.target << " got " << answer.body.substr(0, 60);
    ++tally.whole;
    return true;
  }
  // A POST whose kept connection was closed in that moment is not sent twice; a GET is.
  EXPECT_TRUE(plan.fault >= Fault::dies_before || plan.post) << plan.target << answer.status;
  EXPECT_TRUE(answer.status == 502 || answer.status == 504) << answer.status;
  ++tally.refused;
  return answer.headers["connection"] != "close";
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

int requests_to_send() {
  const char* const many = std::getenv("AUTOHTTPS_STORM_REQUESTS");
  return many == nullptr ? 10'000 : std::atoi(many);
}

TEST(ProxyStormTest, EveryRequestIsWholeOrHasCleanlyFailed) {
  const int requests = requests_to_send();
  const std::size_t before = open_descriptors();
  Tally tally;
  {
    ScriptedUpstream upstream(play);
    ProxyOptions options = proxy_to({upstream.url()});
    options.silence = std::chrono::milliseconds(300);
    ProxyUnderTest proxy(options);
    std::atomic<int> next{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&] {
        std::optional<FramedClient> client;
        for (int id = next++; id < requests; id = next++) {
          std::mt19937 random(kSeed + static_cast<unsigned>(id));
          const Plan plan = draw(random, id);
          if (!client) client.emplace(proxy);
          if (!ask(*client, plan, tally)) client.reset();
        }
      });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(proxy.status().active, 0U);
    proxy.proxy.reset();
    while (upstream.open() > 0) std::this_thread::yield();
  }
  EXPECT_EQ(tally.whole + tally.refused + tally.cut, requests);
  EXPECT_GT(tally.whole, requests / 4);
  EXPECT_GT(tally.refused, requests / 8);
  EXPECT_GT(tally.cut, requests / 16);
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace autohttps
