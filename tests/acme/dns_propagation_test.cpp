#include <autohttps/acme/challenges/dns_propagation.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/scripted_dns.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

using std::chrono::seconds;

constexpr const char* kResolver = "192.0.2.53";
constexpr const char* kName = "_acme-challenge.www.a.test";
constexpr const char* kFirst = "192.0.2.1";
constexpr const char* kFirstSix = "2001:db8::1";
constexpr const char* kSecond = "192.0.2.2";

class DnsPropagationTest : public testing::Test {
 protected:
  DnsPropagationTest() { dns_.zone(kResolver, "a.test", {{kFirst, kFirstSix}, {kSecond}}); }

  void wait(seconds most = seconds(120)) {
    propagation_.wait_for(kName, "wanted", clock_.steady() + most, stop_.get_token());
  }
  void show(const std::string& address, std::vector<std::string> values) {
    dns_.set(address, kName, DnsType::txt, std::move(values));
  }
  void show_everywhere() {
    for (const char* address : {kFirst, kFirstSix, kSecond}) show(address, {"wanted"});
  }
  std::string told() const {
    std::string text;
    for (const std::string& line : told_) text += line + "\n";
    return text;
  }

  ManualClock clock_;
  ScriptedDns dns_{clock_};
  DnsResolver resolver_{dns_, {{kResolver}}};
  std::vector<std::string> told_;
  DnsPropagation propagation_{
      resolver_, clock_, [this](Event::Level, const std::string& text) { told_.push_back(text); }};
  std::stop_source stop_;
};

TEST_F(DnsPropagationTest, EndsAtOnceWhenEveryServerShowsIt) {
  show_everywhere();
  show(kSecond, {"another", "wanted"});  // of a second order for the same name
  wait();
  EXPECT_EQ(clock_.elapsed(), seconds(0));
  EXPECT_EQ(told(), "");
  for (const char* address : {kFirst, kFirstSix, kSecond}) {
    EXPECT_EQ(dns_.asked_of(address), 1) << address;
  }
}

TEST_F(DnsPropagationTest, WaitsForTheSlowestServerAndAsksNobodyWhoHasShownIt) {
  show_everywhere();
  show(kSecond, {"old"});
  int asked = 0;
  dns_.on_ask = [&](const std::string& line) {
    if (line.starts_with(kSecond) && ++asked == 4) show(kSecond, {"wanted"});
  };
  wait();
  EXPECT_EQ(dns_.asked_of(kFirst), 1);
  EXPECT_EQ(dns_.asked_of(kSecond), 4);
  // 2 s, 3 s, 4.5 s: growing.
  EXPECT_EQ(clock_.elapsed(), std::chrono::milliseconds(9500));
}

