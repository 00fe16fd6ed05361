#include <autohttps/server/sites/site_table.h>

#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using Kind = SiteDecision::Kind;

// A head as the engine hands it over; what it refuses itself is not asked of the table.
class Asking {
 public:
  Asking(const std::string& target, const HeaderFields& fields,
         const std::string& version = "HTTP/1.1")
      : text_("GET " + target + " " + version + "\r\n") {
    for (const auto& [name, value] : fields) text_ += name + ": " + value + "\r\n";
    text_ += "\r\n";
    HeadLimits limits;
    limits.lenient = true;
    HeadScanner().scan(text_, limits, view_);
  }
  const HeadView& head() const { return view_; }

 private:
  std::string text_;
  HeadView view_;
};

Site site(std::vector<std::string> names, const std::string& root = {},
          const std::string& upstream = {}, const std::string& redirect_to = {}) {
  Site made;
  made.names = std::move(names);
  made.root = root;
  if (!upstream.empty()) made.reverse_proxy = {upstream};
  made.redirect_to = redirect_to;
  return made;
}

SitePath path(const std::string& prefix, const std::string& root = {},
              const std::string& upstream = {}) {
  SitePath made;
  made.prefix = prefix;
  made.root = root;
  if (!upstream.empty()) made.reverse_proxy = {upstream};
  return made;
}

SiteTable table(std::uint16_t port = 443) {
  return SiteTable(
      {site({"a.test", "www.a.test"}, "/srv/a", "", "a.test"),
       site({"*.b.test", "b.test"}, "", "http://127.0.0.1:1"), site({"x.b.test"}, "/srv/x"),
       site({"routes.test"}), site({"old.test"}, "", "", "a.test"),
       site({"2001:db8::1", "192.0.2.1"}, "/srv/ip")},
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
    const SiteDecision decision =
        sites.decide(Asking("/p?q=%20", fields).head(), asked.server_name);
    EXPECT_EQ(decision.kind, asked.kind) << (asked.host ? asked.host : "none");
    EXPECT_EQ(decision.location, asked.location);
  }
}

TEST(SiteTableTest, TwoHostsAreNobodysAndOldClientsMayHaveNone) {
  const SiteTable sites = table();
  HeadView two;  // the engine refuses it before
  two.method = "GET";
  two.target = two.resource = "/";
  two.version = "HTTP/1.1";
  two.host = "a.test";
  two.fields = {{"Host", "a.test"}, {"host", "a.test"}};
  EXPECT_EQ(sites.decide(two, "a.test").kind, Kind::bad_request);
  EXPECT_EQ(sites.decide(Asking("/", {}, "HTTP/1.0").head(), "a.test").kind, Kind::site);
  EXPECT_EQ(sites.decide(Asking("/", {}, "HTTP/1.0").head(), "").kind, Kind::bad_request);
}

