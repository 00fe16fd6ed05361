// A CA that says when to come back is not asked before (RFC 8555 7.4, 7.5.1), and not kept waiting
// for long either.
#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/protocol/curl_transport.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/server/auto_https/port80.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/pebble_process.h>
#include <autohttps/tests/support/recording_transport.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace autohttps::acme {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Seconds = duration<double>;

// One order of everything, and what was exchanged with the CA.
std::vector<Exchanged> issue(const PebbleProcess& pebble, const std::vector<std::string>& names) {
  SystemClock clock;
  MemoryStore store(std::make_shared<MemoryDisk>(), clock);
  const auto notes = std::make_shared<RecordingTransport::Notes>();
  AutoCertificatesOptions options;
  options.domains = names;
  options.agree_to_terms = true;
  options.server = pebble.directory_url();
  options.limits = "none";
  AutoCertificatesParts parts;
  parts.store = &store;
  parts.transport = [&](const CaSpec&) {
    return std::make_unique<RecordingTransport>(
        std::make_unique<CurlTransport>(CurlOptions{.ca_bundle = pebble.ca_bundle()}), notes);
  };
  AutoCertificates certificates(options, parts);
  Port80 port80(certificates.answers(), listen_tcp("127.0.0.1", pebble.http_port()));
  port80.start();
  certificates.manage();
  RunOptions run;
  run.person = true;
  const std::vector<Outcome> outcomes = certificates.run_once(run);
  EXPECT_EQ(outcomes.front().action, Outcome::Action::issued) << outcomes.front().text;
  return notes->all();
}

// How long after the moment that the answer named the question came: negative is too early.
Seconds lateness(const Exchanged& answer, const Exchanged& question) {
  int wait = 0;
  const char* end = answer.retry_after.data() + answer.retry_after.size();
  if (std::from_chars(answer.retry_after.data(), end, wait).ptr == end) {
    return question.sent - answer.answered - seconds(wait);
  }
  return question.sent_wall - parse_http_date(answer.retry_after).value();
}

struct Manners {
  std::size_t asked_to_wait = 0;
  Seconds earliest = Seconds::max();  // the worst haste
  Seconds late{0};                    // all of it
};

Manners manners_of(const std::vector<Exchanged>& exchanged) {
  Manners manners;
  for (auto answer = exchanged.begin(); answer != exchanged.end(); ++answer) {
    if (answer->retry_after.empty()) continue;
    const auto question = std::find_if(answer + 1, exchanged.end(), [&](const Exchanged& later) {
      return later.url == answer->url || answer->url.find("finalize") != std::string::npos;
    });
    if (question == exchanged.end()) continue;
    ++manners.asked_to_wait;
    const Seconds late = lateness(*answer, *question);
    manners.earliest = std::min(manners.earliest, late);
    manners.late += late;
  }
  return manners;
}

// Pebble's own example has 3 and 5; it sends them now in seconds, now as a date.
TEST(MannersTest, NoPollComesBeforeTheTimeThatTheCaGave) {
  AUTOHTTPS_NEEDS_PEBBLE(2, 6);
  const PebbleProcess pebble(
      {.environment = {{"PEBBLE_VA_NOSLEEP", "0"}, {"PEBBLE_VA_SLEEPTIME", "2"}},
       .version = pebble_at_least(2, 6),
       .retry_after = PebbleRetryAfter{.authorization = 3, .order = 5}});
  const Manners manners = manners_of(issue(pebble, {"a.test", "b.test"}));
  EXPECT_GE(manners.asked_to_wait, 1u);
  EXPECT_GE(manners.earliest.count(), 0.0);
  EXPECT_LE(manners.late.count(), 20.0) << "on a busy machine; how long in truth is a bench's";
  RecordProperty("waits", static_cast<int>(manners.asked_to_wait));
  RecordProperty("late_ms", static_cast<int>(std::lround(manners.late.count() * 1000)));
}

}  // namespace
}  // namespace autohttps::acme
