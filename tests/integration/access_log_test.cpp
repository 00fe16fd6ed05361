#include <autohttps/common/owned_fd.h>
#include <autohttps/tests/integration/running_server.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>
#include <thread>

namespace autohttps {
namespace {

class LoggedServer {
 public:
  explicit LoggedServer(const Words& more) : here_(), child_(serve(more)) {}

  bool is_up() { return child_.wait_for("serving https on port"); }
  HttpsRequest request(const std::string& path) const {
    return {.port = https_.number(),
            .name = "a.test",
            .path = path,
            .root_pem = here_.pebble.root_pem()};
  }
  std::filesystem::path log_file() const { return here_.folder / "access.log"; }
  Child& child() { return child_; }
  std::string said() const { return child_.out() + child_.err(); }
  const ProgramOnPebble& here() const { return here_; }

 private:
  ChildOptions serve(const Words& more) {
    EXPECT_EQ(here_.obtain({"a.test"}).exit_code, 0);
    here_.folder.write("www/index.html", "the page");
    Words words = Words{"serve", "a.test", "--root", (here_.folder / "www").string()} +
                  here_.at_pebble() + Words{"--https-port", https_.text()};
    for (std::string word : more) {
      if (word == "FILE") word = log_file().string();
      words.push_back(std::move(word));
    }
    return program(words);
  }

  ProgramOnPebble here_;
  FreePort https_;
  Child child_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(AccessLogProgramTest, HasBothPortsAndOneObjectALine) {
  LoggedServer server({"--access-log", "FILE", "--access-log-format", "json"});
  ASSERT_TRUE(server.is_up()) << server.said();
  EXPECT_EQ(https_get(server.request("/?access_token=hidden")).status, 200);
  EXPECT_EQ(https_get(server.request("/none")).status, 404);
  HttpsRequest plain = server.request("/x");
  plain.port = server.here().pebble.http_port();
  EXPECT_EQ(http_get(plain).status, 301);
  EXPECT_EQ(server.child().stop(), 0) << server.said();
  const std::string text = contents(server.log_file());
  const std::vector<std::string> lines = lines_of(text);
  ASSERT_EQ(lines.size(), 3u) << text;
  const Json page = Json::parse(lines[0]);
  EXPECT_EQ(page["remote"], "127.0.0.1");
  EXPECT_EQ(page["host"].get<std::string>().substr(0, 6), "a.test");
  EXPECT_EQ(page["target"], "/?access_token=***");
  EXPECT_EQ(page["status"], 200);
  EXPECT_EQ(page["bytes"], 8);
  EXPECT_EQ(page["tls"], true);
  EXPECT_EQ(page["server_name"], "a.test");
  EXPECT_EQ(page["whole"], true);
  EXPECT_EQ(Json::parse(lines[1])["status"], 404);
  const Json redirect = Json::parse(lines[2]);
  EXPECT_EQ(redirect["status"], 301);
  EXPECT_EQ(redirect["tls"], false);
  EXPECT_EQ(text.find("hidden"), std::string::npos);
}

// As logrotate does it: renamed, then SIGUSR1.
TEST(AccessLogProgramTest, RotatedUnderLoadLosesNoLine) {
  LoggedServer server({"--access-log", "FILE"});
  ASSERT_TRUE(server.is_up()) << server.said();
  std::atomic<int> answered{0};
  {
    std::vector<std::jthread> clients;
    for (int client = 0; client < 2; ++client) {
      clients.emplace_back([&, client](const std::stop_token& stop) {
        for (int i = 0; !stop.stop_requested(); ++i) {
          const std::string path = "/" + std::to_string(client) + "-" + std::to_string(i);
          if (https_get(server.request(path)).status == 404) ++answered;
        }
      });
    }
    for (int round = 0; round < 6; ++round) {
      const int before = answered;
      ASSERT_TRUE(eventually([&] { return answered > before + 10; }));
      std::filesystem::rename(server.log_file(),
                              server.log_file().string() + "." + std::to_string(round));
      server.child().signal(SIGUSR1);
      ASSERT_TRUE(eventually([&] { return std::filesystem::exists(server.log_file()); }));
    }
  }
  EXPECT_EQ(server.child().stop(), 0) << server.said();
  std::map<std::string, int> seen;
  for (const auto& entry : std::filesystem::directory_iterator(server.here().folder.path())) {
    if (!entry.path().filename().string().starts_with("access.log")) continue;
    for (const std::string& line : lines_of(contents(entry.path()))) {
      EXPECT_TRUE(line.starts_with("127.0.0.1 - - [") && line.ends_with("\"")) << line;
      const std::size_t begin = line.find("\"GET ") + 5;
      ++seen[line.substr(begin, line.find(' ', begin) - begin)];
    }
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(answered));
  for (const auto& [path, times] : seen) EXPECT_EQ(times, 1) << path;
}

// It would end a program that nobody has told of it.
TEST(AccessLogProgramTest, F51_SIGUSR1WithoutALogDoesNothing) {
  LoggedServer server({});
  ASSERT_TRUE(server.is_up()) << server.said();
  server.child().signal(SIGUSR1);
  EXPECT_EQ(https_get(server.request("/")).status, 200);
  EXPECT_EQ(server.child().stop(), 0) << server.said();
}

TEST(AccessLogProgramTest, F51_AFullDiskKeepsNoRequestWaiting) {
  LoggedServer server({"--access-log", "/dev/full"});
  ASSERT_TRUE(server.is_up()) << server.said();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(https_get(server.request("/")).status, 200);
  EXPECT_TRUE(server.child().wait_for("cannot be written: no space left on device"))
      << server.said();
  EXPECT_EQ(https_get(server.request("/")).status, 200);
  EXPECT_EQ(server.child().stop(), 0) << server.said();
}

TEST(AccessLogProgramTest, F51_APipeWhoseReaderStallsAndGoesKeepsNoRequestWaiting) {
  const TemporaryFolder folder;
  const std::filesystem::path pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  OwnedFd reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(::fcntl(reader.get(), F_SETPIPE_SZ, 4'096) > 0);
  LoggedServer server({"--access-log", pipe.string()});
  ASSERT_TRUE(server.is_up()) << server.said();
  const HttpsRequest longer = server.request("/" + std::string(1'500, 'x'));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(https_get(longer).status, 404);  // more than a pipe holds
  reader.reset();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(https_get(longer).status, 404);
  EXPECT_TRUE(server.child().wait_for("broken pipe")) << server.said();
  EXPECT_EQ(server.child().stop(), 0) << server.said();
}

TEST(AccessLogProgramTest, AFileThatCannotBeOpenedEndsTheStartWithItsReason) {
  ProgramOnPebble here;
  FreePort https;
  const ChildResult result = here.run(
      Words{"serve", "a.test", "--access-log", (here.folder / "none/access.log").string()} +
      here.at_pebble() + Words{"--https-port", https.text()});
  EXPECT_EQ(result.exit_code, 5) << said(result);
  EXPECT_NE(result.err.find("opening the access log"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("install -d"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace autohttps
