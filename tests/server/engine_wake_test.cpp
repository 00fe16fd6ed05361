// Whoever wakes the thread that waits for the network writes to an eventfd; here every such
// write(2) fails, as a full disk's injected fault (RELIABILITY F30) or a sandbox makes it.
#include <autohttps/server/httplib/http_server.h>
#include <autohttps/tests/support/in_child.h>
#include <autohttps/tests/support/running_server.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace autohttps {
namespace {

// Of eight bytes, as an eventfd wants them: what the child says at the end has more. For all
// threads, for ever. False: this kernel has no seccomp.
bool let_every_wake_up_fail() {
  constexpr std::size_t kCount = offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t);
  std::array<sock_filter, 6> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kCount),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sizeof(std::uint64_t), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{filter.size(), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

// Handlers run on threads of a queue, so each answer wakes the thread that waits for the network.
TEST(EngineWakeTest, F30_WhereEveryWriteFailsRequestsAndTheStopGoOn) {
  const std::string result = in_child([]() -> std::string {
    RunningServer<HttpServer> server;
    server->new_task_queue = [] { return std::make_unique<httplib::ThreadPool>(1).release(); };
    server->Get("/", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("hi", "text/plain");
    });
    server.start();
    TestConnection client = TestConnection::plain(server.port());
    if (client.get("/", "a.test").status != 200) return "not served before";
    if (!let_every_wake_up_fail()) return "no seccomp";
    for (int i = 0; i < 20; ++i) {
      if (client.get("/", "a.test").status != 200) return "not served";
    }
    server.stop();
    return "served to the end";
  });
  EXPECT_EQ(result, "served to the end");
}

}  // namespace
}  // namespace autohttps
