#include <autohttps/tests/bench/servers/probes.h>

#include <utility>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kInterval{100};

}  // namespace

Probes::Probes(std::vector<std::uint16_t> ports, milliseconds patience)
    : ports_(std::move(ports)),
      patience_(patience),
      slots_(static_cast<std::size_t>(patience / kInterval) + 2),
      pool_(ports_.size() * slots_),
      seen_(ports_.size()) {}

void Probes::ask(long rounds) {
  rounds_left_ = rounds;
  next_ = steady_clock::now();
}

void Probes::start_all() {
  for (std::size_t server = 0; server < ports_.size(); ++server) {
    const std::size_t slot = next_slot_ * ports_.size() + server;
    ++seen_[server].asked;
    pool_.connect(slot, {.port = ports_[server]});
    pool_[slot].started = steady_clock::now();
  }
  next_slot_ = (next_slot_ + 1) % slots_;
}

void Probes::give_up_on_late_ones() {
  const auto now = steady_clock::now();
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    if (pool_[i].is_open() && now - pool_[i].started > patience_) pool_[i].close();
  }
}

bool Probes::step(milliseconds wait) {
  if (rounds_left_ > 0 && steady_clock::now() >= next_) {
    start_all();
    --rounds_left_;
    next_ += kInterval;
  }
  pool_.poll(wait, [this](std::size_t slot, TlsClient::Event event) {
    TlsClient& client = pool_[slot];
    if (event == TlsClient::Event::handshaken && !client.send(get_request(true))) client.close();
    if (event != TlsClient::Event::answered) return;
    const std::chrono::duration<float, std::milli> took = steady_clock::now() - client.started;
    if (client.status() == 200) seen_[slot % ports_.size()].answered_ms.push_back(took.count());
    client.close();
  });
  give_up_on_late_ones();
  if (rounds_left_ > 0) return true;
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    if (pool_[i].is_open()) return true;
  }
  return false;
}

}  // namespace autohttps::bench