TEST_F(DnsPropagationTest, SaysWhichServerShowsWhatWhenTimeIsUp) {
  show_everywhere();
  show(kFirstSix, {"old \x1b[31m", "older"});
  dns_.code(kSecond, kName, DnsCode::no_such_name);
  const auto error = thrown_error([&] { wait(seconds(60)); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::validation);
  EXPECT_STREQ(error->what(),
               "the TXT record \"wanted\" of \"_acme-challenge.www.a.test\" is not at every name "
               "server of \"a.test\" after 56 s: ns1.a.test (192.0.2.1) shows it; ns1.a.test "
               "(2001:db8::1) shows \"old \\x1b[31m\", \"older\"; ns2.a.test (192.0.2.2) has no "
               "such name");
  EXPECT_NE(error->hint().find("--dns-timeout"), std::string::npos);
  EXPECT_LE(clock_.elapsed(), seconds(60));
}

TEST_F(DnsPropagationTest, F24_AServerOfSeveralThatDoesNotAnswerIsToldAndLeftOut) {
  show_everywhere();
  dns_.silence(kSecond);
  wait();
  EXPECT_EQ(dns_.asked_of(kSecond), 2);
  EXPECT_LT(clock_.elapsed(), seconds(15));
  EXPECT_EQ(told(),
            "\"_acme-challenge.www.a.test\" is visible at those name servers that answer; "
            "ns2.a.test (192.0.2.2) no answer within 2 s\n");
}

TEST_F(DnsPropagationTest, F24_AServerThatRefusesCountsAsSilent) {
  show_everywhere();
  dns_.code(kSecond, kName, DnsCode::refused);
  wait();
  EXPECT_NE(told().find("ns2.a.test (192.0.2.2) answers REFUSED"), std::string::npos) << told();
}

// A machine without IPv6 asks most name servers in vain by it: nothing to be told.
TEST_F(DnsPropagationTest, F24_OneAddressOfAServerIsEnoughWhenTheOtherIsNotReached) {
  show_everywhere();
  dns_.silence(kFirstSix);
  wait();
  EXPECT_EQ(dns_.asked_of(kFirstSix), 1);
  EXPECT_EQ(told(), "");
}

TEST_F(DnsPropagationTest, AsksTheResolverWhenNoNameServerAnswers) {
  for (const char* address : {kFirst, kFirstSix, kSecond}) dns_.silence(address);
  int asked = 0;
  dns_.on_ask = [&](const std::string& line) {
    if (line == std::string(kResolver) + " " + kName + " TXT" && ++asked == 3) {
      show(kResolver, {"wanted"});
    }
  };
  wait();
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(dns_.asked_of(kFirst), 1);  // each has had its two packets
  EXPECT_NE(told().find("asking the resolver 192.0.2.53 instead"), std::string::npos) << told();
  EXPECT_NE(told().find("ns2.a.test (192.0.2.2) no answer"), std::string::npos) << told();
}

TEST_F(DnsPropagationTest, AsksTheResolverWhenTheNameServersCannotBeFoundOut) {
  dns_.code(kResolver, "a.test", DnsCode::server_failure);
  show(kResolver, {"wanted"});
  wait();
  EXPECT_NE(told().find("cannot be found out"), std::string::npos) << told();
}

// RFC 2308: it keeps for hours that there was nothing, and was asked before the record was there.
TEST_F(DnsPropagationTest, GoesOnAfterTheWaitWhenTheResolverOnlyRemembers) {
  for (const char* address : {kFirst, kFirstSix, kSecond}) dns_.silence(address);
  wait(seconds(60));
  EXPECT_GE(clock_.elapsed(), seconds(30));
  EXPECT_LE(clock_.elapsed(), seconds(60));
  EXPECT_NE(told().find("may be what it remembers; going on"), std::string::npos) << told();
}

TEST_F(DnsPropagationTest, FailsWhenNobodyAnswersAtAll) {
  dns_.silence(kResolver);
  const auto error = thrown_error([&] { wait(seconds(30)); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::validation);
  EXPECT_NE(std::string(error->what()).find("192.0.2.53: no answer"), std::string::npos);
  EXPECT_LE(clock_.elapsed(), seconds(40));
}

TEST_F(DnsPropagationTest, EndsSoonWhenItIsStopped) {
  dns_.on_ask = [&](const std::string& line) {
    if (line.starts_with(kSecond)) stop_.request_stop();
  };
  const auto error = thrown_error([&] { wait(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::canceled);
  EXPECT_EQ(dns_.asked_of(kSecond), 1);
}

TEST_F(DnsPropagationTest, ALookTellsAllThatIsThere) {
  show(kFirst, {"one"});
  show(kSecond, {"one", "two"});
  const DnsSight sight = propagation_.look(kName, {});
  EXPECT_EQ(sight.values, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(sight.from, "ns1.a.test, ns2.a.test");
  EXPECT_TRUE(sight.authoritative);
  EXPECT_EQ(dns_.asked_of(kFirstSix), 0);

  for (const char* address : {kFirst, kFirstSix, kSecond}) dns_.silence(address);
  show(kResolver, {"three"});
  const DnsSight second = propagation_.look(kName, {});
  EXPECT_EQ(second.values, std::vector<std::string>{"three"});
  EXPECT_FALSE(second.authoritative);
  EXPECT_EQ(second.from, kResolver);
}

class DnsResolverTest : public DnsPropagationTest {};

TEST_F(DnsResolverTest, FollowsDelegations) {
  EXPECT_EQ(resolver_.follow("_acme-challenge.WWW.a.test.", {}), kName);
  dns_.set(kResolver, kName, DnsType::cname, {"x.b.test"});
  dns_.set(kResolver, "x.b.test", DnsType::cname, {"y.c.test"});
  EXPECT_EQ(resolver_.follow(kName, {}), "y.c.test");
}

TEST_F(DnsResolverTest, FollowsThemNeitherInACircleNorForEver) {
  dns_.set(kResolver, kName, DnsType::cname, {"x.b.test"});
  dns_.set(kResolver, "x.b.test", DnsType::cname, {kName});
  auto error = thrown_error([&] { resolver_.follow(kName, {}); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("in a circle"), std::string::npos) << error->what();

  dns_.on_ask = [&](const std::string& line) {
    const std::string name = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
    dns_.set(kResolver, name, DnsType::cname, {"x" + name});
  };
  error = thrown_error([&] { resolver_.follow("on.test", {}); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("on and on"), std::string::npos) << error->what();
  EXPECT_LT(dns_.asked().size(), 15U);
}

TEST_F(DnsResolverTest, F24_SaysWhyDnsCannotBeAsked) {
  dns_.code(kResolver, kName, DnsCode::server_failure);
  const auto error = thrown_error([&] { resolver_.follow(kName, {}); });
  ASSERT_TRUE(error);
  EXPECT_STREQ(error->what(),
               "asking DNS for \"_acme-challenge.www.a.test\": 192.0.2.53: SERVFAIL");
}

TEST_F(DnsResolverTest, AsksTheNextResolverWhenOneSaysNothing) {
  const DnsResolver two(dns_, {{"192.0.2.99"}, {kResolver}});
  EXPECT_EQ(two.follow(kName, {}), kName);
  EXPECT_EQ(dns_.asked_of("192.0.2.99"), 1);
}

TEST_F(DnsResolverTest, FindsTheZoneThatANameLiesIn) {
  const auto zone = resolver_.zone_of(kName, {});
  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->apex, "a.test");
  ASSERT_EQ(zone->servers.size(), 2U);
  EXPECT_EQ(zone->servers[0].name, "ns1.a.test");
  EXPECT_EQ(zone->servers[0].addresses, (std::vector<DnsServer>{{kFirst}, {kFirstSix}}));
  EXPECT_FALSE(resolver_.zone_of("www.b.test", {}));
}

TEST_F(DnsResolverTest, TakesNoZoneAboveForOneThatIsBroken) {
  dns_.code(kResolver, "www.a.test", DnsCode::server_failure);
  EXPECT_FALSE(resolver_.zone_of(kName, {}));
}

}  // namespace
}  // namespace autohttps::acme
