#include <autohttps/acme/challenges/published_http01.h>

namespace autohttps::acme {
namespace {

class PublishedAnswer final : public Presentation {
 public:
  PublishedAnswer(PublishedAnswers& answers, std::string token)
      : answers_(answers), token_(std::move(token)) {}
  ~PublishedAnswer() override { answers_.withdraw(token_); }

 private:
  PublishedAnswers& answers_;
  std::string token_;
};

}  // namespace

std::optional<std::string> PublishedHttp01::obstacle(const Identifier& name) const {
  if (name.is_wildcard()) return "a wildcard needs a DNS challenge";
  return ways_.obstacle(type());
}

std::unique_ptr<Presentation> PublishedHttp01::present(const ChallengeContext& context,
                                                       std::stop_token) {
  answers_.publish(context.token, context.key_authorization);
  return std::make_unique<PublishedAnswer>(answers_, context.token);
}

}  // namespace autohttps::acme
