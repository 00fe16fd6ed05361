// HTTP-01 as a file below another web server's document root (RFC 8555 8.3).
#pragma once

#include <autohttps/acme/challenges/challenge_solver.h>

#include <filesystem>

namespace autohttps::acme {

// Writes <root>/.well-known/acme-challenge/<token>, mode 0644 (the web server reads it), folders
// made as needed (0755) and left; never through a symlink below the root, never over a file that is
// there (RELIABILITY F21, F34).
class WebrootHttp01 final : public ChallengeSolver {
 public:
  explicit WebrootHttp01(std::filesystem::path root);  // throws Error(config) unless it is a folder
  std::string_view type() const noexcept override { return "http-01"; }
  std::optional<std::string> obstacle(const Identifier&) const override;
  std::unique_ptr<Presentation> present(const ChallengeContext&, std::stop_token) override;

 private:
  std::filesystem::path root_;
};

}  // namespace autohttps::acme
