#include <autohttps/common/timestamps.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace autohttps {
namespace {

using namespace std::chrono_literals;

WallTime at(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

struct Good {
  const char* text;
  std::int64_t seconds;  // as `date -u -d TEXT +%s` gives them
};

TEST(TimestampsTest, ParsesRfc3339) {
  const Good table[] = {
      {"1985-04-12T23:20:50Z", 482196050},       // RFC 3339 5.8
      {"1996-12-19T16:39:57-08:00", 851042397},  // RFC 3339 5.8
      {"1996-12-20T00:39:57Z", 851042397},
      {"1990-12-31T23:59:60Z", 662688000},       // RFC 3339 5.8: a leap second
      {"1990-12-31T15:59:60-08:00", 662688000},  // RFC 3339 5.8: the same one
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01t00:00:00z", 0},
      {"1970-01-01T01:00:00+01:00", 0},
      {"1970-01-01T00:00:00-00:00", 0},
      {"2000-02-29T00:00:00Z", 951782400},
      {"2026-11-24T07:30:20Z", 1795505420},
      {"2026-11-24T07:30:20+23:59", 1795419080},
      {"2038-01-19T03:14:08Z", 2147483648},
      {"2106-02-07T06:28:16Z", 4294967296},
  };
  for (const Good& good : table) {
    const auto time = parse_rfc3339(good.text);
    ASSERT_TRUE(time) << good.text;
    EXPECT_EQ(*time, at(good.seconds)) << good.text;
  }
}

TEST(TimestampsTest, KeepsFractionsToTheNanosecond) {
  EXPECT_EQ(parse_rfc3339("1985-04-12T23:20:50.52Z"), at(482196050) + 520ms);
  EXPECT_EQ(parse_rfc3339("1937-01-01T12:00:27.87+00:20"), std::nullopt);  // before 1970
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.123456789Z"), at(0) + 123456789ns);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.1234567899999999999999Z"), at(0) + 123456789ns);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00." + std::string(100000, '9') + "Z"),
            at(0) + 999999999ns);
}

TEST(TimestampsTest, RefusesWhatIsNotRfc3339) {
  const std::string table[] = {"",
                               "Z",
                               "2026",
                               "2026-11-24",
                               "2026-11-24T07:30Z",
                               "2026-11-24T07:30:20",
                               "2026-11-24 07:30:20Z",
                               "2026-11-24T07:30:20 Z",
                               " 2026-11-24T07:30:20Z",
                               "2026-11-24T07:30:20Z ",
                               "2026-11-24T07:30:20Zx",
                               "2026-11-24T07:30:20.Z",
                               "2026-11-24T07:30:20,5Z",
                               "2026-11-24T07:30:20+0100",
                               "2026-11-24T07:30:20+01",
                               "2026-11-24T07:30:20+24:00",
                               "2026-11-24T07:30:20+01:60",
                               "2026-11-24T24:00:00Z",
                               "2026-11-24T23:60:00Z",
                               "2026-11-24T23:59:61Z",
                               "2026-11-24T12:59:60Z",
                               "2026-11-24T23:59:60Z",
                               "1990-12-31T23:58:60Z",
                               "2026-00-24T07:30:20Z",
                               "2026-13-24T07:30:20Z",
                               "2026-02-29T07:30:20Z",
                               "2100-02-29T00:00:00Z",
                               "2026-04-31T07:30:20Z",
                               "2026-11-00T07:30:20Z",
                               "2026-11-32T07:30:20Z",
                               "-026-11-24T07:30:20Z",
                               "+2026-11-24T07:30:20Z",
                               "02026-11-24T07:30:20Z",
                               "10000-01-01T00:00:00Z",
                               "9223372036854775808-01-01T00:00:00Z",
                               "0000-01-01T00:00:00Z",
                               "1969-12-31T23:59:59Z",
                               "1970-01-01T00:00:00+00:01",
                               "9999-12-31T23:59:59-00:01",
                               "2026-1-24T07:30:20Z",
                               "2026-11-24T7:30:20Z",
                               "2026-11-2\xc2\xb2T07:30:20Z",
                               std::string("2026-11-24T07:30:20Z\0", 21),
                               std::string("2026-11-24T07:30:2\0Z", 20)};
  for (const std::string& text : table) EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
}

