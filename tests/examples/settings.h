// What the examples can be told on the command line, so that they also run against a test CA on
// free ports: NAME... --server URL --ca-bundle FILE --store DIR --http-port N --https-port N
// --limits PRESET.
#pragma once

#include <autohttps/common/event.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace example {

struct Settings {
  std::vector<std::string> domains;
  std::string server = "https://acme-v02.api.letsencrypt.org/directory";
  std::string ca_bundle, limits, store;
  std::uint16_t http_port = 80, https_port = 443;
};

inline Settings read_settings(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (!flag.starts_with("--")) {
      settings.domains.emplace_back(flag);
      continue;
    }
    const std::string value = i + 1 < argc ? argv[++i] : "";
    const auto port = [&] { return static_cast<std::uint16_t>(std::atoi(value.c_str())); };
    if (flag == "--server") {
      settings.server = value;
    } else if (flag == "--ca-bundle") {
      settings.ca_bundle = value;
    } else if (flag == "--limits") {
      settings.limits = value;
    } else if (flag == "--store") {
      settings.store = value;
    } else if (flag == "--http-port") {
      settings.http_port = port();
    } else if (flag == "--https-port") {
      settings.https_port = port();
    } else {
      std::cerr << "what is " << flag << "?\n";
      std::exit(2);
    }
  }
  return settings;
}

inline void print_event(const autohttps::Event& event) {
  std::string line = event.certificate + ": " + event.text;
  if (!event.hint.empty()) line += " (" + event.hint + ")";
  std::cerr << line + "\n";
}

}  // namespace example
