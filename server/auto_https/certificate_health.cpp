#include <autohttps/server/auto_https/certificate_health.h>
#include <autohttps/server/auto_https/served_check.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

namespace autohttps {
namespace {

constexpr std::chrono::milliseconds kMostPerName{2'000};  // our own machine: it answers or is stuck
constexpr int kWhole = 100;

// Whether addresses are this machine's is not known here.
std::string name_to_ask_for(const acme::CertificateSpec& spec) {
  for (const Identifier& name : spec.names) {
    if (name.type != Identifier::Type::dns) continue;
    return name.is_wildcard() ? "autohttps-check" + name.value.substr(1) : name.value;
  }
  return {};
}

bool is_in_place(const acme::Generation& current, const std::string& fingerprint) {
  const std::vector<const acme::GenerationPart*> parts = current.parts();
  return std::any_of(parts.begin(), parts.end(), [&](const acme::GenerationPart* part) {
    return part->key->fingerprint() == fingerprint;
  });
}

}  // namespace

AskServed ask_own_port(const std::string& address, std::uint16_t port) {
  const auto silent = std::make_shared<bool>(false);
  return [address, port, silent](const std::string& name) -> std::optional<std::string> {
    if (*silent) return std::nullopt;
    auto fingerprint = fingerprint_from_own_port(address, port, name, kMostPerName);
    *silent = !fingerprint;
    return fingerprint;
  };
}

ServedLook look_at_served(const acme::Outlook& outlook, const AskServed& ask) {
  if (!ask || !outlook.spec) return {};
  const std::string name = name_to_ask_for(*outlook.spec);
  if (name.empty()) return {};
  const std::optional<std::string> fingerprint = ask(name);
  if (!fingerprint) return {Served::no_answer, {}};
  if (!outlook.current) return {Served::placeholder, *fingerprint};
  return {is_in_place(*outlook.current, *fingerprint) ? Served::same : Served::other, *fingerprint};
}

int percent_left(const acme::Generation& generation, WallTime now) noexcept {
  return static_cast<int>(acme::life_left(generation, now) * kWhole);
}

std::string what_is_critical(const acme::Outlook& outlook, int below_percent, WallTime now) {
  if (!outlook.current) return outlook.id + " has no certificate";
  if (outlook.standing == acme::Standing::expired) return outlook.id + " expired";
  const int left = percent_left(*outlook.current, now);
  if (left >= below_percent) return {};
  return outlook.id + " has " + std::to_string(left) + " % of its life left";
}

}  // namespace autohttps
