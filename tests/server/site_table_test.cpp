#include <autohttps/server/sites/site_table.h>

#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

using Kind = SiteDecision::Kind;

RequestHead get(const std::string& target, const HeaderFields& fields,
                const std::string& version = "HTTP/1.1") {
  return {"GET", target, version, fields};
}

SiteTable table(std::uint16_t port = 443) {
  return SiteTable({{{"a.test", "www.a.test"}, "/srv/a", "", "a.test"},
                    {{"*.b.test", "b.test"}, "", "http://127.0.0.1:1", ""},
                    {{"x.b.test"}, "/srv/x", "", ""},
                    {{"routes.test"}, "", "", ""},
                    {{"old.test"}, "", "", "a.test"},
                    {{"2001:db8::1", "192.0.2.1"}, "/srv/ip", "", ""}},
                   port);
}

TEST(SiteTableTest, FindsTheSiteOfAHost) {
  const SiteTable sites = table();
  EXPECT_EQ(sites.find("a.test"), 0);
  EXPECT_EQ(sites.find("b.test"), 1);
  EXPECT_EQ(sites.find("y.b.test"), 1);
  EXPECT_EQ(sites.find("x.b.test"), 2) << "an exact name before a wildcard";
  EXPECT_EQ(sites.find("z.y.b.test"), std::nullopt);
  EXPECT_EQ(sites.find(".b.test"), std::nullopt);
  EXPECT_EQ(sites.find(""), std::nullopt);
  EXPECT_EQ(sites.find("test"), std::nullopt);
}

struct Asked {
  const char* host;  // null: none
  const char* server_name;
  Kind kind;
  const char* location = "";
};

TEST(SiteTableTest, DecidesByHostAndByWhatTheConnectionWasMadeFor) {
  const SiteTable sites = table();
  for (const Asked& asked :
       {Asked{"a.test", "a.test", Kind::site},
        Asked{"A.TEST.:443", "a.test", Kind::site},
        Asked{"a.test", "", Kind::site},
        Asked{"b.test", "y.b.test", Kind::site},
        Asked{"x.b.test", "y.b.test", Kind::misdirected},
        Asked{"b.test", "a.test", Kind::misdirected},
        Asked{"a.test", "other.test", Kind::misdirected},
        Asked{"other.test", "a.test", Kind::misdirected},
        Asked{"other.test", "", Kind::misdirected},
        Asked{"other.test", "other.test", Kind::elsewhere},
        Asked{"routes.test", "routes.test", Kind::elsewhere},
        Asked{"[2001:DB8::1]:8443", "", Kind::site},
        Asked{"192.0.2.1", "", Kind::site},
        Asked{"www.a.test", "a.test", Kind::redirect, "https://a.test/p?q=%20"},
        Asked{"old.test", "old.test", Kind::redirect, "https://a.test/p?q=%20"},
        Asked{nullptr, "a.test", Kind::bad_request},
        Asked{"", "a.test", Kind::bad_request},
        Asked{"a test", "a.test", Kind::bad_request},
        Asked{"a.test:x", "", Kind::bad_request},
        Asked{"user@a.test", "a.test", Kind::bad_request}}) {
    HeaderFields fields;
    if (asked.host != nullptr) fields.emplace_back("host", asked.host);
    const SiteDecision decision = sites.decide(get("/p?q=%20", fields), asked.server_name);
    EXPECT_EQ(decision.kind, asked.kind) << (asked.host ? asked.host : "none");
    EXPECT_EQ(decision.location, asked.location);
  }
}

TEST(SiteTableTest, TwoHostsAreNobodysAndOldClientsMayHaveNone) {
  const SiteTable sites = table();
  EXPECT_EQ(sites.decide(get("/", {{"Host", "a.test"}, {"host", "a.test"}}), "a.test").kind,
            Kind::bad_request);
  EXPECT_EQ(sites.decide(get("/", {}, "HTTP/1.0"), "a.test").kind, Kind::site);
  EXPECT_EQ(sites.decide(get("/", {}, "HTTP/1.0"), "").kind, Kind::bad_request);
}

TEST(SiteTableTest, OneSiteMayBeForAllOtherHostsThatTheConnectionWasMadeFor) {
  const SiteTable sites({{{"a.test"}, "/srv/a", "", ""}, {{}, "/srv/others", "", ""}});
  const auto decide = [&](const char* host, const char* server_name) {
    return sites.decide(get("/", {{"Host", host}}), server_name);
  };
  EXPECT_EQ(decide("other.test", "other.test").kind, Kind::site);
  EXPECT_EQ(decide("other.test", "other.test").site, 1);
  EXPECT_EQ(decide("a.test", "a.test").site, 0);
  EXPECT_EQ(decide("a.test", "other.test").kind, Kind::misdirected);
  EXPECT_EQ(decide("other.test", "third.test").kind, Kind::misdirected);
  EXPECT_EQ(decide("other.test", "").kind, Kind::misdirected);
}

// RFC 6066 3: a client that comes to an address names nobody, and got the address's certificate.
TEST(SiteTableTest, TheSiteForOthersIsForAddressesToo) {
  const SiteTable sites({{{"a.test"}, "/srv/a", "", ""}, {{}, "/srv/others", "", ""}});
  for (const char* host : {"192.0.2.1", "[2001:db8::1]:8443"}) {
    const SiteDecision decision = sites.decide(get("/", {{"Host", host}}), "");
    EXPECT_EQ(decision.kind, Kind::site) << host;
    EXPECT_EQ(decision.site, 1) << host;
    EXPECT_EQ(sites.decide(get("/", {{"Host", host}}), "a.test").kind, Kind::misdirected) << host;
  }
}

TEST(SiteTableTest, RedirectsNameThePortThatClientsSeeAndNoTargetThatCouldLeadAway) {
  const SiteTable sites = table(8443);
  const HeaderFields www = {{"Host", "www.a.test:8443"}};
  EXPECT_EQ(sites.decide(get("/x", www), "").location, "https://a.test:8443/x");
  EXPECT_EQ(sites.decide(get("http://evil.test/", www), "").location, "https://a.test:8443/");
  EXPECT_EQ(sites.decide(get("/\\evil.test", www), "").location, "https://a.test:8443/");
  EXPECT_EQ(sites.decide(get("*", www), "").location, "https://a.test:8443/");
}

TEST(SiteTableTest, RefusesSitesThatCannotBe) {
  struct Bad {
    std::vector<Site> sites;
    const char* says;
  };
  for (const Bad& bad :
       {Bad{{{{}, "/srv", "", ""}, {{}, "/srv", "", ""}}, "two sites have no names"},
        Bad{{{{"a.test"}, "/srv", "http://b.test", ""}}, "both a root"},
        Bad{{{{"a.test"}, "", "b.test", ""}}, "has no http://"},
        Bad{{{{"a.test"}, "", "", "https://b.test"}}, "is a URL"},
        Bad{{{{"a.test"}, "", "", ""}, {{"b.test", "A.test"}, "", "", ""}}, "a name of two sites"},
        Bad{{{{"nodot"}, "", "", ""}}, "has no dot"}}) {
    const auto error = thrown_error([&] { SiteTable refused(bad.sites); });
    ASSERT_TRUE(error) << bad.says;
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_NE(std::string(error->what()).find(bad.says), std::string::npos) << error->what();
  }
}

}  // namespace
}  // namespace autohttps
