// What one client may take of the engine from all others.
#include <autohttps/server/engine/engine.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/tls_context.h>
#include <autohttps/tests/support/engine_fixture.h>
#include <autohttps/tests/support/served_credentials.h>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

// A client that has one of loopback's other addresses, and says nothing by itself.
class ClientAt {
 public:
  ClientAt(const char* address, std::uint16_t port)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in own = at(address, 0);
    const sockaddr_in server = at("127.0.0.1", port);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server), 0);
    const timeval patience{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  bool ended() {
    char byte = 0;
    return ::recv(fd_.get(), &byte, 1, 0) == 0;
  }
  bool is_there() {
    char byte = 0;
    return ::recv(fd_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
  }
  std::string ask() {
    const std::string request = get("/");
    EXPECT_EQ(::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string answer;
    char piece[256];
    while (!answer.ends_with("\r\n\r\nGET / ")) {  // as echo() says it
      const ssize_t got = ::recv(fd_.get(), piece, sizeof piece, 0);
      if (got <= 0) return "it ended";
      answer.append(piece, static_cast<std::size_t>(got));
    }
    return answer.substr(0, answer.find(" OK"));
  }

 private:
  static sockaddr_in at(const char* address, std::uint16_t port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    ::inet_pton(AF_INET, address, &made.sin_addr);
    return made;
  }
  const OwnedFd fd_;
};

void wait_for(const EngineUnderTest& server, std::size_t handshaking) {
  while (server.engine->counters().handshaking != handshaking) std::this_thread::yield();
}

TEST(F46_EngineShares, OneAddressDoesNotTakeAllHandshakes) {
  EngineLimits limits;
  limits.connections = 16;  // a quarter may be in their handshakes, and of these half of one
  const auto cache = std::make_shared<CertificateCache>();
  const EngineUnderTest server(echo, limits,
                               std::make_shared<const TlsContext>(TlsPolicy{}, cache));
  std::vector<std::unique_ptr<ClientAt>> silent;
  for (int i = 0; i < 2; ++i) {
    silent.push_back(std::make_unique<ClientAt>("127.0.0.2", server.port));
  }
  wait_for(server, 2);
  ClientAt third("127.0.0.2", server.port);
  EXPECT_TRUE(third.ended());
  EXPECT_EQ(server.count(Count::refused_handshakes), 1U);
  ClientAt other("127.0.0.3", server.port);
  wait_for(server, 3);
  EXPECT_TRUE(other.is_there());
  // What it gives back it may have again.
  silent.pop_back();
  wait_for(server, 2);
  const ClientAt again("127.0.0.2", server.port);
  wait_for(server, 3);
  EXPECT_EQ(server.count(Count::refused_handshakes), 1U);
}

TEST(F46_EngineShares, AFinishedHandshakeMakesRoomForTheAddressesNext) {
  EngineLimits limits;
  limits.connections = 16;
  limits.handshakes = 2;  // one of one address
  const auto cache = std::make_shared<CertificateCache>();
  cache->install(make_credentials(TestCa(), {"a.test"}));
  const EngineUnderTest server(echo, limits,
                               std::make_shared<const TlsContext>(TlsPolicy{}, cache));
  std::vector<TestConnection> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(TestConnection::tls(server.port, "a.test"));
    EXPECT_EQ(clients.back().get("/", "a.test").status, 200);
  }
  EXPECT_EQ(server.count(Count::refused_handshakes), 0U);
}

// Else whoever may have no more would put out the others' idle connections, one at each try.
TEST(F46_EngineShares, WhoIsRefusedPushesNobodyOut) {
  EngineLimits limits;
  limits.connections = 4;
  limits.connections_per_address = 2;
  const EngineUnderTest server(echo, limits);
  ClientAt one("127.0.0.2", server.port), two("127.0.0.2", server.port);
  EXPECT_EQ(one.ask(), "HTTP/1.1 200");
  EXPECT_EQ(two.ask(), "HTTP/1.1 200");
  const ClientAt greedy("127.0.0.3", server.port), greedier("127.0.0.3", server.port);
  while (server.count(Count::accepted) < 4) std::this_thread::yield();
  ClientAt greediest("127.0.0.3", server.port);
  EXPECT_TRUE(greediest.ended());
  EXPECT_EQ(server.count(Count::refused_address), 1U);
  EXPECT_EQ(server.count(Count::evicted), 0U);
  EXPECT_EQ(one.ask(), "HTTP/1.1 200");
  EXPECT_EQ(two.ask(), "HTTP/1.1 200");
}

// Closing over what a client still sends resets the connection, and it never sees why it was
// refused (RFC 9112 9.6).
TEST(F46_EngineShares, ARefusedClientMaySendAllItHasAndThenReadTheAnswer) {
  EngineLimits limits;
  limits.body = 10;
  limits.linger = std::chrono::seconds(10);
  const EngineUnderTest server(echo, limits);
  TestConnection client = server.connect();
  const std::string body(8 << 20, 'x');
  EXPECT_TRUE(client.send("PUT / HTTP/1.1\r\n" + kHost +
                          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n"));
  EXPECT_TRUE(client.send(body));
  client.finish_sending();
  EXPECT_EQ(client.read_response().status, 413);
  EXPECT_TRUE(client.ended());
}

// For no longer than that.
TEST(F46_EngineShares, ARefusedClientThatSendsForEverIsCut) {
  EngineLimits limits;
  limits.body = 10;
  limits.linger = std::chrono::milliseconds(300);
  const EngineUnderTest server(echo, limits);
  TestConnection client = server.connect();
  client.send("PUT / HTTP/1.1\r\n" + kHost + "Content-Length: 1000000000000\r\n\r\n");
  const std::string piece(256 << 10, 'x');
  while (client.send(piece)) {
  }
  while (server.engine->counters().open > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace autohttps
