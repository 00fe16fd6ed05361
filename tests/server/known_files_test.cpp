#include <autohttps/server/engine/event_round.h>
#include <autohttps/server/sites/known_files.h>
#include <autohttps/tests/server/static_files_fixture.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

class KnownFilesTest : public StaticFilesFixture {
 protected:
  static std::string shown_by(KnownFiles& files) {
    const KnownFiles::Found found = files.find("page.txt");
    std::string bytes(8, '\0');
    bytes.resize(found.content.about ? found.content.read(0, bytes).bytes : 0);
    return bytes;
  }
};

TEST_F(KnownFilesTest, WhatIsKeptIsShownNoLongerThanTheFileIsTheSame) {
  KnownFiles files(folder_ / "www", 1U << 20, std::make_shared<MediaTypes>());
  const auto shown = [&] { return shown_by(files); };
  write("page.txt", "one");
  while (!files.find("page.txt").content.about->bytes) {  // until it is old enough
    EXPECT_EQ(shown(), "one");
  }
  EXPECT_EQ(shown(), "one");
  write("page.txt", "two");  // in place: the same inode, size and time of modification
  EXPECT_EQ(shown(), "two");
  while (!files.find("page.txt").content.about->bytes) {
  }
  folder_.write("www/next", "six");
  fs::rename(folder_ / "www/next", folder_ / "www/page.txt");
  EXPECT_EQ(shown(), "six");
  fs::remove(folder_ / "www/page.txt");
  EXPECT_EQ(shown(), "");
}

TEST_F(KnownFilesTest, OneLookIsEnoughForAllRequestsThatHadCome) {
  KnownFiles files(folder_ / "www", 1U << 20, std::make_shared<MediaTypes>());
  write("page.txt", "one");
  while (!files.find("page.txt").content.about->bytes) {  // until it is old enough
  }
  begin_event_round();
  EXPECT_EQ(shown_by(files), "one");
  write("page.txt", "two");
  EXPECT_EQ(shown_by(files), "one");  // who asked before it was written
  std::thread([&] { EXPECT_EQ(shown_by(files), "two"); }).join();  // of whom nothing is known
  begin_event_round();
  EXPECT_EQ(shown_by(files), "two");
  write("page.txt", "six");
  leave_event_round();
  EXPECT_EQ(shown_by(files), "six");
}

TEST_F(KnownFilesTest, OneLookAtTheRootIsEnoughForAllRequestsThatHadCome) {
  fs::create_symlink("www", folder_ / "current");
  folder_.write("www/which", "www");
  folder_.write("next/which", "next one");
  const FileTree tree(folder_ / "current");
  const auto size = [&] { return tree.open("which").state.size; };
  begin_event_round();
  EXPECT_EQ(size(), 3U);
  fs::create_symlink("next", folder_ / "turned");
  fs::rename(folder_ / "turned", folder_ / "current");
  EXPECT_EQ(size(), 3U);
  begin_event_round();
  EXPECT_EQ(size(), 8U);
  leave_event_round();
}

TEST(FileCacheTest, IsBounded) {
  FileCache cache(8 * 1'000);  // of the eight parts, a thousand each
  const auto content = [](std::size_t size) {
    auto made = std::make_shared<FileContent>(FileState{}, "text/plain", "");
    made->bytes = std::string(size, 'x');
    return made;
  };
  std::vector<std::weak_ptr<const FileContent>> kept;
  for (int i = 0; i < 200; ++i) {
    const auto one = content(400);
    kept.push_back(one);
    cache.keep(std::to_string(i), one);
  }
  const auto count = [&] {
    return std::count_if(kept.begin(), kept.end(), [](const auto& one) { return !one.expired(); });
  };
  EXPECT_LE(count(), 16);
  EXPECT_GE(count(), 8);
  EXPECT_TRUE(cache.find("199"));
  cache.keep("199", content(10));
  EXPECT_EQ(cache.find("199")->bytes->size(), 10U);
  cache.keep("large", content(1'001));
  EXPECT_FALSE(cache.find("large"));
  for (int i = 0; i < 10'000; ++i) {
    const auto one = content(0);
    kept.push_back(one);
    cache.keep("empty" + std::to_string(i), one);
  }
  EXPECT_LE(count(), 4'096);
}

}  // namespace
}  // namespace autohttps
