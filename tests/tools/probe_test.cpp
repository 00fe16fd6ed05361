#include <autohttps/tools/autohttps/probe.h>

#include <autohttps/common/owned_fd.h>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <thread>

namespace autohttps::tools {
namespace {

// Answers one connection on loopback with these bytes, and closes it.
class OneAnswer {
 public:
  explicit OneAnswer(std::string bytes) : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listening_.get(), 1);
    ::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, bytes = std::move(bytes)] {
      const OwnedFd client(::accept(listening_.get(), nullptr, nullptr));
      char request[1024];
      [[maybe_unused]] const ssize_t got = ::recv(client.get(), request, sizeof request, 0);
      ::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    });
  }
  std::uint16_t port() const { return port_; }

 private:
  OwnedFd listening_;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

bool gives(const std::string& bytes) {
  const OneAnswer server(bytes);
  return get_gives("127.0.0.1", server.port(), "/x", "the body");
}

TEST(ProbeTest, OnlyExactlyTheBodyWith200IsOurStore) {
  EXPECT_TRUE(gives("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nthe body"));
  EXPECT_FALSE(gives("HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\nthe body"));
  EXPECT_FALSE(gives("HTTP/1.1 200 OK\r\n\r\nanother body"));
  EXPECT_FALSE(gives("HTTP/1.1 301 Moved\r\nLocation: https://a.test/\r\n\r\n"));
  EXPECT_FALSE(gives("SSH-2.0-OpenSSH\r\n"));
  EXPECT_FALSE(gives(""));
  EXPECT_FALSE(gives("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x')));
}

TEST(ProbeTest, NobodyThereIsNotOurStore) {
  std::uint16_t port = 0;
  {
    const OneAnswer gone("");
    port = gone.port();
    get_gives("127.0.0.1", port, "/x", "y");
  }
  EXPECT_FALSE(get_gives("127.0.0.1", port, "/x", "y"));
  EXPECT_FALSE(get_gives("not an address", port, "/x", "y"));
}

}  // namespace
}  // namespace autohttps::tools
