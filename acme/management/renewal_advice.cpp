#include <autohttps/acme/management/renewal_advice.h>

#include <autohttps/acme/protocol/problem.h>

#include <algorithm>

namespace autohttps::acme {
namespace {

using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// RFC 9773 4.3: "clients MUST set limits on their checks"; Retry-After within these is obeyed.
constexpr seconds kSoonestPoll = minutes(1);
constexpr seconds kLatestPoll = hours(24);
constexpr seconds kUsualPoll = hours(6);
constexpr seconds kFirstRetry = minutes(10);
constexpr int kDoublings = 6;             // 10 min * 2^6 > 6 h
constexpr int kMostFailures = 1'000'000;  // counted
constexpr std::chrono::days kShortLife{10};

WallTime poll_after(std::optional<seconds> asked, seconds usual, WallTime now) {
  return now + std::clamp(asked.value_or(usual), kSoonestPoll, kLatestPoll);
}

// The CA may be back in a moment, and what it suggested before still holds.
bool passes(const Error& error) {
  if (error.code() == ErrorCode::network || error.code() == ErrorCode::rate_limited) return true;
  const auto* problem = dynamic_cast<const ProblemError*>(&error);
  return problem != nullptr && problem->problem().status >= 500;
}

WallTime pick_in(WallTime start, WallTime end, double draw) {
  const auto width = static_cast<double>((end - start).count());
  const auto offset = std::chrono::duration_cast<WallTime::duration>(
      std::chrono::duration<double, WallTime::period>(width * std::clamp(draw, 0.0, 1.0)));
  return floor<seconds>(start + offset);
}

}  // namespace

WallTime next_poll(const std::optional<RenewalAdvice>& advice, const std::string& certificate,
                   WallTime now) {
  if (!advice || advice->certificate != certificate || !advice->next_poll) return now;
  return *advice->next_poll > now + kLatestPoll ? now : *advice->next_poll;
}

RenewalAdvice advised(const std::optional<RenewalAdvice>& before, const std::string& certificate,
                      const RenewalInfo& info, const Life& life, double draw, WallTime now) {
  RenewalAdvice advice;
  advice.certificate = certificate;
  advice.explanation = info.explanation;
  advice.next_poll = poll_after(info.retry_after, kUsualPoll, now);
  // The store keeps whole seconds: the same window must be found the same after a restart.
  const WallTime start = floor<seconds>(info.start);
  const WallTime end = std::max<WallTime>(floor<seconds>(info.end), start);
  if (start >= life.not_after) {
    advice.trouble = "the window begins after the certificate's end";
    return advice;
  }
  const bool same = before && before->certificate == certificate && before->pick &&
                    before->start == start && before->end == end;
  advice.start = start;
  advice.end = end;
  // Some CAs' windows are two days wide whatever the life: what lies before the certificate was
  // there would have each of the short-lived ones renewed at once, half of the time.
  const WallTime first = life.not_before < end ? std::max(start, life.not_before) : start;
  advice.pick = same ? *before->pick : pick_in(first, end, draw);
  return advice;
}

RenewalAdvice never_advised(const std::string& certificate, WallTime now) {
  RenewalAdvice advice;
  advice.certificate = certificate;
  advice.next_poll = now + kLatestPoll;
  return advice;
}

RenewalAdvice unadvised(const std::optional<RenewalAdvice>& before, const std::string& certificate,
                        const Error& error, WallTime now) {
  RenewalAdvice advice;
  advice.certificate = certificate;
  const bool known = before && before->certificate == certificate;
  if (known && passes(error)) advice = *before;
  advice.failures = std::min((known ? before->failures : 0) + 1, kMostFailures);
  advice.trouble = error.what();
  std::optional<seconds> asked;
  if (error.retry_at()) asked = std::chrono::ceil<seconds>(*error.retry_at() - now);
  const seconds wait =
      passes(error)
          ? std::min(kFirstRetry * (1 << std::min(advice.failures - 1, kDoublings)), kUsualPoll)
          : kUsualPoll;
  advice.next_poll = poll_after(asked, wait, now);
  return advice;
}

std::optional<Due> suggested_due(const std::optional<RenewalAdvice>& advice,
                                 const std::string& certificate, const Life& life) {
  if (!advice || advice->certificate != certificate || !advice->pick) return std::nullopt;
  const auto whole = std::max(life.not_after - life.not_before, WallTime::duration::zero());
  const bool is_short = whole < kShortLife;
  const WallTime guard = life.not_after - (is_short ? whole / 3 : whole / 6);
  if (*advice->pick <= guard) return Due{*advice->pick, "the CA suggests it"};
  return Due{guard, std::string(is_short ? "a third" : "a sixth") +
                        " of its life is left, later than which the CA's suggestion is not heeded"};
}

bool would_be_missed(const RenewalAdvice& advice, WallTime now, seconds until_next_look) {
  if (!advice.pick || !advice.start || !advice.end) return false;
  const WallTime next = now + until_next_look;
  if (*advice.pick >= next) return false;
  return now >= *advice.start || *advice.end < next;
}

}  // namespace autohttps::acme
