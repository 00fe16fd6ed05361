// The real program, a store of its own and a real Pebble: what the integration suites share.
#pragma once

#include <autohttps/common/certified_key.h>
#include <autohttps/common/json.h>
#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/paths.h>
#include <autohttps/tests/support/pebble_process.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {

using Words = std::vector<std::string>;

inline Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline ChildOptions program(const Words& words) {
  ChildOptions child;
  child.arguments = Words{autohttps_program().string()} + words;
  child.environment = {{"NO_COLOR", "1"}, {"https_proxy", ""}, {"HTTPS_PROXY", ""}};
  return child;
}

inline std::string contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

class ProgramOnPebble {
 public:
  explicit ProgramOnPebble(PebbleOptions options = {}) : pebble(std::move(options)) {}

  std::string store() const { return (folder / "store").string(); }
  Words on_store() const { return {"--store", store()}; }
  Words http_port() const { return {"--http-port", std::to_string(pebble.http_port())}; }
  Words https_port() const { return {"--https-port", std::to_string(pebble.tls_port())}; }
  // A wish: which CA, agreed, no limits (a test may ask for more than a CA would allow).
  Words at_pebble() const {
    return on_store() + http_port() + Words{"--server",    pebble.directory_url(),
                                            "--ca-bundle", pebble.ca_bundle().string(),
                                            "--agree-tos", "--limits",
                                            "none"};
  }

  ChildResult run(const Words& words) const { return run_child(program(words)); }
  ChildResult obtain(const Words& words) const {
    return run(Words{"obtain"} + words + at_pebble() + https_port());
  }
  ChildResult renew(const Words& words = {}) const {
    return run(Words{"renew"} + words + on_store() + http_port() + https_port());
  }

  std::filesystem::path current(const std::string& id) const {
    return folder.path() / "store/certificates" / id / "current";
  }
  // What the store has for `id`; a failure when it has nothing whole.
  std::shared_ptr<const CertifiedKey> stored(const std::string& id) const {
    return CertifiedKey::from_pem(contents(current(id) / "fullchain.pem"),
                                  contents(current(id) / "privkey.pem"));
  }

  PebbleProcess pebble;
  TemporaryFolder folder;
};

inline Json json_of(const ChildResult& result) { return parse_json(result.out, "standard output"); }

// Asks again until it is so, within a generous bound; ctest asserts that things happen, the bench
// when.
template <typename Question>
bool eventually(Question question, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!question()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

// For a failed expectation: everything that was said.
inline std::string said(const ChildResult& result) {
  return "exit " + std::to_string(result.exit_code) + "\nstdout: " + result.out +
         "\nstderr: " + result.err;
}

}  // namespace autohttps
