// HTTP-01's path on port 80 (RFC 8555 8.3), and the redirect of everything else. Pure: no server in
// it.
#pragma once

#include <autohttps/common/challenge_answers.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

inline constexpr std::string_view kChallengePath = "/.well-known/acme-challenge/";

// The key authorization to answer with 200 text/plain, byte for byte, no newline; empty: not a live
// token's exact path (RELIABILITY I10).
std::optional<std::string> challenge_answer(const ChallengeAnswers&, std::string_view raw_path);

struct RedirectRules {
  std::vector<std::string>
      hosts;  // configured names, wildcards included; a request for another gets 404
  std::uint16_t public_https_port = 443;
  // Asked for a host that is none of them, as parse_host() has it: is it ours? Empty: no.
  std::function<bool(const std::string& host)> knows{};
};

// https://<configured host>[:port]<raw target>; empty when the Host is none of ours (RELIABILITY
// F50: built from configuration, the target only when it is a clean origin-form).
std::optional<std::string> redirect_location(const RedirectRules&, std::string_view host_header,
                                             std::string_view raw_target);

}  // namespace autohttps
