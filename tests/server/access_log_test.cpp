#include <autohttps/common/error.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/server/sites/access_log.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using std::chrono::seconds;

constexpr seconds kLong{30};

struct AccessLogTest : testing::Test {
  AccessLogOptions options(std::filesystem::path file) const {
    return {.file = std::move(file), .format = AccessLogFormat::common};
  }
  EventSink sink() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex);
      events.push_back(event.text);
    };
  }
  std::vector<std::string> told() {
    const std::lock_guard lock(mutex);
    return events;
  }
  static void ask(AccessLog& log, const std::string& target) {
    HeadView head;
    head.method = "GET";
    head.target = target;
    head.version = "HTTP/1.1";
    Peer peer;
    peer.remote_ip = "192.0.2.7";
    log.add({.head = head, .peer = peer, .server_name = {}, .status = 200});
  }
  // The targets in the order of the lines; each line is to be whole.
  static std::vector<std::string> targets(const std::filesystem::path& file) {
    std::ifstream in(file);
    return targets_of(in);
  }
  static std::vector<std::string> targets_of(std::istream& in) {
    std::vector<std::string> found;
    for (std::string line; std::getline(in, line);) {
      EXPECT_TRUE(line.starts_with("192.0.2.7 - - [") && line.ends_with(" HTTP/1.1\" 200 -"))
          << line;
      const std::size_t begin = line.find("\"GET ") + 5;
      found.push_back(line.substr(begin, line.find(' ', begin) - begin));
    }
    return found;
  }
  std::filesystem::path pipe() const {
    const std::filesystem::path path = folder / "pipe";
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }

  const TemporaryFolder folder;
  std::mutex mutex;
  std::vector<std::string> events;
};

TEST_F(AccessLogTest, WritesALineForEachRequestInTheirOrder) {
  const auto file = folder / "access.log";
  AccessLog log(options(file), sink());
  ask(log, "/1");
  ask(log, "/2");
  ASSERT_TRUE(log.flush(kLong));
  ask(log, "/3");
  log.stop();
  EXPECT_EQ(targets(file), (std::vector<std::string>{"/1", "/2", "/3"}));
  EXPECT_EQ(log.lines(), 3u);
  EXPECT_EQ(log.dropped(), 0u);
  EXPECT_TRUE(told().empty());
}

TEST_F(AccessLogTest, MakesTheFileForItsGroupWhateverTheUmask) {
  const auto file = folder / "access.log";
  const mode_t before = ::umask(0077);
  { const AccessLog log(options(file), sink()); }
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
}

// logrotate's "create" gives it the mode that its configuration says.
TEST_F(AccessLogTest, LeavesTheModeOfAFileThatIsThere) {
  const auto file = folder / "access.log";
  folder.write("access.log", "");
  ASSERT_EQ(::chmod(file.c_str(), 0604), 0);
  { const AccessLog log(options(file), sink()); }
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0604u);
}

TEST_F(AccessLogTest, SaysWhatCannotBeOpenedAndWhatToDo) {
  const auto reader_less = pipe();
  folder.write("file", "");
  struct {
    std::filesystem::path path;
    const char* said;
    const char* hint;
  } const table[] = {
      {folder / "none/access.log", "no such file or directory", "install -d"},
      {folder.path(), "is a directory", ""},
      {folder / "file/access.log", "not a directory", ""},
      {reader_less, "no such device or address", "start what reads the pipe"},
  };
  for (const auto& [path, said, hint] : table) {
    try {
      AccessLog log(options(path), sink());
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(said), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
      EXPECT_NE(error.hint().find(hint), std::string::npos) << error.hint();
    }
  }
}

TEST_F(AccessLogTest, AFileThatWasMovedAwayIsMadeAnewAndNoLineIsLost) {
  const auto file = folder / "access.log";
  std::set<std::string> expected, found;
  AccessLog log(options(file), sink());
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 50; ++i) {
      const std::string target = "/" + std::to_string(round) + "/" + std::to_string(i);
      expected.insert(target);
      ask(log, target);
      if (i == 25) {
        std::filesystem::rename(file, folder / ("access.log." + std::to_string(round)));
        log.reopen();
      }
    }
    ASSERT_TRUE(log.flush(kLong));
    while (!std::filesystem::exists(file)) std::this_thread::yield();  // it is made soon
  }
  log.stop();
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    for (const std::string& target : targets(entry.path())) {
      EXPECT_TRUE(found.insert(target).second) << "twice: " << target;
    }
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(log.dropped(), 0u);
}

// copytruncate: whoever kept an offset of his own would leave a hole.
TEST_F(AccessLogTest, AFileThatWasTruncatedGoesOnFromItsBeginning) {
  const auto file = folder / "access.log";
  AccessLog log(options(file), sink());
  ask(log, "/before");
  ASSERT_TRUE(log.flush(kLong));
  std::filesystem::resize_file(file, 0);
  ask(log, "/after");
  log.stop();
  EXPECT_EQ(targets(file), std::vector<std::string>{"/after"});
}

