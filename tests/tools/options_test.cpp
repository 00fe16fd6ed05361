#include <autohttps/tools/autohttps/options.h>

#include <autohttps/common/error.h>

#include <gtest/gtest.h>

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
                          Case{"limits", "few"},
                          Case{"challenge", "tls-sni-01"},
                          Case{"challenge", "HTTP-01"},
                          Case{"reverse-proxy", "a.test"},
                          Case{"redirect-to", "*.a.test"},
                          Case{"deploy", " "},
                          Case{"dns-hook", "no/such path"},
                          Case{"dns-timeout", "11m"},
                          Case{"eab-algorithm", "RS256"},
                          Case{"key-type", "ec256,ec384"},
                          Case{"key-type", "ec256,"},
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
  EXPECT_EQ(settings.http_port, 5002);
  EXPECT_EQ(settings.lock_timeout, std::chrono::seconds(120));
  EXPECT_EQ(settings.key_types, std::vector{KeyType::rsa2048});
  EXPECT_EQ(settings.server, "HTTPS://localhost:14000/dir");
  EXPECT_EQ(settings.names, (std::vector<std::string>{"a.test", "b.test"}));
  EXPECT_TRUE(settings.force);
}

}  // namespace
}  // namespace autohttps::tools
