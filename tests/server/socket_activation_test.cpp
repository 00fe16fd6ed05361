#include <autohttps/server/engine/socket_activation.h>

#include <autohttps/common/error.h>
#include <autohttps/server/engine/listener.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace autohttps {
namespace {

constexpr pid_t kSelf = 4711;
using Names = std::vector<std::string>;

TEST(SocketActivationTest, ReadsWhatTheVariablesSay) {
  struct Row {
    const char *pid, *count, *names;
    Names expected;
  };
  for (const Row& row : std::vector<Row>{
           {nullptr, nullptr, nullptr, {}},
           {"4711", nullptr, "http", {}},
           {nullptr, "1", "http", {}},
           {"4712", "1", "http", {}},
           {"4712", "not read", "a:b:c", {}},
           {"4711", "0", "", {}},
           {"4711", "1", nullptr, {"unknown"}},
           {"4711", "2", nullptr, {"unknown", "unknown"}},
           {"4711", "1", "", {""}},
           {"4711", "2", "http:https", {"http", "https"}},
           {"4711", "3", "a::b", {"a", "", "b"}},
       }) {
    EXPECT_EQ(passed_names(row.pid, row.count, row.names, kSelf), row.expected)
        << (row.names ? row.names : "no names");
  }
}

TEST(SocketActivationTest, RefusesVariablesThatContradictThemselves) {
  struct Row {
    const char *pid, *count, *names, *said;
  };
  for (const Row& row : std::vector<Row>{
           {"", "1", nullptr, "LISTEN_PID is \"\", which is no number"},
           {"12x", "1", nullptr, "LISTEN_PID is \"12x\""},
           {"4711", "", nullptr, "LISTEN_FDS is \"\""},
           {"4711", "-1", nullptr, "LISTEN_FDS is \"-1\""},
           {"4711", "99999999999999999999", nullptr, "which is no number"},
           {"4711", "65", nullptr, "LISTEN_FDS is 65, more than 64"},
           {"4711", "2", "http", "\"http\" does not name 2 sockets"},
           {"4711", "1", "http:https", "does not name 1 sockets"},
       }) {
    try {
      passed_names(row.pid, row.count, row.names, kSelf);
      ADD_FAILURE() << row.said;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::config);
      EXPECT_NE(std::string(error.what()).find(row.said), std::string::npos) << error.what();
    }
  }
}

constexpr int kFirst = 200;  // nobody else's here

void pass(int fd, int as) {
  ::dup2(fd, as);  // not closed on exec: so they come
}

TEST(SocketActivationTest, TakesListeningSocketsForThisProcessAlone) {
  const OwnedFd one = listen_tcp("127.0.0.1", 0), two = listen_tcp("127.0.0.1", 0);
  pass(one.get(), kFirst);
  pass(two.get(), kFirst + 1);
  const auto sockets = sockets_from(kFirst, {"http", ""});
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_EQ(sockets[0].name, "http");
  EXPECT_EQ(sockets[0].port, bound_port(one.get()));
  EXPECT_EQ(sockets[1].port, bound_port(two.get()));
  for (const PassedSocket& socket : sockets) {
    EXPECT_EQ(::fcntl(socket.fd.get(), F_GETFD), FD_CLOEXEC);
  }
}

TEST(SocketActivationTest, RefusesWhatIsNoListeningTcpSocketAndClosesAll) {
  const OwnedFd good = listen_tcp("127.0.0.1", 0);
  struct Row {
    OwnedFd fd;
    const char* said;
  };
  std::vector<Row> rows;
  rows.push_back({OwnedFd(::socket(AF_INET, SOCK_STREAM, 0)), "does not listen"});
  rows.push_back({OwnedFd(::socket(AF_INET, SOCK_DGRAM, 0)), "is no TCP socket"});
  rows.push_back({OwnedFd(::socket(AF_UNIX, SOCK_STREAM, 0)), "is no TCP socket"});
  rows.push_back({OwnedFd(::open("/dev/null", O_RDONLY)), "is no socket"});
  rows.push_back({OwnedFd(), "is not open"});
  for (const Row& row : rows) {
    pass(good.get(), kFirst);
    if (row.fd) pass(row.fd.get(), kFirst + 1);
    const std::string text = "descriptor 201 (\"web\") " + std::string(row.said);
    try {
      sockets_from(kFirst, {"http", "web"});
      ADD_FAILURE() << row.said;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::port);
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
      EXPECT_NE(error.hint(), "");
    }
    EXPECT_LT(::fcntl(kFirst, F_GETFD), 0);
  }
}

TEST(SocketActivationTest, LeavesNoVariableBehind) {
  for (const char* pid : {"1", ""}) {  // another process's; ours
    ::setenv("LISTEN_PID", *pid == '\0' ? std::to_string(::getpid()).c_str() : pid, 1);
    ::setenv("LISTEN_FDS", "0", 1);
    ::setenv("LISTEN_FDNAMES", "", 1);
    EXPECT_TRUE(passed_sockets().empty());
    for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
      EXPECT_EQ(std::getenv(variable), nullptr) << variable;
    }
  }
}

TEST(SocketActivationTest, ANameComesBeforeAPort) {
  const auto sockets = [] {
    std::vector<PassedSocket> made;
    made.push_back({OwnedFd(), "autohttps.socket", 80});
    made.push_back({OwnedFd(), "https", 8443});
    made.push_back({OwnedFd(), "autohttps.socket", 443});
    return made;
  };
  auto all = sockets();
  EXPECT_EQ(take_socket(all, "https", 443)->port, 8443);
  EXPECT_EQ(take_socket(all, "https", 443)->port, 443);
  EXPECT_FALSE(take_socket(all, "https", 443));
  EXPECT_FALSE(take_socket(all, "http", 0)) << "port 0 is any, and no passed one";
  EXPECT_EQ(take_socket(all, "http", 80)->port, 80);
  EXPECT_TRUE(all.empty());
}

}  // namespace
}  // namespace autohttps