TEST(TimestampsTest, HoldsFarYearsAt2200) {
  const WallTime latest = at(7258118400);
  EXPECT_EQ(parse_rfc3339("2199-12-31T23:59:59Z"), latest - 1s);
  EXPECT_EQ(parse_rfc3339("2200-01-01T00:00:00Z"), latest);
  EXPECT_EQ(parse_rfc3339("2300-01-01T00:00:00Z"), latest);  // nanoseconds end in 2262
  EXPECT_EQ(parse_rfc3339("9999-12-31T23:59:59Z"), latest);
  EXPECT_EQ(from_unix_seconds(std::numeric_limits<std::int64_t>::max()), latest);
  EXPECT_EQ(format_rfc3339(from_unix_seconds(std::numeric_limits<std::int64_t>::min())),
            "1700-01-01T00:00:00Z");
  EXPECT_EQ(from_unix_seconds(-1), at(-1));
}

TEST(TimestampsTest, FormatsRfc3339InWholeSecondsOfUtc) {
  EXPECT_EQ(format_rfc3339(at(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(at(1795505420) + 999999999ns), "2026-11-24T07:30:20Z");
  EXPECT_EQ(format_rfc3339(at(0) - 1ns), "1969-12-31T23:59:59Z");
  EXPECT_EQ(format_rfc3339(WallTime::max()), "2262-04-11T23:47:16Z");
  EXPECT_EQ(format_rfc3339(WallTime::min()), "1677-09-21T00:12:43Z");
}

TEST(TimestampsTest, ReadsWhatItFormats) {
  for (std::int64_t seconds = 0; seconds < 7258118400; seconds += 7'777'777) {
    EXPECT_EQ(parse_rfc3339(format_rfc3339(at(seconds))), at(seconds)) << seconds;
  }
}

TEST(TimestampsTest, ParsesImfFixdate) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), at(784111777));  // RFC 9110 5.6.7
  EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), at(0));
  EXPECT_EQ(parse_http_date("Tue, 24 Nov 2026 07:30:20 GMT"), at(1795505420));
  EXPECT_EQ(parse_http_date("Mon, 31 Dec 1990 23:59:60 GMT"), at(662688000));
  EXPECT_EQ(parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT"), at(7258118400));
}

TEST(TimestampsTest, ParsesTheObsoleteFormsOfHttpDates) {
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), at(784111777));  // RFC 9110 5.6.7
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), at(784111777));
  EXPECT_EQ(parse_http_date("Tuesday, 24-Nov-26 07:30:20 GMT"), at(1795505420));
  EXPECT_EQ(parse_http_date("Tue Nov 24 07:30:20 2026"), at(1795505420));
}

TEST(TimestampsTest, RefusesOtherHttpDates) {
  const std::string table[] = {"",
                               "0",
                               "120",
                               "Monday, 06-Nov-94 08:49:37 GMT",  // it was a Sunday
                               "Sun, 06-Nov-94 08:49:37 GMT",
                               "Sunday, 06-Nov-1994 08:49:37 GMT",
                               "Sunday, 06 Nov 94 08:49:37 GMT",
                               "Mon Nov  6 08:49:37 1994",
                               "Sun Nov 6 08:49:37 1994",
                               "Sun Nov  6 08:49:37 1994 GMT",
                               "Sun Nov 31 08:49:37 1994",
                               "Sun, 06 Nov 1994 08:49:37 UTC",
                               "Sun, 06 Nov 1994 08:49:37 GMT ",
                               "Sun, 06 Nov 1994 08:49:37",
                               "Mon, 06 Nov 1994 08:49:37 GMT",  // it was a Sunday
                               "sun, 06 nov 1994 08:49:37 gmt",
                               "Sun, 6 Nov 1994 08:49:37 GMT",
                               "Sun, 06 Nov 1994 25:49:37 GMT",
                               "Sun, 31 Nov 1994 08:49:37 GMT",
                               "Sun, 06 Foo 1994 08:49:37 GMT",
                               "Sun, 06 Nov 99999 08:49:37 GMT",
                               "Wed, 31 Dec 1969 23:59:59 GMT"};
  for (const std::string& text : table) EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
}

TEST(TimestampsTest, TellsDistancesInWords) {
  const WallTime now = at(1795505420);
  EXPECT_EQ(format_relative(now, now), "now");
  EXPECT_EQ(format_relative(now + 1s, now), "in 1 second");
  EXPECT_EQ(format_relative(now - 119s, now), "119 seconds ago");
  EXPECT_EQ(format_relative(now + 2min, now), "in 2 minutes");
  EXPECT_EQ(format_relative(now - 3h, now), "3 hours ago");
  EXPECT_EQ(format_relative(now + 47h, now), "in 47 hours");
  EXPECT_EQ(format_relative(now + 24h * 59 + 23h, now), "in 59 days");
  EXPECT_EQ(format_relative(WallTime::max(), WallTime::min()), "in 213503 days");
  EXPECT_EQ(format_relative(WallTime::min(), WallTime::max()), "213503 days ago");
}

}  // namespace
}  // namespace autohttps
