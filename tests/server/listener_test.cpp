#include <autohttps/common/error.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>

namespace autohttps {
namespace {

bool machine_has_ipv6() {
  const OwnedFd fd(::socket(AF_INET6, SOCK_STREAM, 0));
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  return fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
}

Error error_of(const std::function<void()>& what) {
  try {
    what();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no error");
}

// From here on the system call fails; where `first` is not negative, only with that first argument.
void let_fail(unsigned call, int first, unsigned error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(first), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  if (first < 0) program[3] = BPF_STMT(BPF_LD | BPF_IMM, 0);
  const sock_fprog loaded{static_cast<unsigned short>(std::size(program)), program};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &loaded) != 0) {
    std::cerr << "no seccomp here\n";
    std::_Exit(3);
  }
}

TEST(ListenerTest, PortZeroGivesAPortWithBothFamilies) {
  const OwnedFd fd = listen_tcp("", 0);
  const std::uint16_t port = bound_port(fd.get());
  EXPECT_NE(port, 0);
  EXPECT_NO_THROW(TestConnection::plain(port, "127.0.0.1"));
  if (machine_has_ipv6()) {
    EXPECT_NO_THROW(TestConnection::plain(port, "::1"));
  }
}

TEST(ListenerTest, AcceptedSocketsSendAtOnce) {
  const OwnedFd fd = listen_tcp("", 0);
  const TestConnection client = TestConnection::plain(bound_port(fd.get()));
  const OwnedFd accepted(::accept(fd.get(), nullptr, nullptr));
  int on = 0;
  socklen_t size = sizeof on;
  ASSERT_EQ(::getsockopt(accepted.get(), IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
  EXPECT_NE(on, 0);
}

TEST(ListenerTest, OneAddressIsThatAddressAlone) {
  const OwnedFd fd = listen_tcp("127.0.0.2", 0);
  const std::uint16_t port = bound_port(fd.get());
  EXPECT_NO_THROW(TestConnection::plain(port, "127.0.0.2"));
  EXPECT_THROW(TestConnection::plain(port, "127.0.0.1"), std::runtime_error);
}

TEST(F26_PortTaken, TheErrorNamesTheProcessAndThreeWaysOut) {
  const OwnedFd first = listen_tcp("", 0);
  const std::uint16_t port = bound_port(first.get());
  const Error error = error_of([&] { listen_tcp("", port); });
  EXPECT_EQ(error.code(), ErrorCode::port);
  const std::string holder = "test_server (pid " + std::to_string(::getpid()) + ")";
  EXPECT_EQ(std::string(error.what()),
            "listening on port " + std::to_string(port) + ": already in use by " + holder);
  for (const char* way : {"stop it", "another port", "webroot"}) {
    EXPECT_NE(error.hint().find(way), std::string::npos) << error.hint();
  }
  EXPECT_EQ(port_holder(port), holder);
}

TEST(F26_PortTaken, AlsoWhenAnotherHoldsItForOneAddressOnly) {
  const OwnedFd first = listen_tcp("127.0.0.1", 0);
  const std::uint16_t port = bound_port(first.get());
  EXPECT_EQ(error_of([&] { listen_tcp("", port); }).code(), ErrorCode::port);
}

TEST(ListenerTest, APortIsFreeAgainRightAfterItsServerEnds) {
  std::uint16_t port = 0;
  {
    const OwnedFd fd = listen_tcp("", 0);
    port = bound_port(fd.get());
    TestConnection client = TestConnection::plain(port);
    const OwnedFd accepted(
        ::accept(fd.get(), nullptr, nullptr));  // closed first: TIME_WAIT is ours
  }
  EXPECT_NO_THROW(listen_tcp("", port));
  EXPECT_EQ(port_holder(port), "");
}

TEST(ListenerTest, AForeignOrMalformedAddressIsAnError) {
  const Error foreign = error_of([] { listen_tcp("192.0.2.1", 0); });
  EXPECT_EQ(foreign.code(), ErrorCode::port);
  EXPECT_NE(std::string(foreign.what()).find("\"192.0.2.1\""), std::string::npos);
  EXPECT_FALSE(foreign.hint().empty());
  EXPECT_EQ(error_of([] { listen_tcp("not an address", 0); }).code(), ErrorCode::port);
}

using ListenerDeathTest = ::testing::Test;

TEST(ListenerDeathTest, WithoutIpv6ItListensOnIpv4) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        let_fail(SYS_socket, AF_INET6, EAFNOSUPPORT);
        const OwnedFd fd = listen_tcp("", 0);
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
        std::_Exit(address.ss_family == AF_INET && bound_port(fd.get()) != 0 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(ListenerDeathTest, APortWithoutTheRightSaysHowToGetIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        let_fail(SYS_bind, -1, EACCES);
        try {
          listen_tcp("", 80);
        } catch (const Error& error) {
          std::cerr << error.what() << '\n' << error.hint() << '\n';
          std::_Exit(error.code() == ErrorCode::permission ? 0 : 1);
        }
        std::_Exit(2);
      },
      ::testing::ExitedWithCode(0),
      "listening on port 80: permission denied\nrun as "
      "root(.|\n)*setcap(.|\n)*ip_unprivileged_port_start=80");
}

}  // namespace
}  // namespace autohttps
