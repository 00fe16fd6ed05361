#include <autohttps/tests/support/pebble_version.h>

#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/paths.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

// "2.10.0+ds1-2" -> 2, 10, 0.
std::vector<int> numbers_of(const std::string& version) {
  std::vector<int> numbers;
  std::istringstream parts(version.substr(0, version.find_first_not_of("0123456789.")));
  for (std::string part; std::getline(parts, part, '.');) {
    numbers.push_back(part.empty() ? 0 : std::stoi(part));
  }
  return numbers;
}

bool older(const PebbleVersion& left, const PebbleVersion& right) {
  return numbers_of(left.number) < numbers_of(right.number);
}

// build/pebble/NUMBER/usr/bin.
std::string number_of(const fs::path& programs) {
  return programs.parent_path().parent_path().filename().string();
}

std::vector<PebbleVersion> unpacked() {
  std::vector<PebbleVersion> found;
  std::error_code none;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(source_folder() / "build/pebble", none)) {
    const fs::path programs = entry.path() / "usr/bin";
    if (!fs::exists(programs / "pebble", none)) continue;
    found.push_back({number_of(programs), programs});
  }
  std::sort(found.begin(), found.end(), older);
  return found;
}

}  // namespace

bool PebbleVersion::at_least(int major, int minor) const {
  return numbers_of(number) >= std::vector<int>{major, minor};
}

PebbleVersion installed_pebble() {
  if (const char* folder = std::getenv("AUTOHTTPS_PEBBLE"); folder && *folder) {
    const fs::path programs = fs::weakly_canonical(folder);
    return {number_of(programs), programs};
  }
  // Up to 2.5 the program cannot tell its version, and Debian's says "dev".
  ChildResult package =
      run_child({.arguments = {"dpkg-query", "-W", "-f", "${Version}", "pebble"}});
  return {package.exit_code == 0 ? package.out.substr(0, package.out.find('+')) : "0", {}};
}

std::optional<PebbleVersion> newer_pebble() {
  const std::vector<PebbleVersion> found = unpacked();
  if (found.empty() || !older(installed_pebble(), found.back())) return std::nullopt;
  return found.back();
}

std::optional<PebbleVersion> pebble_at_least(int major, int minor) {
  for (const PebbleVersion& version : pebbles()) {
    if (version.at_least(major, minor)) return version;
  }
  return std::nullopt;
}

std::vector<PebbleVersion> pebbles() {
  std::vector<PebbleVersion> found{installed_pebble()};
  if (const auto newer = newer_pebble()) found.push_back(*newer);
  return found;
}

std::optional<PebbleVersion> pebble_of(WhichPebble which) {
  if (which == WhichPebble::newer) return newer_pebble();
  return installed_pebble();
}

std::string name_of(WhichPebble which) {
  return which == WhichPebble::installed ? "Installed" : "Newer";
}

void OnEachPebble::SetUp() { AUTOHTTPS_NEEDS_WHICH_PEBBLE(GetParam()); }

PebbleVersion OnEachPebble::version() const { return pebble_of(GetParam()).value(); }

}  // namespace autohttps