TEST(SiteTableTest, OneSiteMayBeForAllOtherHostsThatTheConnectionWasMadeFor) {
  const SiteTable sites({site({"a.test"}, "/srv/a"), site({}, "/srv/others")});
  const auto decide = [&](const char* host, const char* server_name) {
    return sites.decide(Asking("/", {{"Host", host}}).head(), server_name);
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
  const SiteTable sites({site({"a.test"}, "/srv/a"), site({}, "/srv/others")});
  for (const char* host : {"192.0.2.1", "[2001:db8::1]:8443"}) {
    const SiteDecision decision = sites.decide(Asking("/", {{"Host", host}}).head(), "");
    EXPECT_EQ(decision.kind, Kind::site) << host;
    EXPECT_EQ(decision.site, 1) << host;
    EXPECT_EQ(sites.decide(Asking("/", {{"Host", host}}).head(), "a.test").kind, Kind::misdirected)
        << host;
  }
}

TEST(SiteTableTest, RedirectsNameThePortThatClientsSeeAndNoTargetThatCouldLeadAway) {
  const SiteTable sites = table(8443);
  const HeaderFields www = {{"Host", "www.a.test:8443"}};
  EXPECT_EQ(sites.decide(Asking("/x", www).head(), "").location, "https://a.test:8443/x");
  const Asking absolute("http://www.a.test:8443/y?z", www);
  EXPECT_EQ(sites.decide(absolute.head(), "").location, "https://a.test:8443/y?z");
  EXPECT_EQ(sites.decide(Asking("/\\evil.test", www).head(), "").location, "https://a.test:8443/");
  const Asking without_path("http://www.a.test:8443", www);
  EXPECT_EQ(sites.decide(without_path.head(), "").location, "https://a.test:8443/");
}

TEST(SiteTableTest, FindsThePathAndWhatIsBeneathIt) {
  Site one = site({"a.test"}, "/srv/a");
  one.paths = {path("/api", "", "http://127.0.0.1:1"), path("/api/v2", "/srv/v2")};
  Site guarded = site({"routes.test"});
  guarded.paths = {path("/admin")};
  guarded.paths[0].basic_auth = "/etc/users";
  const SiteTable sites({one, guarded});
  struct Case {
    const char* target;
    std::size_t path;
    const char* beneath;
  };
  for (const Case& asked :
       {Case{"/x?/api", 0, "/x"}, Case{"/", 0, "/"}, Case{"/api?q", 1, ""},
        Case{"/%61pi/x?q=/../y", 1, "/x"}, Case{"/api/v2/", 2, "/"}, Case{"/apiv2", 0, "/apiv2"},
        Case{"http://a.test?x", 0, "/"}, Case{"http://a.test/api/x", 1, "/x"}}) {
    const Asking asking(asked.target, {{"Host", "a.test"}});
    const SiteDecision decision = sites.decide(asking.head(), "a.test");
    EXPECT_EQ(decision.kind, Kind::site) << asked.target;
    EXPECT_EQ(decision.path, asked.path) << asked.target;
    EXPECT_EQ(decision.beneath, asked.beneath) << asked.target;
  }
  for (const char* target : {"/x/../api", "//api", "/api%2fv2", "/api/%2e%2e/x", "/%"}) {
    const Asking asking(target, {{"Host", "a.test"}});
    EXPECT_EQ(sites.decide(asking.head(), "a.test").kind, Kind::bad_request) << target;
  }
  const Asking admin("/admin/x", {{"Host", "routes.test"}});
  EXPECT_EQ(sites.decide(admin.head(), "").path, 1) << "what guards the routes is asked first";
}

TEST(SiteTableTest, OptionsOfTheServerAsAWholeAreNoPath) {
  const SiteTable sites = table();
  std::string text = "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n";
  HeadView view;
  HeadScanner().scan(text, {}, view);
  const SiteDecision decision = sites.decide(view, "a.test");
  EXPECT_EQ(decision.kind, Kind::site);
  EXPECT_EQ(decision.beneath, "*");
}

template <typename Change>
Site changed(Change&& change, Site made = site({"a.test"}, "/srv")) {
  change(made);
  return made;
}

TEST(SiteTableTest, RefusesSitesThatCannotBe) {
  struct Bad {
    std::vector<Site> sites;
    const char* says;
  };
  const Site proxy = site({"a.test"}, "", "http://127.0.0.1:1");
  for (const Bad& bad :
       {Bad{{site({}, "/srv"), site({}, "/srv")}, "two sites have no names"},
        Bad{{site({"a.test"}, "/srv", "http://b.test")}, "both a root"},
        Bad{{site({"a.test"}, "", "b.test")}, "has no http://"},
        Bad{{site({"a.test"}, "", "", "https://b.test")}, "is a URL"},
        Bad{{site({"a.test"}), site({"b.test", "A.test"})}, "a name of two sites"},
        Bad{{site({"nodot"})}, "has no dot"},
        Bad{{changed([](Site& it) { it.listing = true; }, proxy)}, "lists folders but has no root"},
        Bad{{changed([](Site& it) { it.health_check = "/up"; })}, "no reverse proxy"},
        Bad{{changed([](Site& it) { it.health_check = "up"; }, proxy)}, "no path"},
        Bad{{changed([](Site& it) { it.strip_prefix = true; }, proxy)}, "strips a prefix"},
        Bad{{changed([](Site& it) { it.upstream_ca_bundle = "/x"; })}, "has none"},
        Bad{{changed([](Site& it) { it.upstream_timeout = std::chrono::seconds(5); })}, "has none"},
        Bad{{changed([](Site& it) { it.upstream_timeout = std::chrono::seconds(0); }, proxy)},
            "no time"},
        Bad{{changed([](Site& it) {
              it.headers = {{"X y", "z"}};
            })},
            "is no name"},
        Bad{{changed([](Site& it) {
              it.headers = {{"X", "a\r\nY: b"}};
            })},
            "line break"},
        Bad{{changed([](Site& it) {
              it.headers = {{"content-length", "1"}};
            })},
            "the server says itself"},
        Bad{{changed([](Site& it) { it.basic_auth = kNoBasicAuth; })}, "without saying so"},
        Bad{{changed([](Site& it) { it.hsts = std::chrono::seconds(-1); })}, "less than no time"},
        Bad{{changed([](Site& it) { it.hsts = std::chrono::seconds(1); },
                     site({"old.test"}, "", "", "a.test"))},
            "for hsts"},
        Bad{{changed([](Site& it) { it.security_headers = true; }, site({"a.test"}))},
            "no contents of its own"},
        Bad{{changed([](Site& it) { it.paths = {path("api", "/srv")}; })}, "does not begin with"},
        Bad{{changed([](Site& it) { it.paths = {path("/", "/srv")}; })}, "the site's own"},
        Bad{{changed([](Site& it) {
              it.paths = {path("/x", "/srv"), path("/x/", "/srv")};
            })},
            "there twice"},
        Bad{{changed([](Site& it) { it.paths = {path("/x", "/srv", "http://b.test")}; })},
            "the path \"/x\" of site \"a.test\" has both"}}) {
    const auto error = thrown_error([&] { SiteTable refused(bad.sites); });
    ASSERT_TRUE(error) << bad.says;
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_NE(std::string(error->what()).find(bad.says), std::string::npos) << error->what();
  }
}

}  // namespace
}  // namespace autohttps
