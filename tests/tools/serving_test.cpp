#include <autohttps/tools/autohttps/serving.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>

#include <gtest/gtest.h>

#include <memory>

namespace autohttps::tools {
namespace {

TEST(ServingTest, TheRecordLastsAsLongAsItsProcess) {
  ManualClock clock;
  const auto disk = std::make_shared<acme::MemoryDisk>();
  acme::MemoryStore server(disk, clock);
  acme::MemoryStore other(disk, clock);
  EXPECT_FALSE(who_serves(other, clock));
  {
    const ServingRecord record(server, clock, {.pid = 812, .http_port = 80, .https_port = 443});
    const auto serving = who_serves(other, clock);
    ASSERT_TRUE(serving);
    EXPECT_EQ(serving->pid, 812);
    EXPECT_EQ(serving->https_port, 443);
    EXPECT_THROW(ServingRecord(other, clock, {}), Error);
  }
  EXPECT_FALSE(who_serves(other, clock));
}

TEST(ServingTest, CountersAreWrittenWhenTheyHaveChanged) {
  ManualClock clock;
  const auto disk = std::make_shared<acme::MemoryDisk>();
  acme::MemoryStore server(disk, clock);
  acme::MemoryStore other(disk, clock);
  ServingRecord record(server, clock, {.pid = 812});
  Counters counters;
  counters.add(Count::requests);
  counters.add(Count::requests);
  counters.open = 3;
  record.count(counters);
  const std::map<std::string, std::uint64_t> expected = {
      {"open", 3}, {"requests", 2}, {"threads", 0}};
  EXPECT_EQ(who_serves(other, clock)->counters, expected);
  disk->write("run/serve.json", "{\"pid\":812}");
  record.count(counters);
  EXPECT_TRUE(who_serves(other, clock)->counters.empty()) << "nothing had changed";
}

TEST(ServingTest, ARecordThatCannotBeReadSaysNothing) {
  ManualClock clock;
  const auto disk = std::make_shared<acme::MemoryDisk>();
  acme::MemoryStore server(disk, clock);
  acme::MemoryStore other(disk, clock);
  const ServingRecord record(server, clock, {.pid = 812});
  disk->write("run/serve.json", "{\"pid\":");
  EXPECT_FALSE(who_serves(other, clock));
}

}  // namespace
}  // namespace autohttps::tools
