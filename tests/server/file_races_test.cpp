// Files and folders that are renamed, linked and cut while requests run.
#include <autohttps/tests/server/static_files_fixture.h>

#include <autohttps/tests/support/engine_fixture.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

void exchange(const fs::path& one, const fs::path& other) {
  constexpr unsigned kExchange = 2;  // RENAME_EXCHANGE
  if (::syscall(SYS_renameat2, AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), kExchange) != 0) {
    std::abort();
  }
}

class FileRacesTest : public StaticFilesFixture {
 protected:
  void SetUp() override {
    StaticFilesFixture::SetUp();
    write("d/page.txt", "public");
    folder_.write("elsewhere/page.txt", "secret");
    fs::create_symlink("../elsewhere", folder_ / "www/link");
    fs::create_symlink("../elsewhere/page.txt", folder_ / "www/link.txt");
    write("page.txt", "public");
  }

  // Requests while `flip` runs again and again, for a second: a file is kept in memory once it is a
  // tenth of that old.
  void race(const std::string& target, const std::function<void()>& flip) {
    std::atomic<bool> stop = false;
    std::thread flipper([&] {
      while (!stop) flip();
    });
    std::size_t shown = 0, refused = 0;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (std::chrono::steady_clock::now() < until) {
      const Answer answer = ask(target);
      const std::string body = body_of(answer);
      if (answer.head.status == 200 && body == "public") {
        ++shown;
      } else if (answer.head.status == 404) {
        ++refused;
      } else {
        ADD_FAILURE() << answer.head.status << " " << body;
        break;
      }
    }
    stop = true;
    flipper.join();
    EXPECT_GT(shown, 0U) << "it was there at times";
    EXPECT_GT(refused, 0U) << "and at times not";
  }
};

TEST_F(FileRacesTest, AFolderThatIsALinkToElsewhereAtTimes) {
  race("/d/page.txt", [&] { exchange(folder_ / "www/d", folder_ / "www/link"); });
}

TEST_F(FileRacesTest, AFileThatIsALinkToElsewhereAtTimes) {
  race("/page.txt", [&] { exchange(folder_ / "www/page.txt", folder_ / "www/link.txt"); });
}

TEST_F(FileRacesTest, AFolderThatIsElsewhereAtTimesAndAnotherThere) {
  race("/d/page.txt", [&] {
    fs::rename(folder_ / "www/d", folder_ / "parked");
    fs::rename(folder_ / "www/link", folder_ / "www/d");
    fs::rename(folder_ / "www/d", folder_ / "www/link");
    fs::rename(folder_ / "parked", folder_ / "www/d");
  });
}

TEST_F(FileRacesTest, AFolderThatGetsSecretsWhileItIsElsewhere) {
  const auto replace = [&](const char* contents) {
    folder_.write("parked/next", contents);
    fs::rename(folder_ / "parked/next", folder_ / "parked/page.txt");
  };
  race("/d/page.txt", [&] {
    fs::rename(folder_ / "www/d", folder_ / "parked");
    replace("secret");
    fs::create_symlink("../parked", folder_ / "www/d");
    fs::remove(folder_ / "www/d");
    replace("public");
    fs::rename(folder_ / "parked", folder_ / "www/d");
  });
}

TEST_F(FileRacesTest, ARootThatIsAnotherOneAtTimes) {
  fs::create_directory(folder_ / "other");
  fs::create_symlink("../elsewhere", folder_ / "other/d");
  race("/d/page.txt", [&] { exchange(folder_ / "www", folder_ / "other"); });
}

TEST_F(FileRacesTest, RequestsOnManyThreadsWhileFilesAreReplaced) {
  constexpr int kFiles = 20, kThreads = 4, kRounds = 60;
  for (int i = 0; i < kFiles; ++i) write("many/" + std::to_string(i) + ".js", "public");
  files_ = std::make_unique<StaticFiles>(
      StaticFilesOptions{.root = folder_ / "www", .memory = 8 * 20});  // for three each
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds * kFiles; ++i) {
        const std::string target = "/many/" + std::to_string(i % kFiles) + ".js";
        if (body_of(ask(target, {{"Accept-Encoding", "gzip"}})) != "public") ++wrong;
      }
    });
  }
  for (int i = 0; i < kRounds; ++i) {
    const std::string name = "www/many/" + std::to_string(i % kFiles) + ".js";
    folder_.write(name + ".next", "public");
    fs::rename(folder_ / (name + ".next"), folder_ / (i % 3 == 0 ? name + ".gz" : name));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(FileRacesTest, AFileThatBecomesShorterEndsItsAnswerEarly) {
  write("big.bin", std::string(200'000, 'x'));
  const Answer answer = ask("/big.bin");
  std::vector<char> piece(50'000);
  EXPECT_EQ(answer.body->read(piece).bytes, piece.size());
  fs::resize_file(folder_ / "www/big.bin", 80'000);
  EXPECT_EQ(body_of(answer, 7'000), std::string(30'000, 'x') + "(broken)");
  EXPECT_EQ(body("/big.bin").size(), 80'000U);
}

TEST_F(FileRacesTest, AFileThatBecomesLongerIsSentAsItWasPromised) {
  write("big.bin", std::string(200'000, 'x'));
  const Answer answer = ask("/big.bin");
  fs::resize_file(folder_ / "www/big.bin", 300'000);
  EXPECT_EQ(body_of(answer).size(), 200'000U);
}

TEST_F(FileRacesTest, ToItsReaderAShorterFileIsACutOffAnswer) {
  constexpr std::size_t kSize = 64U << 20;  // more than sockets hold
  write("big.bin", "");
  fs::resize_file(folder_ / "www/big.bin", kSize);
  EngineUnderTest server([&](ExchangePtr exchange) {
    Answer answer = files_->answer(exchange->head(), exchange->head().resource);
    exchange->respond(std::move(answer.head), std::move(answer.body));
  });
  TestConnection client = server.connect();
  client.send(get("/big.bin"));
  ASSERT_TRUE(client.read_until("\r\n\r\n"));
  fs::resize_file(folder_ / "www/big.bin", 0);
  const std::string rest = client.read_to_end();
  EXPECT_LT(rest.size(), kSize);
  EXPECT_EQ(std::count(rest.begin(), rest.end(), '\0'), static_cast<std::ptrdiff_t>(rest.size()));
}

}  // namespace
}  // namespace autohttps
