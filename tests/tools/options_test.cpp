#include <autohttps/tools/autohttps/options.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/paths.h>
#include <autohttps/tools/autohttps/help.h>
#include <autohttps/tools/autohttps/manual.h>

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace autohttps::tools {
namespace {

TEST(OptionsTest, EveryNameAndLetterIsUsedOnce) {
  std::set<std::string_view> names;
  std::set<char> letters;
  for (const Option& option : options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    if (option.letter != 0) {
      EXPECT_TRUE(letters.insert(option.letter).second) << option.letter;
    }
  }
}

TEST(OptionsTest, EveryOptionHasHelpAndACommandThatTakesIt) {
  for (const Option& option : options()) {
    EXPECT_FALSE(option.help.empty()) << option.name;
    EXPECT_EQ(option.value_name.empty(), option.kind == ValueKind::flag) << option.name;
    bool taken = false;
    for (const VerbInfo& verb : verbs()) taken = taken || takes(verb.verb, option);
    EXPECT_TRUE(taken) << option.name;
  }
}

TEST(OptionsTest, KeyAndVariableFollowFromTheFlag) {
  const Option* option = find_option("public-https-port");
  ASSERT_NE(option, nullptr);
  EXPECT_EQ(config_key(*option), "public_https_port");
  EXPECT_EQ(environment_name(*option), "AUTOHTTPS_PUBLIC_HTTPS_PORT");
}

TEST(OptionsTest, EveryKeyIsUsedOnceAndListsSayWhereTheirValuesAre) {
  std::set<std::string> keys;
  for (const Option& option : options()) {
    EXPECT_TRUE(keys.insert(config_key(option)).second) << option.name;
    EXPECT_EQ(option.values != nullptr, option.kind == ValueKind::list) << option.name;
  }
  EXPECT_EQ(config_key(*find_option("domain")), "names");
  EXPECT_EQ(environment_name(*find_option("domain")), "AUTOHTTPS_DOMAIN");
}

TEST(OptionsTest, EveryVerbIsFoundByItsName) {
  for (const VerbInfo& verb : verbs()) {
    EXPECT_EQ(find_verb(verb.name), verb.verb);
    EXPECT_FALSE(verb.summary.empty());
  }
  EXPECT_FALSE(find_verb("certonly"));
  EXPECT_FALSE(find_verb(""));
}

struct Case {
  const char* option;
  const char* value;
};

TEST(OptionsTest, RefusesWhatIsNoValue) {
  for (const Case& bad : {Case{"http-port", "65536"},
                          Case{"http-port", "-1"},
                          Case{"http-port", "80x"},
                          Case{"http-port", ""},
                          Case{"https-port", " 443"},
                          Case{"at-once", "0"},
                          Case{"at-once", "1000"},
                          Case{"lock-timeout", "soon"},
                          Case{"lock-timeout", "99999999999999999999"},
                          Case{"key-type", "dsa"},
                          Case{"server", "http://ca.test/dir"},
                          Case{"server", "ca.test"},
                          Case{"server", "https://"},
                          Case{"store", ""},
                          Case{"email", "me"},
                          Case{"email", "me@a.test,you@a.test"},
                          Case{"limits", "few"},
                          Case{"challenge", "tls-sni-01"},
                          Case{"challenge", "HTTP-01"},
                          Case{"reverse-proxy", "a.test"},
                          Case{"redirect-to", "*.a.test"},
                          Case{"reverse-proxy", "ftp://a.test"},
                          Case{"health-check", "up"},
                          Case{"upstream-timeout", "0"},
                          Case{"upstream-timeout", "2d"},
                          Case{"trusted-proxy", "10.0.0.1/8"},
                          Case{"trusted-proxy", "a.test"},
                          Case{"route", "/api"},
                          Case{"route", "/api="},
                          Case{"route", "api=/srv"},
                          Case{"route", "/=/srv"},
                          Case{"route", "/a/../b=/srv"},
                          Case{"route", "/api=ftp://a.test"},
                          Case{"header", "X"},
                          Case{"header", ": x"},
                          Case{"header", "X y: z"},
                          Case{"header", "X: a\r\nY: b"},
                          Case{"hsts", "-1"},
                          Case{"hsts", "11000d"},
                          Case{"hsts", "soon"},
                          Case{"max-body", "-1"},
                          Case{"max-body", "1T"},
                          Case{"max-body", "1000001"},
                          Case{"max-body", "K"},
                          Case{"deploy", " "},
                          Case{"dns-hook", "no/such path"},
                          Case{"dns-timeout", "11m"},
                          Case{"eab-algorithm", "RS256"},
                          Case{"key-type", "ec256,ec384"},
                          Case{"key-type", "ec256,"},
                          Case{"access-log", ""},
                          Case{"access-log-format", "apache"},
                          Case{"metrics", "9180"},
                          Case{"metrics", "0.0.0.0:9180"},
                          Case{"json", "maybe"}}) {
    Settings settings;
    const Option* option = find_option(bad.option);
    ASSERT_NE(option, nullptr) << bad.option;
    try {
      option->set(settings, bad.value);
      ADD_FAILURE() << bad.option << " took " << bad.value;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::config) << error.what();
    }
  }
}

TEST(OptionsTest, EveryChallengeThatCanBeAnsweredCanBeForced) {
  for (const char* type : {"http-01", "tls-alpn-01", "dns-01", "dns-persist-01"}) {
    Settings settings;
    find_option("challenge")->set(settings, type);
    EXPECT_EQ(settings.challenge, type);
  }
}

TEST(OptionsTest, TakesWhatIsAValue) {
  Settings settings;
  find_option("http-port")->set(settings, "5002");
  find_option("lock-timeout")->set(settings, "2m");
  find_option("key-type")->set(settings, "rsa2048");
  find_option("server")->set(settings, "HTTPS://localhost:14000/dir");
  find_option("domain")->set(settings, "a.test, b.test");
  find_option("force")->set(settings, "true");
  find_option("access-log")->set(settings, "-");
  find_option("access-log-format")->set(settings, "json");
  find_option("metrics")->set(settings, "[::1]:9180");
  EXPECT_EQ(settings.http_port, 5002);
  EXPECT_EQ(settings.lock_timeout, std::chrono::seconds(120));
  EXPECT_EQ(settings.key_types, std::vector{KeyType::rsa2048});
  EXPECT_EQ(settings.server, "HTTPS://localhost:14000/dir");
  EXPECT_EQ(settings.names, (std::vector<std::string>{"a.test", "b.test"}));
  EXPECT_TRUE(settings.force);
  EXPECT_EQ(settings.access_log, "-");
  EXPECT_EQ(settings.access_log_format, AccessLogFormat::json);
  EXPECT_EQ(settings.metrics, "[::1]:9180");
}

TEST(OptionsTest, TakesWhatSitesMaySay) {
  Settings settings;
  const auto set = [&](const char* option, const char* value) {
    find_option(option)->set(settings, value);
  };
  set("reverse-proxy", "http://127.0.0.1:1");
  set("reverse-proxy", "unix:/run/app.sock");
  set("route", "/api=https://b.test/x=y");
  set("header", "X-A:b: c ");
  set("header", "Server:");
  set("trusted-proxy", "10.0.0.0/8");
  set("upstream-timeout", "2m");
  EXPECT_EQ(settings.reverse_proxy.size(), 2);
  EXPECT_EQ(settings.routes.size(), 1);
  EXPECT_EQ(settings.headers.size(), 2);
  EXPECT_EQ(settings.trusted_proxies.size(), 1);
  EXPECT_EQ(settings.upstream_timeout, std::chrono::minutes(2));
  set("hsts", "365d");
  EXPECT_EQ(settings.hsts, std::chrono::hours(24 * 365));
  set("hsts", "0");
  EXPECT_EQ(settings.hsts, std::chrono::seconds(0));
  set("hsts", "false");
  EXPECT_FALSE(settings.hsts);
  set("hsts", "true");
  EXPECT_EQ(settings.hsts, std::chrono::hours(24 * 365));
  set("max-body", "10");
  EXPECT_EQ(settings.max_body, 10U << 20);
  set("max-body", "512K");
  EXPECT_EQ(settings.max_body, 512U << 10);
  set("max-body", "2G");
  EXPECT_EQ(settings.max_body, 2ULL << 30);
  set("max-body", "0");
  EXPECT_EQ(settings.max_body, 0U);
}

// Issue 7: each in the TOML table, in --help, in the man page and in an example of the README.
TEST(OptionsTest, EverythingASiteCanDoIsInAllFourPlaces) {
  const std::string readme = [] {
    std::ifstream file(source_folder() / "README.md");
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  std::string toml, serve_page;
  for (const ManualPage& page : manual_pages()) {
    if (page.file == "autohttps.toml.5") toml = page.text;
    if (page.file == "autohttps-serve.1") serve_page = page.text;
  }
  const std::string help = help_text(Verb::serve);
  const auto in_roff = [](std::string text) {
    for (std::size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 2) {
      text.insert(at, "\\");
    }
    return text;
  };
  for (const char* name :
       {"root", "listing", "reverse-proxy", "health-check", "upstream-ca-bundle",
        "upstream-timeout", "trusted-proxy", "route", "strip-prefix", "redirect-to", "error-pages",
        "header", "security-headers", "hsts", "basic-auth", "compress", "max-body"}) {
    const Option* option = find_option(name);
    ASSERT_NE(option, nullptr) << name;
    EXPECT_TRUE(takes(Verb::serve, *option)) << name;
    const std::string flag = "--" + std::string(name);
    EXPECT_NE(help.find("      " + flag + " "), std::string::npos) << name;
    EXPECT_NE(serve_page.find("\\fB" + in_roff(flag) + "\\fR"), std::string::npos) << name;
    const bool is_key = option->scope != Scope::line;
    EXPECT_EQ(toml.find("\\fB" + config_key(*option) + "\\fR") != std::string::npos, is_key)
        << name;
    const bool in_example = readme.find("\n" + config_key(*option) + " = ") != std::string::npos ||
                            readme.find(" " + flag + " ") != std::string::npos;
    EXPECT_TRUE(in_example) << name << " is in no example of the README";
  }
  EXPECT_NE(readme.find("\n[[site.path]]\n"), std::string::npos);
}

}  // namespace
}  // namespace autohttps::tools