TEST_F(AccessLogTest, WhereTheNewFileCannotBeMadeTheOldOneIsWrittenOn) {
  const auto file = folder / "logs/access.log";
  folder.write("logs/access.log", "");
  AccessLog log(options(file), sink());
  std::filesystem::rename(folder / "logs", folder / "moved");
  log.reopen();
  ask(log, "/1");
  log.stop();
  EXPECT_EQ(targets(folder / "moved/access.log"), std::vector<std::string>{"/1"});
  ASSERT_EQ(told().size(), 1u);
  EXPECT_NE(told()[0].find("no such file or directory; the file before is written on"),
            std::string::npos)
      << told()[0];
}

TEST_F(AccessLogTest, F51_AFullDiskIsToldOnceAndWhatIsLostIsCounted) {
  AccessLogOptions full = options("/dev/full");
  full.most_waiting = 1'000;
  AccessLog log(full, sink());
  for (int i = 0; i < 100; ++i) ask(log, "/" + std::to_string(i));
  while (told().empty()) std::this_thread::yield();  // the writer has tried
  for (int i = 0; i < 100; ++i) ask(log, "/" + std::to_string(i));
  log.stop();
  EXPECT_EQ(log.dropped(), 200u);
  EXPECT_EQ(log.lines(), 0u);
  ASSERT_EQ(told().size(), 2u);  // that it began, and how it ended
  EXPECT_NE(told()[0].find("the access log \"/dev/full\" cannot be written: no space left on "
                           "device"),
            std::string::npos)
      << told()[0];
  EXPECT_NE(told()[1].find("lost"), std::string::npos) << told()[1];
}

TEST_F(AccessLogTest, F51_AReaderThatStallsKeepsNobodyWaitingAndGetsWholeLinesAfterwards) {
  const auto path = pipe();
  const OwnedFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  AccessLogOptions piped = options(path);
  piped.most_waiting = 50'000;
  std::optional<AccessLog> log(std::in_place, piped, sink());
  constexpr int kLines = 20'000;  // some megabyte: more than pipe and memory hold
  for (int i = 0; i < kLines; ++i) ask(*log, "/" + std::to_string(i));
  EXPECT_GT(log->dropped(), 0u);
  std::string text;
  ASSERT_EQ(::fcntl(reader.get(), F_SETFL, 0), 0);  // it waits from now on, for all there is
  std::thread reading([&] {
    char bytes[4'096];
    for (ssize_t got; (got = ::read(reader.get(), bytes, sizeof bytes)) > 0;) {
      text.append(bytes, static_cast<std::size_t>(got));
    }
  });
  EXPECT_TRUE(log->flush(kLong));
  const std::uint64_t lines = log->lines();
  const std::uint64_t dropped = log->dropped();
  log.reset();  // the reader sees the end
  reading.join();
  std::set<std::string> found;
  std::istringstream all(text);
  for (const std::string& target : targets_of(all)) {
    EXPECT_TRUE(found.insert(target).second) << "twice: " << target;
  }
  EXPECT_EQ(found.size(), lines);
  EXPECT_EQ(lines + dropped, static_cast<std::uint64_t>(kLines));
}

TEST_F(AccessLogTest, F51_AReaderThatGoesAwayIsNoSignalAndCostsLinesOnly) {
  const auto path = pipe();
  OwnedFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  AccessLog log(options(path), sink());
  ask(log, "/1");
  ASSERT_TRUE(log.flush(kLong));
  reader.reset();
  ask(log, "/2");
  while (told().empty()) std::this_thread::yield();
  EXPECT_NE(told()[0].find("broken pipe"), std::string::npos) << told()[0];
  log.stop();
  EXPECT_EQ(log.lines(), 1u);
  EXPECT_EQ(log.dropped(), 1u);
}

// A pipe that nobody reads any more is followed by a file.
TEST_F(AccessLogTest, F51_AfterReopeningLinesAreWrittenAgainAndThatIsTold) {
  const auto path = pipe();
  OwnedFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  AccessLog log(options(path), sink());
  reader.reset();
  ask(log, "/1");
  while (told().empty()) std::this_thread::yield();
  std::filesystem::remove(path);
  log.reopen();
  ASSERT_TRUE(log.flush(kLong));
  EXPECT_EQ(targets(path), std::vector<std::string>{"/1"});
  ASSERT_EQ(told().size(), 2u);
  EXPECT_NE(told()[1].find("is written again; 0 lines lost"), std::string::npos) << told()[1];
}

TEST_F(AccessLogTest, ManyThreadsWriteWholeLines) {
  const auto file = folder / "access.log";
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  AccessLog log(options(file), sink());
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kEach; ++i) {
          ask(log, "/" + std::to_string(thread) + "/" + std::to_string(i));
        }
      });
    }
  }
  log.stop();
  const std::vector<std::string> found = targets(file);
  EXPECT_EQ(found.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), found.size());
}

TEST_F(AccessLogTest, AfterItsEndLinesAreDroppedAndCounted) {
  const auto file = folder / "access.log";
  AccessLog log(options(file), sink());
  log.stop();
  ask(log, "/late");
  EXPECT_EQ(log.dropped(), 1u);
  EXPECT_TRUE(targets(file).empty());
}

}  // namespace
}  // namespace autohttps
