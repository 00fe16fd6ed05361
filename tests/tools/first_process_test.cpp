#include <autohttps/tools/autohttps/first_process.h>

#include <autohttps/tests/support/in_child.h>

#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>
#include <string>

namespace autohttps::tools {
namespace {

// In a child that orphans come to, as they do to process 1; `work` ends its process by itself.
std::string as_first(const std::function<int()>& work) {
  return in_child([&] {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const int code = run_as_first_process([&]() -> int { ::_exit(work()); });
    // Nobody is left to take in but those that still run.
    const pid_t left = ::waitpid(-1, nullptr, WNOHANG);
    return std::to_string(code) + (left < 0 && errno == ECHILD ? "" : " and somebody is left");
  });
}

TEST(FirstProcessTest, ReturnsTheExitCode) {
  EXPECT_EQ(as_first([] { return 0; }), "0");
  EXPECT_EQ(as_first([] { return 5; }), "5");
  EXPECT_EQ(as_first([] {
              ::raise(SIGKILL);
              return 0;
            }),
            "137");
}

TEST(FirstProcessTest, TakesInOrphans) {
  EXPECT_EQ(as_first([] {
              int ends[2];
              if (::pipe(ends) != 0) return 1;
              const pid_t parent = ::fork();
              if (parent == 0) {
                if (::fork() == 0) {  // its parent goes at once: it comes to process 1
                  ::close(ends[1]);
                  char byte = 0;
                  ::_exit(static_cast<int>(::read(ends[0], &byte, 1)));
                }
                ::_exit(0);
              }
              ::waitpid(parent, nullptr, 0);
              const pid_t orphans_parent = ::getppid();
              ::close(ends[1]);  // the orphan ends
              ::close(ends[0]);
              // Until it has been taken in it can be seen in its new parent's list of children.
              const std::string list = "/proc/" + std::to_string(orphans_parent) + "/task/" +
                                       std::to_string(orphans_parent) + "/children";
              for (;;) {
                char text[200] = "";
                std::FILE* file = std::fopen(list.c_str(), "re");
                if (file == nullptr) return 2;
                const std::size_t size = std::fread(text, 1, sizeof text - 1, file);
                std::fclose(file);
                if (std::string(text, size) == std::to_string(::getpid()) + " ") return 7;
              }
            }),
            "7");
}

TEST(FirstProcessTest, PassesSignalsOn) {
  for (const int number : {SIGTERM, SIGHUP, SIGINT}) {
    EXPECT_EQ(as_first([number] {
                sigset_t signals;
                ::sigemptyset(&signals);
                ::sigaddset(&signals, number);
                ::sigprocmask(SIG_BLOCK, &signals, nullptr);
                ::kill(::getppid(), number);
                int got = 0;
                ::sigwait(&signals, &got);
                return got;
              }),
              std::to_string(number));
  }
}

}  // namespace
}  // namespace autohttps::tools
