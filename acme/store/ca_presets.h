// The CAs that are known by a name, and what each asks for: data.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace autohttps::acme {

struct CaPreset {
  std::string_view name;           // "zerossl"
  std::string_view directory_url;  // of its ACME directory
  std::string_view test_url;       // of its test CA's; empty: it has none
  std::string_view limits;         // see Limits::preset()
  std::string_view needs;          // for people: what else it asks for; empty: nothing
};

std::span<const CaPreset> ca_presets() noexcept;
// By name or by directory URL; null: not one of them.
const CaPreset* find_ca_preset(std::string_view name_or_url) noexcept;

// "letsencrypt, letsencrypt-staging, ...".
std::string ca_preset_names();

}  // namespace autohttps::acme
