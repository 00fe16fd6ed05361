#include <autohttps/common/descriptor_limit.h>

#include <autohttps/common/child_process.h>
#include <autohttps/tests/support/in_child.h>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

namespace autohttps {
namespace {

constexpr rlim_t kSoft = 100, kHard = 200;  // any process may lower both

void start_with(rlim_t soft, rlim_t hard) {
  const rlimit limits{soft, hard};
  ::setrlimit(RLIMIT_NOFILE, &limits);
}

std::string soft_limit() {
  rlimit limits{};
  ::getrlimit(RLIMIT_NOFILE, &limits);
  return std::to_string(limits.rlim_cur);
}

std::string soft_limit_of_a_child() {
  ProcessOptions options;
  options.arguments = {"/bin/sh", "-c", "ulimit -n"};
  return run_process(options, {}).output;
}

TEST(DescriptorLimitTest, TheSoftLimitBecomesTheHardOne) {
  EXPECT_EQ(in_child([] {
              start_with(kSoft, kHard);
              const std::string raised = std::to_string(raise_descriptor_limit());
              return raised + " " + soft_limit();
            }),
            "200 200");
}

TEST(DescriptorLimitTest, OneThatIsAtItsHighestStays) {
  EXPECT_EQ(in_child([] {
              start_with(kSoft, kSoft);
              const std::string raised = std::to_string(raise_descriptor_limit());
              return raised + " " + soft_limit_of_a_child();
            }),
            "100 100\n");
}

TEST(DescriptorLimitTest, OtherProgramsStartWithTheLimitFromBefore) {
  EXPECT_EQ(in_child([] {
              start_with(kSoft, kHard);
              const std::string before = soft_limit_of_a_child();
              raise_descriptor_limit();
              raise_descriptor_limit();  // does not take the raised one for the first
              return before + soft_limit_of_a_child() + soft_limit();
            }),
            "100\n100\n200");
}

TEST(DescriptorLimitTest, AProgramThatLoweredItsLimitSinceHandsThatOn) {
  EXPECT_EQ(in_child([] {
              start_with(kSoft, kHard);
              raise_descriptor_limit();
              start_with(kSoft / 2, kHard);
              return soft_limit_of_a_child();
            }),
            "50\n");
}

TEST(DescriptorLimitTest, TheLastOnesAreTheHighestNumbers) {
  const auto first_of_the_last = [](rlim_t limit) {
    return in_child([limit] {
      start_with(limit, limit);
      int fd = 0;
      while (!is_of_the_last_descriptors(fd)) ++fd;
      return std::to_string(fd);
    });
  };
  EXPECT_EQ(first_of_the_last(1024), "960");
  EXPECT_EQ(first_of_the_last(256), "192");
  EXPECT_EQ(first_of_the_last(64), "48");
  EXPECT_FALSE(is_of_the_last_descriptors(-1));
}

}  // namespace
}  // namespace autohttps
