// HTTP-01 answered by whoever holds port 80 and reads this store (RFC 8555 8.3).
#pragma once

#include <autohttps/acme/challenges/answering_ways.h>
#include <autohttps/acme/challenges/challenge_solver.h>
#include <autohttps/acme/store/published_answers.h>

namespace autohttps::acme {

class PublishedHttp01 final : public ChallengeSolver {
 public:
  PublishedHttp01(PublishedAnswers& answers, const AnsweringWays& ways)
      : answers_(answers), ways_(ways) {}
  std::string_view type() const noexcept override { return "http-01"; }
  std::optional<std::string> obstacle(const Identifier&) const override;
  std::unique_ptr<Presentation> present(const ChallengeContext&, std::stop_token) override;

 private:
  PublishedAnswers& answers_;
  const AnsweringWays& ways_;
};

}  // namespace autohttps::acme
