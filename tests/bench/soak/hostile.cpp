#include <autohttps/tests/bench/servers/slow_clients.h>
#include <autohttps/tests/bench/soak/clients.h>
#include <autohttps/tests/support/hostile_requests.h>

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <exception>
#include <list>
#include <thread>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kSlowOnes = 40;
constexpr std::chrono::seconds kSlowFor{4};  // longer than any deadline
// Two addresses, more from each than one may have, for each port more than there may be.
constexpr std::size_t kCrowd = 100;
constexpr std::uint32_t kNeighbour = 100;  // behind the last of the other clients' addresses
constexpr std::chrono::seconds kCrowdStays{1};
constexpr std::chrono::seconds kBetweenCrowds{8};
constexpr milliseconds kStep{10};
constexpr std::size_t kMostRandomBytes = 4'000;
constexpr char kGet[] = "GET /known?tag=h HTTP/1.1\r\nHost: a.test\r\n\r\n";
constexpr char kHalfBody[] =
    "POST /count HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10000\r\n\r\nonly this";

void pause(milliseconds time, const std::stop_token& stop) {
  const auto end = steady_clock::now() + time;
  while (!stop.stop_requested() && steady_clock::now() < end) std::this_thread::sleep_for(kStep);
}

class Hostile {
 public:
  Hostile(const SoakPlan& plan, bool tls, Tally& tally)
      : plan_(plan),
        tls_(tls),
        tally_(tally),
        random_(plan.seed),
        context_(soak_context(plan.root, TLS1_3_VERSION)) {}

  void attack() {
    ++tally_.hostile;
    switch (below(6)) {
      case 0:
        return without_handshake();
      case 1:
        return request_and_reset();
      case 2:
        return half_a_body();
      case 3:
        return after_the_end();
      default:
        return a_row();
    }
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  std::string random_bytes() {
    std::string bytes(1 + below(kMostRandomBytes), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }
  bool connect() {
    return client_.connect(port(), plan_.source, tls_ ? context_.get() : nullptr, below(2) == 0);
  }
  std::uint16_t port() const { return tls_ ? plan_.tls_port : plan_.plain_port; }

  // Random bytes, a record that ends in the middle, plain HTTP to TLS.
  void without_handshake() {
    if (!client_.connect(port(), plan_.source, nullptr, false)) return;
    static const std::string kHalfHello = std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9);
    const std::size_t kind = below(3);
    client_.send_raw(kind == 0 ? random_bytes() : kind == 1 ? kHalfHello : kGet);
    leave();
  }
  // RST while an answer is on its way.
  void request_and_reset() {
    if (!connect()) return;
    const std::size_t requests = 1 + below(20);
    for (std::size_t i = 0; i < requests; ++i) client_.send(kGet);
    client_.reset();
  }
  void half_a_body() {
    if (!connect()) return;
    client_.send(kHalfBody);
    client_.finish_sending();
    if (below(2) == 0) client_.read_to_end();
    client_.close();
  }
  void after_the_end() {
    if (!connect()) return;
    client_.send(kGet);
    if (tls_) {
      client_.close_notify();
    }
    client_.send_raw(random_bytes());
    leave();
  }
  void a_row() {
    const auto& rows = hostile_requests();
    const HostileRequest& row = rows[below(rows.size())];
    if (!connect() || !client_.send(row.raw)) return client_.close();
    if (row.answers.size() == 1 && row.answers[0].status >= 400) {
      client_.read_answer(false, true);
      if (client_.why() == SoakClient::Why::nothing && client_.status() < 400) {
        tally_.error("\"" + row.name + "\" was answered " + std::to_string(client_.status()));
      }
    }
    leave();
  }
  void leave() {
    switch (below(3)) {
      case 0:
        return client_.reset();
      case 1:
        client_.finish_sending();
        client_.read_to_end();
        return client_.close();
      default:
        return client_.close();
    }
  }

  const SoakPlan plan_;
  const bool tls_;
  Tally& tally_;
  std::mt19937_64 random_;
  const SslContextPtr context_;
  SoakClient client_;
};

}  // namespace

void be_hostile(const SoakPlan& plan, bool tls, Tally& tally, const std::stop_token& stop) {
  Hostile hostile(plan, tls, tally);
  while (!stop.stop_requested()) {
    hostile.attack();
    pause(kStep, stop);
  }
}

void be_slow(const SoakPlan& plan, Tally& tally, const std::stop_token& stop) {
  for (std::size_t turn = 0; !stop.stop_requested(); ++turn) {
    SlowClients clients(kAllSlowness[turn % std::size(kAllSlowness)], plan.tls_port, kSlowOnes);
    const auto end = steady_clock::now() + kSlowFor;
    while (!stop.stop_requested() && steady_clock::now() < end) {
      clients.step();
      std::this_thread::sleep_for(kStep);
    }
    tally.slow += kSlowOnes;
  }
}

void be_a_crowd(const SoakPlan& plan, Tally& tally, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::list<SoakClient> crowd;
    for (const std::uint32_t source : {plan.source, plan.source + kNeighbour}) {
      for (std::size_t i = 0; i < kCrowd; ++i) {
        crowd.emplace_back().connect(plan.tls_port, source, nullptr, false);
        crowd.emplace_back().connect(plan.plain_port, source, nullptr, false);
      }
    }
    tally.slow += crowd.size();
    pause(kCrowdStays, stop);
    crowd.clear();
    pause(kBetweenCrowds, stop);
  }
}

}  // namespace autohttps::bench
