#include <autohttps/tools/autohttps/service_manager.h>

#include <autohttps/common/owned_fd.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace autohttps::tools {
namespace {

// What is listened on as systemd does; `name` with "@" in front is abstract.
OwnedFd listen_on(const std::string& name) {
  OwnedFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name.front() == '@') address.sun_path[0] = '\0';
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
            0);
  return socket;
}

std::string received(const OwnedFd& socket) {
  char buffer[1000];
  const ssize_t count = ::recv(socket.get(), buffer, sizeof buffer, 0);
  return count < 0 ? "" : std::string(buffer, static_cast<std::size_t>(count));
}

class ServiceManagerTest : public ::testing::Test {
 protected:
  void TearDown() override { ::unsetenv("NOTIFY_SOCKET"); }
};

TEST_F(ServiceManagerTest, HearsOfEachState) {
  const TemporaryFolder folder;
  for (const std::string& name :
       {(folder / "notify").string(), "@autohttps-test-" + std::to_string(::getpid())}) {
    const OwnedFd socket = listen_on(name);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    tell_service_manager(ready_state("serving"));
    EXPECT_EQ(received(socket), "READY=1\nSTATUS=serving\n") << name;
    tell_service_manager(stopping_state());
    EXPECT_TRUE(received(socket).starts_with("STOPPING=1\n"));
    tell_service_manager(reloading_state());
    EXPECT_TRUE(received(socket).starts_with("RELOADING=1\nMONOTONIC_USEC="));
  }
}

TEST_F(ServiceManagerTest, NobodyThereIsNoTrouble) {
  tell_service_manager("READY=1");
  for (const std::string& name :
       {std::string("/nowhere/notify"), std::string("relative"), std::string("vsock:2:1"),
        std::string("@"), std::string(200, '/')}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    tell_service_manager("READY=1");
  }
}

}  // namespace
}  // namespace autohttps::tools
