// The include law of tests/layers.txt, and what an installed header may show.
#include <autohttps/tests/support/paths.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

constexpr std::array kSourceFolders{"common", "acme", "server", "tools"};

struct Law {
  std::set<std::string> ours;
  std::set<std::string> foreign;
};

std::map<std::string, Law> laws() {
  std::map<std::string, Law> laws;
  std::ifstream file(source_folder() / "tests/layers.txt");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (line.starts_with('#') || colon == std::string::npos) continue;
    Law& law = laws[line.substr(0, colon)];
    std::set<std::string>* words = &law.ours;
    std::istringstream rest(line.substr(colon + 1));
    for (std::string word; rest >> word;) {
      if (word == "|") {
        words = &law.foreign;
      } else {
        words->insert(word);
      }
    }
  }
  return laws;
}

std::vector<fs::path> source_files() {
  std::vector<fs::path> files;
  for (const char* folder : kSourceFolders) {
    for (const auto& entry : fs::recursive_directory_iterator(source_folder() / folder)) {
      if (entry.path().extension() == ".h" || entry.path().extension() == ".cpp") {
        files.push_back(entry.path());
      }
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// "autohttps/common/error.h", "openssl/ssl.h", "vector"; quoted ones with their quotes.
std::vector<std::string> includes(const fs::path& path) {
  static const std::regex kInclude(R"(^[ \t]*#[ \t]*include[ \t]*(?:<([^>]+)>|("[^"]+")))",
                                   std::regex::ECMAScript | std::regex::multiline);
  const std::string text = contents(path);
  std::vector<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), kInclude), end; match != end; ++match) {
    found.push_back((*match)[1].matched ? (*match)[1] : (*match)[2]);
  }
  return found;
}

// The library a header is of, for those that layers.txt speaks of; else empty.
std::string foreign_library(const std::string& include) {
  for (const char* library : {"openssl", "curl", "nlohmann", "CLI", "toml++", "gtest", "gmock"}) {
    if (include.starts_with(std::string(library) + "/")) return library;
  }
  return include == "httplib.h" ? "httplib" : "";
}

std::string folder_of(const fs::path& path) {
  return fs::relative(path, source_folder()).parent_path().string();
}

// Such a header says so in its first lines: tools/packaging/install.cmake looks for the same words.
bool is_installed(const fs::path& header) {
  return contents(header).substr(0, 400).find("(not installed") == std::string::npos;
}

std::string shown(const fs::path& path) { return fs::relative(path, source_folder()).string(); }

TEST(LayersTest, EveryFolderIncludesOnlyWhatItsLawAllows) {
  const auto all = laws();
  for (const fs::path& file : source_files()) {
    const std::string folder = folder_of(file);
    const auto law = all.find(folder);
    if (law == all.end()) {
      ADD_FAILURE() << shown(file) << ": tests/layers.txt has no line for " << folder;
      continue;
    }
    for (const std::string& include : includes(file)) {
      EXPECT_FALSE(include.starts_with('"'))
          << shown(file) << " includes " << include << ": write <autohttps/folder/noun.h>";
      if (include.starts_with("autohttps/")) {
        const std::string other = fs::path(include.substr(10)).parent_path().string();
        EXPECT_TRUE(other == folder || law->second.ours.contains(other))
            << shown(file) << " includes " << include << ", which its layer may not";
        EXPECT_TRUE(fs::exists(source_folder() / include.substr(10)))
            << shown(file) << " includes " << include << ", which does not exist";
      } else if (const std::string library = foreign_library(include); !library.empty()) {
        EXPECT_TRUE(law->second.foreign.contains(library))
            << shown(file) << " includes " << include << ", which its layer may not";
      }
    }
  }
}

// The seams: what everybody includes must not drag the libraries in.
TEST(LayersTest, AnInstalledHeaderShowsNoOpenSslCurlJsonOrCliType) {
  for (const fs::path& file : source_files()) {
    if (file.extension() != ".h" || folder_of(file).starts_with("tools") || !is_installed(file)) {
      continue;
    }
    for (const std::string& include : includes(file)) {
      if (include.starts_with("autohttps/")) {
        EXPECT_TRUE(is_installed(source_folder() / include.substr(10)))
            << shown(file) << " is installed and includes " << include << ", which is not";
      } else {
        const std::string library = foreign_library(include);
        EXPECT_TRUE(library.empty() || library == "httplib")
            << shown(file) << " is installed and includes " << include;
      }
    }
  }
}

TEST(LayersTest, NoLayerIncludesOneAboveIt) {
  const auto all = laws();
  for (const auto& [folder, law] : all) {
    std::set<std::string> below;
    std::vector<std::string> open(law.ours.begin(), law.ours.end());
    while (!open.empty()) {
      const std::string next = open.back();
      open.pop_back();
      if (!below.insert(next).second) continue;
      const auto found = all.find(next);
      ASSERT_NE(found, all.end()) << "layers.txt allows the unknown folder " << next;
      open.insert(open.end(), found->second.ours.begin(), found->second.ours.end());
    }
    EXPECT_FALSE(below.contains(folder)) << folder << " may include itself by a detour";
  }
}

TEST(LayersTest, AFileHoldsOneIdea) {
  constexpr std::ptrdiff_t kMostLines = 400;
  for (const fs::path& file : source_files()) {
    const std::string text = contents(file);
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), kMostLines) << shown(file);
  }
}

}  // namespace
}  // namespace autohttps
