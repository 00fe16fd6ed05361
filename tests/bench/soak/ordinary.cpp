#include <autohttps/tests/bench/soak/clients.h>
#include <autohttps/tests/bench/soak/server.h>

#include <algorithm>
#include <vector>

namespace autohttps::bench {
namespace {

constexpr std::size_t kShown = 60;  // of what should not have come

struct Question {
  std::string text;
  std::string interim;  // sent after "100 Continue"
  std::string answer;
  bool head_only = false;
};

std::string chunked(std::string_view body, std::size_t piece) {
  std::string text;
  while (!body.empty()) {
    const std::string_view part = body.substr(0, piece);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", part.size());
    text.append(size).append(part).append("\r\n");
    body.remove_prefix(part.size());
  }
  return text + "0\r\n\r\n";
}

class Ordinary {
 public:
  Ordinary(const SoakPlan& plan, bool tls, Tally& tally)
      : plan_(plan), tls_(tls), tally_(tally), random_(plan.seed) {
    newest_ = soak_context(plan.root, TLS1_3_VERSION);
    older_ = soak_context(plan.root, TLS1_2_VERSION);
  }

  // One connection: some requests.
  void visit() {
    const std::size_t kind = below(8);
    SSL_CTX* const context = !tls_ ? nullptr : kind == 0 ? older_.get() : newest_.get();
    SoakClient& client = kind == 0 ? old_client_ : client_;
    const std::uint16_t port = tls_ ? plan_.tls_port : plan_.plain_port;
    if (!client.connect(port, plan_.source, context, kind % 2 == 1)) return failed(client);
    if (tls_) ++(client.was_resumed() ? tally_.resumed : tally_.full);
    const std::size_t requests = below(10) == 0 ? 2 * kSoakRequests : 1 + below(10);
    for (std::size_t i = 0; i < requests && client.is_open(); ++i) {
      if (below(6) == 0) {
        pipeline(client);
        break;
      }
      if (!ask(client) || client.last_answer()) break;
    }
    if (below(2) == 0) client.close_notify();
    client.close();
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  Question question() {
    static std::atomic<std::uint64_t> next{0};
    const std::string tag = "t" + std::to_string(++next);
    const std::string rest = "?tag=" + tag + " HTTP/1.1\r\nHost: a.test\r\n";
    switch (below(8)) {
      case 0:
        return {"GET /slow" + rest + "\r\n", "", soak_body(tag, kSoakSmall)};
      case 1:
        return {"GET /known" + rest + "\r\n", "", soak_body(tag, kSoakLong)};
      case 2: {
        std::string all;
        for (std::size_t i = 0; i < kSoakChunks; ++i) all += soak_body(tag, kSoakSmall);
        return {"GET /chunks" + rest + "\r\n", "", all};
      }
      case 3:
        return {"HEAD /small" + rest + "\r\n", "", "", true};
      case 4: {
        const std::string body = soak_body(tag, below(kSoakBody));
        return {"POST /count" + rest + "Content-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n" + body,
                "", std::to_string(body.size())};
      }
      case 5: {
        const std::string body = soak_body(tag, 1 + below(60'000));
        return {"POST /echo" + rest +
                    "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n" +
                    chunked(body, 1 + below(20'000)),
                "", body};
      }
      case 6: {
        const std::string body = soak_body(tag, 1 + below(60'000));
        return {"POST /echo" + rest + "Content-Type: text/plain\r\nExpect: 100-continue\r\n" +
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n",
                body, body};
      }
      default:
        return {"GET /small" + rest + "\r\n", "", soak_body(tag, kSoakSmall)};
    }
  }

  bool ask(SoakClient& client) {
    const Question question = this->question();
    if (!client.send(question.text)) return failed(client), false;
    if (!question.interim.empty()) {
      if (!client.read_answer(false, false)) return failed(client), false;
      if (client.status() != 100) return answered(client, question), false;
      if (!client.send(question.interim)) return failed(client), false;
    }
    if (!client.read_answer(question.head_only, false)) return failed(client), false;
    return answered(client, question);
  }

  void pipeline(SoakClient& client) {
    std::vector<Question> questions;
    std::string text;
    while (questions.size() < 5) {
      Question next = question();
      if (!next.interim.empty() || next.text.size() > 4'096) continue;  // it would wait for us
      text += next.text;
      questions.push_back(std::move(next));
    }
    if (!client.send(text)) return failed(client);
    for (const Question& each : questions) {
      if (!client.read_answer(each.head_only, &each != &questions.back())) return failed(client);
      if (!answered(client, each) || client.last_answer()) return;
    }
  }

  bool answered(const SoakClient& client, const Question& question) {
    if (client.status() == 200 && client.body() == question.answer) {
      ++tally_.answered;
      return true;
    }
    if (client.status() == 503) {
      ++tally_.busy;
    } else if (client.status() == 408) {
      ++tally_.late;
    } else {
      tally_.error("status " + std::to_string(client.status()) + ", " +
                   std::to_string(client.body().size()) + " bytes that were not expected, to " +
                   question.text.substr(0, question.text.find('\r')));
    }
    return false;
  }

  void failed(const SoakClient& client) {
    switch (client.why()) {
      case SoakClient::Why::refused:
        ++tally_.refused;
        break;
      case SoakClient::Why::lost:
        ++tally_.lost;
        break;
      case SoakClient::Why::late:
        ++tally_.timed_out;
        break;
      default:
        tally_.error("a broken answer, handshake or connection; unread: \"" +
                     client.unread().substr(0, kShown) + "\"");
        break;
    }
  }

  const SoakPlan plan_;
  const bool tls_;
  Tally& tally_;
  std::mt19937_64 random_;
  SslContextPtr newest_, older_;
  SoakClient client_, old_client_;  // each with the session of its version
};

}  // namespace

void be_ordinary(const SoakPlan& plan, bool tls, Tally& tally, const std::stop_token& stop) {
  Ordinary ordinary(plan, tls, tally);
  while (!stop.stop_requested()) ordinary.visit();
}

}  // namespace autohttps::bench
