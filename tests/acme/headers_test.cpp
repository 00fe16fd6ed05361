#include <autohttps/acme/protocol/headers.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

using std::chrono::seconds;

// Sun, 06 Nov 1994 08:49:37 GMT: RFC 9110 5.6.7's example.
const WallTime kNow{seconds(784111777)};
constexpr seconds kDay{86400};

HttpResponse with(const char* name, const std::vector<std::string>& values) {
  HttpResponse response;
  for (const std::string& value : values) response.headers.emplace_back(name, value);
  return response;
}

std::optional<seconds> wait_for(const std::vector<std::string>& values) {
  return retry_after(with("retry-after", values), kNow);
}

TEST(F10_RetryAfter, IsSecondsOrADateBetweenASecondAndADay) {
  const std::vector<std::pair<std::string, seconds>> cases = {
      {"1", seconds(1)},
      {"120", seconds(120)},
      {" 120 ", seconds(120)},
      {"0", seconds(1)},
      {"86400", kDay},
      {"86401", kDay},
      {"1000000000000", kDay},
      {std::string(10000, '9'), kDay},
      {"0000000000000000000000000000007", seconds(7)},
      {"Sun, 06 Nov 1994 08:49:38 GMT", seconds(1)},
      {"Sun, 06 Nov 1994 08:54:37 GMT", seconds(300)},
      {"Sun, 06 Nov 1994 08:49:37 GMT", seconds(1)},
      {"Sat, 05 Nov 1994 08:49:37 GMT", seconds(1)},
      {"Thu, 01 Jan 1970 00:00:00 GMT", seconds(1)},
      {"Fri, 31 Dec 9999 23:59:59 GMT", kDay},
      {"Sunday, 06-Nov-94 08:49:37 GMT", seconds(1)},  // as long ago as it was written
      {"Sun Nov  6 08:49:37 1994", seconds(1)},
  };
  for (const auto& [value, expected] : cases) EXPECT_EQ(wait_for({value}), expected) << value;
}

// A CA's date has whole seconds, our clock has not: to wait a second too long at every question
// adds up.
TEST(F10_RetryAfter, ADateIsWaitedForExactly) {
  const HttpResponse response = with("retry-after", {"Sun, 06 Nov 1994 08:49:42 GMT"});
  const WallTime now = kNow + std::chrono::milliseconds(300);
  EXPECT_EQ(retry_wait(response, now), std::chrono::milliseconds(4700));
  EXPECT_EQ(retry_after(response, now), seconds(5));
}

TEST(F10_RetryAfter, JunkIsNothing) {
  for (const char* value :
       {"", "-1", "-0", "+5", "1e12", "1.5", "0x10", "5s", "5 6", "soon", "\x1b[31m5",
        "Sun, 06 Nov 94 08:49:37 GMT", "Monday, 06-Nov-94 08:49:37 GMT",
        "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "NaN"}) {
    EXPECT_EQ(wait_for({value}), std::nullopt) << value;
  }
  EXPECT_EQ(wait_for({}), std::nullopt);
}

TEST(F10_RetryAfter, OfSeveralTheLongestThatParses) {
  EXPECT_EQ(wait_for({"5", "60"}), seconds(60));
  EXPECT_EQ(wait_for({"60", "junk", "5"}), seconds(60));
  EXPECT_EQ(wait_for({"junk", "-3"}), std::nullopt);
}

TEST(F10_RetryAfter, AClockThatIsWrongCannotMakeItLongerThanADay) {
  const HttpResponse response = with("retry-after", {"Sun, 06 Nov 1994 08:49:37 GMT"});
  EXPECT_EQ(retry_after(response, WallTime(seconds(0))), kDay);
  EXPECT_EQ(retry_after(response, kNow + std::chrono::hours(24 * 3650)), seconds(1));
}

std::vector<std::string> alternates(const std::vector<std::string>& values) {
  return links(with("link", values), "alternate");
}

using Strings = std::vector<std::string>;

TEST(LinksTest, FindsTheRelationAmongOthers) {
  EXPECT_EQ(alternates({"<https://ca.test/c/1>;rel=\"alternate\""}),
            Strings{"https://ca.test/c/1"});
  EXPECT_EQ(
      alternates({"<https://ca.test/dir>;rel=\"index\"", "<https://ca.test/c/1>; rel=alternate"}),
      Strings{"https://ca.test/c/1"});
  EXPECT_EQ(alternates({"<https://ca.test/1>; rel=\"up\", <https://ca.test/2>; rel=\"alternate\", "
                        "<https://ca.test/3>;title=\"a, b; c\";rel=\"alternate\""}),
            (Strings{"https://ca.test/2", "https://ca.test/3"}));
  EXPECT_EQ(alternates({"<https://ca.test/1>; REL = \"start Alternate\" ; type=x"}),
            Strings{"https://ca.test/1"});
  EXPECT_EQ(alternates({"<https://ca.test/a,b;c>;rel=alternate"}),
            Strings{"https://ca.test/a,b;c"});
}

// RFC 8288 3.3: only the first rel counts.
TEST(LinksTest, ASecondRelationIsIgnored) {
  EXPECT_EQ(alternates({"<https://ca.test/1>;rel=up;rel=alternate"}), Strings{});
}

TEST(LinksTest, OnlyAbsoluteHttpsTargetsAreKept) {
  for (const char* value :
       {"</c/1>;rel=alternate", "<http://ca.test/1>;rel=alternate", "<>;rel=alternate",
        "<file:///etc/passwd>;rel=alternate", "<https://u:p@ca.test/>;rel=alternate",
        "<https://>;rel=alternate", "<https://ca.test/ x>;rel=alternate"}) {
    EXPECT_EQ(alternates({value}), Strings{}) << value;
  }
}

TEST(LinksTest, MalformedOnesGiveNothing) {
  for (const char* value :
       {"", ",", "<", "<https://ca.test/1", "https://ca.test/1;rel=alternate",
        "<https://ca.test/1> rel=alternate", "<https://ca.test/1>;rel=\"alternate",
        "<https://ca.test/1>;;;", "<https://ca.test/1>;=", "<<https://ca.test/1>>;rel=alternate"}) {
    EXPECT_EQ(alternates({value}), Strings{}) << value;
  }
  EXPECT_EQ(alternates({"<https://ca.test/1>;rel=alternate, junk",
                        ",,<https://ca.test/2>;rel=alternate,,"}),
            (Strings{"https://ca.test/1", "https://ca.test/2"}));
}

TEST(LinksTest, AtMostTen) {
  EXPECT_EQ(alternates(Strings(50, "<https://ca.test/1>;rel=alternate")).size(), 10U);
}

}  // namespace
}  // namespace autohttps::acme
