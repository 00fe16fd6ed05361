#include <autohttps/tests/bench/servers/load_client.h>

#include <autohttps/tests/bench/servers/client_pool.h>

#include <algorithm>
#include <deque>
#include <random>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Event = TlsClient::Event;

constexpr milliseconds kPatience{10'000};   // for one operation
constexpr milliseconds kPatienceLook{200};  // how often that is looked at
constexpr milliseconds kMostForReady{3000};
constexpr milliseconds kBetweenLooks{20};
constexpr milliseconds kPauseAfterFailure{5};
constexpr long kMostFailures = 2000;  // a load that only fails ends
constexpr std::size_t kSources = 16;  // client addresses: more ports than one has

std::uint32_t source_of(std::size_t index) {
  constexpr std::uint32_t kFirst = 0x7f000002;  // 127.0.0.2
  return kFirst + static_cast<std::uint32_t>(index % kSources);
}

// What all loads have: connections, patience, a warm-up, and a result.
class Load {
 public:
  explicit Load(const LoadPlan& plan) : plan_(plan), pool_(plan.connections) {}
  virtual ~Load() = default;

  LoadResult run() {
    for (std::size_t i = 0; i < pool_.size(); ++i) connect(i);
    step_until(steady_clock::now() + plan_.warm_up);
    const auto give_up = steady_clock::now() + kMostForReady;
    while (!is_ready() && steady_clock::now() < give_up)
      step_until(steady_clock::now() + kBetweenLooks);
    const auto begin = steady_clock::now();
    const double cpu = plan_.server_cpu ? plan_.server_cpu() : 0;
    measuring_ = true;
    step_until(begin + plan_.measured);
    measuring_ = false;
    result_.seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
    result_.server_cpu_s = (plan_.server_cpu ? plan_.server_cpu() : 0) - cpu;
    return std::move(result_);
  }

 protected:
  virtual void on_event(std::size_t index, Event event) = 0;
  virtual milliseconds between_polls() { return milliseconds(plan_.tick ? 1 : 50); }
  virtual bool resumes() const { return false; }
  virtual bool is_ready() { return true; }  // to be measured, once warmed up

  void connect(std::size_t index) {
    ConnectPlan plan;
    plan.port = plan_.port;
    if (plan_.next_name) plan.name = plan_.next_name();
    plan.source = source_of(index);
    plan.resume = resumes();
    pool_[index].started = steady_clock::now();
    pool_.connect(index, plan);
  }
  void count_handshake(std::size_t index) {
    if (plan_.on_handshake) plan_.on_handshake(pool_[index]);
    if (!measuring_) return;
    ++result_.handshakes;
    result_.resumed += pool_[index].was_resumed() ? 1 : 0;
  }
  void count_answer(std::size_t index) {
    if (pool_[index].status() != 200) {
      result_.failed("status " + std::to_string(pool_[index].status()));
    } else if (measuring_) {
      ++result_.operations;
      const Milliseconds took = steady_clock::now() - pool_[index].started;
      result_.latencies_ms.push_back(static_cast<float>(took.count()));
    }
  }
  void fail(std::size_t index, const std::string& why) {
    result_.failed(why);
    pool_[index].close();
    again_.push_back({index, steady_clock::now() + kPauseAfterFailure});
  }

  const LoadPlan& plan_;
  ClientPool pool_;
  LoadResult result_;
  bool measuring_ = false;

 private:
  void step_until(Time end) {
    while (steady_clock::now() < end && result_.failures < kMostFailures) {
      pool_.poll(between_polls(), [this](std::size_t index, Event event) {
        if (event == Event::failed) {
          fail(index, pool_[index].failure());
        } else {
          on_event(index, event);
        }
      });
      const auto now = steady_clock::now();
      while (!again_.empty() && again_.front().when <= now) {
        const std::size_t index = again_.front().index;
        again_.pop_front();
        connect(index);
      }
      if (now >= next_look_) look_for_stuck_ones(now);
      if (measuring_ && plan_.tick && !plan_.tick()) break;
    }
  }
  virtual bool is_waiting(std::size_t index) { return pool_[index].is_open(); }
  void look_for_stuck_ones(Time now) {
    next_look_ = now + kPatienceLook;
    for (std::size_t i = 0; i < pool_.size(); ++i) {
      if (is_waiting(i) && now - pool_[i].started > kPatience) fail(i, "no answer within 10 s");
    }
  }

  struct Again {
    std::size_t index;
    Time when;
  };
  std::deque<Again> again_;
  Time next_look_{};
};

class NewConnections final : public Load {
 public:
  NewConnections(const LoadPlan& plan, bool resume) : Load(plan), resume_(resume) {}

 private:
  bool resumes() const override { return resume_; }
  bool is_ready() override {
    for (std::size_t i = 0; resume_ && i < pool_.size(); ++i) {
      if (!pool_[i].has_session()) return false;
    }
    return true;
  }
  void on_event(std::size_t index, Event event) override {
    switch (event) {
      case Event::handshaken:
        count_handshake(index);
        if (!request(index)) fail(index, "sending a request");
        break;
      case Event::answered:
        count_answer(index);
        if (measuring_) result_.tickets += pool_[index].tickets();
        break;
      case Event::ended:
        connect(index);
        break;
      default:
        break;
    }
  }
  bool request(std::size_t index) {
    TlsClient& client = pool_[index];
    return client.send(plan_.next_name ? get_front_page(client.name()) : get_request(true));
  }
  const bool resume_;
};

class KeepAlive final : public Load {
 public:
  using Load::Load;

 private:
  void request(std::size_t index) {
    pool_[index].started = steady_clock::now();
    const std::string_view own = plan_.request;
    const std::string_view text = own.empty() ? get_request(false) : own;
    if (!pool_[index].send(text)) fail(index, "sending a request");
  }
  void on_event(std::size_t index, Event event) override {
    switch (event) {
      case Event::handshaken:
        count_handshake(index);
        request(index);
        break;
      case Event::answered:
        count_answer(index);
        if (pool_[index].last_answer()) {
          connect(index);
        } else {
          request(index);
        }
        break;
      case Event::ended:
        connect(index);
        break;
      default:
        break;
    }
  }
};

class Arrivals final : public Load {
 public:
  Arrivals(const LoadPlan& plan, const OpenLoop& open)
      : Load(plan),
        gap_(open.per_second),
        slow_(open.slow_share),
        next_(steady_clock::now() + plan.warm_up / 2) {}  // the handshakes come first

 private:
  milliseconds between_polls() override {
    const auto now = steady_clock::now();
    for (; next_ <= now; next_ += gap()) due_.push_back({next_, slow_(random_)});
    while (!due_.empty() && !free_.empty()) {
      const std::size_t index = free_.front();
      free_.pop_front();
      const Due due = due_.front();
      due_.pop_front();
      pool_[index].started = due.when;
      pool_[index].is_slow = due.slow;
      const char* text =
          due.slow ? "GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n" : get_request(false);
      if (!pool_[index].send(text)) fail(index, "sending a request");
    }
    return milliseconds(0);  // the CPU is the client's own: it never sleeps past an arrival
  }
  steady_clock::duration gap() {
    return std::chrono::duration_cast<steady_clock::duration>(
        std::chrono::duration<double>(gap_(random_)));
  }
  bool is_waiting(std::size_t index) override {
    return pool_[index].is_open() && std::find(free_.begin(), free_.end(), index) == free_.end();
  }
  void on_event(std::size_t index, Event event) override {
    switch (event) {
      case Event::handshaken:
        free_.push_back(index);
        break;
      case Event::answered:
        if (!pool_[index].is_slow) count_answer(index);
        if (pool_[index].last_answer()) {
          connect(index);
        } else {
          free_.push_back(index);
        }
        break;
      case Event::ended:
        std::erase(free_, index);
        connect(index);
        break;
      default:
        break;
    }
  }

  struct Due {
    Time when;
    bool slow;
  };
  std::mt19937_64 random_{1};  // the same arrivals for every server
  std::exponential_distribution<double> gap_;
  std::bernoulli_distribution slow_;
  Time next_;
  std::deque<Due> due_;
  std::deque<std::size_t> free_;
};

}  // namespace

double percentile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(last * share + 0.5)];
}

double LoadResult::latency(double share) { return percentile(latencies_ms, share); }

void LoadResult::failed(const std::string& why) {
  if (failures++ == 0) first_failure = why;
}

LoadResult load_new_connections(const LoadPlan& plan, bool resume) {
  return NewConnections(plan, resume).run();
}
LoadResult load_keep_alive(const LoadPlan& plan) { return KeepAlive(plan).run(); }
LoadResult load_open_loop(const LoadPlan& plan, const OpenLoop& open) {
  return Arrivals(plan, open).run();
}

}  // namespace autohttps::bench
