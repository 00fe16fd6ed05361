// `serve` on sockets that somebody else holds: what a service manager does.
#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/integration/running_server.h>

#include <fcntl.h>

namespace autohttps {
namespace {

// Holds the ports, as systemd does for a .socket unit, and starts the program on them.
class ServiceManager {
 public:
  explicit ServiceManager(ProgramOnPebble& here) : here_(here) {
    http_ = listen_tcp("127.0.0.1", here.pebble.http_port());
    https_ = listen_tcp("127.0.0.1", 0);
  }
  std::uint16_t https_port() const { return bound_port(https_.get()); }

  Child start(const Words& more = {}) const {
    ChildOptions options = program(Words{"serve", "a.test"} + here_.at_pebble() +
                                   Words{"--https-port", std::to_string(https_port())} + more);
    // Only the new process knows its own pid. The copies lie above what bash itself opens.
    const OwnedFd http(::fcntl(http_.get(), F_DUPFD, 50));
    const OwnedFd https(::fcntl(https_.get(), F_DUPFD, 50));
    const std::string first = std::to_string(http.get()), second = std::to_string(https.get());
    options.arguments = Words{"bash", "-c",
                              "exec 3<&" + first + " 4<&" + second + " " + first + "<&- " + second +
                                  "<&-; export LISTEN_PID=$$; exec \"$@\"",
                              "bash"} +
                        options.arguments;
    options.environment["LISTEN_FDS"] = "2";
    options.environment["LISTEN_FDNAMES"] = "autohttps.socket:autohttps.socket";
    return Child(options);
  }

 private:
  ProgramOnPebble& here_;
  OwnedFd http_, https_;
};

TEST(SocketActivationTest, RestartsRefuseAndLoseNoConnection) {
  constexpr int kRestarts = 3;
  ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const ServiceManager manager(here);
  const HttpsRequest request{
      .port = manager.https_port(), .name = "a.test", .root_pem = here.pebble.root_pem()};
  Load load(request, 2);  // before the first start, too: they wait
  for (int i = 0; i <= kRestarts; ++i) {
    Child server = manager.start();
    ASSERT_TRUE(server.wait_for("serving https on port")) << server.err();
    const int before = load.connections();
    ASSERT_TRUE(
        eventually([&] { return load.connections() > before + 20; }, std::chrono::seconds(20)))
        << load.failures();
    EXPECT_EQ(server.stop(), 0) << server.err();
    EXPECT_EQ(server.err().find("not served"), std::string::npos) << server.err();
  }
  Child last = manager.start();
  load.stop();
  EXPECT_EQ(load.failures(), "");
  EXPECT_GT(load.connections(), kRestarts * 20);
  HttpsRequest plain = request;
  plain.port = here.pebble.http_port();
  EXPECT_EQ(http_get(plain).status, 301);
}

TEST(SocketActivationTest, VariablesOfAnotherProcessAreNotForUs) {
  ProgramOnPebble here;
  const FreePort https;
  ChildOptions options =
      program(Words{"serve", "a.test"} + here.at_pebble() + Words{"--https-port", https.text()});
  options.environment["LISTEN_PID"] = "1";
  options.environment["LISTEN_FDS"] = "2";
  Child server(options);
  EXPECT_TRUE(server.wait_for("serving https on port " + https.text())) << server.err();
}

}  // namespace
}  // namespace autohttps
