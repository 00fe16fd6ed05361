#include <autohttps/tests/bench/servers/many_certificates.h>

#include <nlohmann/json.hpp>

#include <cstdio>
#include <deque>
#include <fstream>

namespace autohttps::bench {
namespace {

namespace fs = std::filesystem;

fs::path file_of(const fs::path& store, int number, const char* file) {
  return store / "certificates" / many_name(number) / "current" / file;
}

}  // namespace

const char* many_name(int number) {
  static std::deque<std::string> names;  // grows as far as it is asked for
  while (names.size() <= static_cast<std::size_t>(number)) {
    char name[32];
    std::snprintf(name, sizeof name, "c%05zu.many.test", names.size());
    names.emplace_back(name);
  }
  return names[static_cast<std::size_t>(number)].c_str();
}

std::string nginx_server_blocks(const fs::path& store, int count, std::uint16_t port) {
  std::string text;
  for (int i = 1; i <= count; ++i) {
    text += "  server {\n    listen 127.0.0.1:" + std::to_string(port) + " ssl;\n    server_name " +
            many_name(i) + ";\n    ssl_certificate " + file_of(store, i, "fullchain.pem").string() +
            ";\n    ssl_certificate_key " + file_of(store, i, "privkey.pem").string() +
            ";\n    location = / { default_type text/plain; return 200 \"hello\\n\"; }\n  }\n";
  }
  return text;
}

std::string caddy_folder(const fs::path& store, int count, const fs::path& folder) {
  fs::create_directories(folder);
  for (int i = 1; i <= count; ++i) {
    std::ofstream bundle(folder / (std::string(many_name(i)) + ".pem"), std::ios::binary);
    for (const char* part : {"fullchain.pem", "privkey.pem"}) {
      bundle << std::ifstream(file_of(store, i, part), std::ios::binary).rdbuf();
    }
  }
  return nlohmann::json{{"load_folders", nlohmann::json::array({folder.string()})}}.dump();
}

}  // namespace autohttps::bench
