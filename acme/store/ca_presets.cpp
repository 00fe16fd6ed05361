#include <autohttps/acme/store/ca_presets.h>

#include <autohttps/acme/store/certificate_spec.h>

#include <algorithm>
#include <array>

namespace autohttps::acme {
namespace {

// Where a CA has told its limits to nobody, the conservative ones hold.
constexpr std::array kPresets = {
    CaPreset{"letsencrypt", kLetsEncrypt, kLetsEncryptStaging, "letsencrypt", ""},
    CaPreset{"letsencrypt-staging", kLetsEncryptStaging, "", "letsencrypt-staging", ""},
    CaPreset{"zerossl", "https://acme.zerossl.com/v2/DV90", "", "conservative",
             "an external account binding: --eab-kid ID --eab-key-file FILE, both from ZeroSSL's "
             "console, Developer, EAB Credentials"},
    CaPreset{"google", "https://dv.acme-v02.api.pki.goog/directory",
             "https://dv.acme-v02.test-api.pki.goog/directory", "conservative",
             "an external account binding: --eab-kid ID --eab-key-file FILE, both made by `gcloud "
             "publicca external-account-keys create`, good for one account"},
    CaPreset{"google-staging", "https://dv.acme-v02.test-api.pki.goog/directory", "",
             "conservative",
             "an external account binding of its own: --eab-kid ID --eab-key-file FILE, made by "
             "gcloud with the test CA chosen"},
    // A directory for each kind of key.
    CaPreset{"ssl.com", "https://acme.ssl.com/sslcom-dv-ecc", "", "conservative",
             "an external account binding: --eab-kid ID --eab-key-file FILE, both from SSL.com's "
             "dashboard, API and integrations; ECDSA keys only"},
    CaPreset{"ssl.com-rsa", "https://acme.ssl.com/sslcom-dv-rsa", "", "conservative",
             "an external account binding: --eab-kid ID --eab-key-file FILE, both from SSL.com's "
             "dashboard, API and integrations; RSA keys only"},
};

}  // namespace

std::span<const CaPreset> ca_presets() noexcept { return kPresets; }

const CaPreset* find_ca_preset(std::string_view name_or_url) noexcept {
  const auto found = std::ranges::find_if(kPresets, [&](const CaPreset& preset) {
    return preset.name == name_or_url || preset.directory_url == name_or_url;
  });
  return found == kPresets.end() ? nullptr : &*found;
}

std::string ca_preset_names() {
  std::string names;
  for (const CaPreset& preset : kPresets) {
    names += (names.empty() ? "" : ", ") + std::string(preset.name);
  }
  return names;
}

}  // namespace autohttps::acme
