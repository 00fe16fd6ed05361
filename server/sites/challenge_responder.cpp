#include <autohttps/common/identifier.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/challenge_responder.h>
#include <autohttps/server/sites/host.h>

#include <algorithm>

namespace autohttps {
namespace {

bool covers(std::string_view configured, std::string_view host) {
  const Identifier::Type type =
      configured.find(':') == std::string_view::npos ? Identifier::Type::dns : Identifier::Type::ip;
  const std::string name = to_lower(configured);
  return name == host || name_matches({type, name}, host);
}

}  // namespace

std::optional<std::string> challenge_answer(const ChallengeAnswers& answers,
                                            std::string_view raw_path) {
  if (!raw_path.starts_with(kChallengePath)) return std::nullopt;
  const std::string_view token = raw_path.substr(kChallengePath.size());
  if (!is_token(token)) return std::nullopt;
  return answers.key_authorization(token);
}

std::optional<std::string> redirect_location(const RedirectRules& rules,
                                             std::string_view host_header,
                                             std::string_view raw_target) {
  const std::string host = parse_host(host_header);
  const auto ours = [&](const std::string& configured) { return covers(configured, host); };
  if (host.empty()) return std::nullopt;
  const bool is_ours = std::any_of(rules.hosts.begin(), rules.hosts.end(), ours) ||
                       (rules.knows && rules.knows(host));
  if (!is_ours) return std::nullopt;
  std::string location = "https://" + authority_of(host, rules.public_https_port);
  location += is_clean_origin_form(raw_target) ? raw_target : "/";
  return location;
}

}  // namespace autohttps
