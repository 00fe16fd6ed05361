#include <autohttps/tools/autohttps/config.h>

#include <autohttps/acme/store/certificate_spec.h>

#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tools/autohttps/ca_settings.h>

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace autohttps::tools {
namespace {

using Texts = std::vector<std::string>;

class ConfigTest : public ::testing::Test {
 protected:
  Config read(const std::string& main, bool look_at_paths = false) {
    folder_.write("autohttps.toml", main);
    line_.config = folder_ / "autohttps.toml";
    return read_config(line_, look_at_paths);
  }

  // "3:1: text | hint" of each problem; a file of sites.d with its name in front.
  Texts complaints(const std::string& main, bool look_at_paths = false) {
    const Config config = read(main, look_at_paths);
    Texts texts;
    for (const ConfigProblem& problem : config.problems) {
      std::string text = headline(problem);
      const std::string main_file = (folder_ / "autohttps.toml").string() + ":";
      const std::string sites = (folder_ / "sites.d").string() + "/";
      if (text.starts_with(main_file)) text = text.substr(main_file.size());
      if (text.starts_with(sites)) text = text.substr(sites.size());
      texts.push_back(text + (problem.hint.empty() ? "" : " | " + problem.hint));
    }
    return texts;
  }

  TemporaryFolder folder_;
  Settings line_;
};

TEST_F(ConfigTest, SitesHaveTheMainFilesKeysAndTheirOwn) {
  folder_.write("sites.d/b.toml",
                "names = 'b.test'\nroot = '/srv/b'\nemail = 'b@b.test'\ndeploy = []\n");
  folder_.write("sites.d/a.toml", "names = ['c.test']\n");
  folder_.write("sites.d/.a.toml.swp", "no TOML");
  folder_.write("sites.d/old.toml~", "no TOML");
  const Config config = read(R"(
http_port = 8080
email = "all@a.test"
agree_tos = true
lock_timeout = "2m"
at_once = 3
deploy = ["reload-nginx", "mail 'x y'"]

[[site]]
names = ["A.test", "www.a.test."]
reverse_proxy = "http://127.0.0.1:3000/base/"
redirect_to = "a.test"
key_type = "rsa2048"
)");
  ASSERT_TRUE(config.problems.empty()) << headline(config.problems.front());
  EXPECT_EQ(config.global.http_port, 8080);
  EXPECT_EQ(config.global.lock_timeout, std::chrono::minutes(2));
  EXPECT_EQ(config.global.at_once, 3);
  ASSERT_EQ(config.sites.size(), 3);
  const Settings& first = config.sites[0];
  EXPECT_EQ(first.names, (Texts{"a.test", "www.a.test"}));
  EXPECT_EQ(first.reverse_proxy, Texts{"http://127.0.0.1:3000/base/"});
  EXPECT_EQ(first.redirect_to, "a.test");
  EXPECT_EQ(first.key_types, std::vector{KeyType::rsa2048});
  EXPECT_EQ(first.email, "all@a.test");
  EXPECT_EQ(first.http_port, 8080);
  EXPECT_TRUE(first.agree_to_terms);
  EXPECT_EQ(first.deploy, (Texts{"reload-nginx", "mail 'x y'"}));
  EXPECT_EQ(config.sites[1].names, Texts{"c.test"}) << "files in the order of their names";
  EXPECT_EQ(config.sites[2].names, Texts{"b.test"});
  EXPECT_EQ(config.sites[2].email, "b@b.test");
  EXPECT_EQ(config.sites[2].root, "/srv/b");
  EXPECT_EQ(config.sites[2].deploy, Texts{});
  EXPECT_EQ(config.files.size(), 3);
}

TEST_F(ConfigTest, WhatTheLineSaysNoFileChanges) {
  line_.email = "line@a.test";
  line_.deploy = {"from-line"};
  line_.told = {"email", "deploy"};
  const Config config = read(
      "email = 'main@a.test'\ndeploy = 'main'\n[[site]]\nnames = 'a.test'\nemail = "
      "'site@a.test'\ndeploy = ['site']\n");
  EXPECT_TRUE(config.problems.empty());
  EXPECT_EQ(config.global.email, "line@a.test");
  EXPECT_EQ(config.global.deploy, Texts{"from-line"});
  ASSERT_EQ(config.sites.size(), 1);
  EXPECT_EQ(config.sites[0].email, "line@a.test");
  EXPECT_EQ(config.sites[0].deploy, Texts{"from-line"});
}

TEST_F(ConfigTest, AFilesValueIsLookedAtAlthoughTheLineSaysAnother) {
  line_.told = {"http-port"};
  EXPECT_EQ(complaints("http_port = 70000\n"),
            Texts{"1:13: http_port: \"70000\" is not a number from 0 to 65535"});
}

TEST_F(ConfigTest, PathsAreRelativeToTheFilesFolder) {
  folder_.write("sites.d/a.toml", "names = 'a.test'\nroot = '../www'\n");
  const Config config = read("store = 'store'\nca_bundle = '/etc/ca.pem'\n");
  ASSERT_EQ(config.sites.size(), 1);
  EXPECT_EQ(config.sites[0].root, (folder_ / "www").string());
  EXPECT_EQ(config.global.store, (folder_ / "store").string());
  EXPECT_EQ(config.global.ca_bundle, "/etc/ca.pem");
}

TEST_F(ConfigTest, AnAccessLogIsMadeAndADashIsNoFile) {
  EXPECT_EQ(read("access_log = 'a.log'\n").global.access_log, (folder_ / "a.log").string());
  EXPECT_EQ(read("access_log = '-'\n").global.access_log, "-");
  EXPECT_EQ(complaints("access_log = 'not-yet.log'\n", true), Texts{});
}

TEST_F(ConfigTest, HooksAreKnownByWhoWroteThem) {
  const Config config = read("deploy = 'x'\n[[site]]\nnames = 'a.test'\n");
  ASSERT_EQ(config.sites.size(), 1);
  ASSERT_TRUE(config.sites[0].written_by.contains("deploy"));
  EXPECT_EQ(config.sites[0].written_by.at("deploy"), ::getuid());
}

struct Wrong {
  const char* text;
  Texts says;
};

TEST_F(ConfigTest, SaysWhereWhatIsWrongAndWhatIsRight) {
  const std::vector<Wrong> table = {
      {"http_prot = 80\n", {"1:1: \"http_prot\" is not a key | did you mean \"http_port\"?"}},
      {"\n  https-port = 80\n",
       {"2:3: \"https-port\" is not a key | did you mean \"https_port\"?"}},
      {"Email = 'x'\n", {"1:1: \"Email\" is not a key | did you mean \"email\"?"}},
      {"xyzzy = 1\n", {"1:1: \"xyzzy\" is not a key"}},
      {"force = true\n", {"1:1: \"force\" cannot be set in a file | it is the flag --force"}},
      {"config = 'x'\n", {"1:1: \"config\" cannot be set in a file | it is the flag --config"}},
      {"root = '/srv'\n", {"1:1: \"root\" is about one site | write it beneath a [[site]] line"}},
      {"names = ['a.test']\n",
       {"1:1: \"names\" is about one site | write it beneath a [[site]] line"}},
      {"http_port = '80'\n", {"1:13: http_port is a string | it takes a number, without quotes"}},
      {"http_port = 80.5\n",
       {"1:13: http_port is a number with a fraction | it takes a number, without quotes"}},
      {"agree_tos = 'yes'\n",
       {"1:13: agree_tos is a string | it takes true or false, without quotes"}},
      {"agree_tos = 1\n", {"1:13: agree_tos is a number | it takes true or false, without quotes"}},
      {"email = 2026-01-01\n", {"1:9: email is a date or time | it takes a string in quotes"}},
      {"deploy = [['x']]\n",
       {"1:11: deploy is a list | it takes a list of strings, as in [\"one\", \"two\"]"}},
      {"lock_timeout = true\n",
       {"1:16: lock_timeout is true or false | it takes seconds as a number, or a string such as "
        "\"2m\""}},
      {"deploy = ['a', ' ']\n", {"1:16: deploy: \" \" is not a command: it is empty"}},
      {"limits = 'few'\n",
       {"1:10: limits: there are no limits \"few\" | use one of letsencrypt, "
        "letsencrypt-staging, conservative, none"}},
      {"server = 'http://ca.test/dir'\n",
       {"1:10: server: the CA's directory \"http://ca.test/dir\" is http: a certificate asked for "
        "over a connection that anyone can change is worth nothing | use the CA's https:// "
        "address; for a CA of your own that has a private certificate, add --ca-bundle FILE"}},
      {"[site]\nnames = 'a.test'\n",
       {"1:1: \"site\" is a table | each site begins with a line [[site]], in two brackets"}},
      {"site = [1]\n",
       {"1:9: a site is a number | each site begins with a line [[site]], in two brackets"}},
      {"[tls]\nmin = 1\n", {"1:2: \"tls\" is not a key"}},
      {"[[path]]\nprefix = '/a'\n",
       {"1:3: \"path\" is not a key | in this file a path begins with a line [[site.path]], "
        "beneath its [[site]]"}},
      {"[[site]]\n",
       {"1:1: this site has no names | names = [\"example.com\", \"www.example.com\"]"}},
      {"[[site]]\nnames = []\n",
       {"2:9: this site has no names | names = [\"example.com\", \"www.example.com\"]"}},
      {"[[site]]\nnames = ['a.test']\nhttp_port = 80\n",
       {"3:1: \"http_port\" is about the whole program, not one site | write it above the first "
        "[[site]] line"}},
      {"[[site]]\nnames = ['a.test']\nrot = 'x'\n",
       {"3:1: \"rot\" is not a key of a site | did you mean \"root\"?"}},
      {"[[site]]\nnames = ['https://a.test']\n",
       {"2:9: \"https://a.test\" is a URL, not a domain name | try \"a.test\""}},
      {"[[site]]\nnames = ['b\xc3\xbc"
       "cher.test']\n",
       {"2:9: \"b\xc3\xbc"
        "cher.test\" is not ASCII: certificates hold internationalised names in "
        "their xn-- form | give the form that `idn2 b\xc3\xbc"
        "cher.test` shows (package idn2), or "
        "your registrar, as in \"xn--bcher-kva.example\""}},
      {"[[site]]\nnames = ['a.test']\nname = '../x'\n",
       {"2:9: \"../x\" cannot name a certificate | use letters, digits, \".\", \"_\" and \"-\", no "
        "\".\" in front, at most 200 in all"}},
      {"[[site]]\nnames = ['a.test']\nroot = '/srv'\nreverse_proxy = 'http://127.0.0.1:1'\n",
       {"2:9: site \"a.test\" has both a root and a reverse proxy | leave out one of the two"}},
      {"[[site]]\nnames = ['a.test']\nredirect_to = 'https://b.test'\n",
       {"3:15: redirect_to: \"https://b.test\" is a URL, not a domain name | try \"b.test\""}},
      {"[[site]]\nnames = ['a.test']\nredirect_to = '*.b.test'\n",
       {"3:15: redirect_to: \"*.b.test\" is not one host: visitors are sent to it"}},
      {"[[site]]\nnames = ['a.test']\nreverse_proxy = 'localhost:3000'\n",
       {"3:17: reverse_proxy: \"localhost:3000\" has no http:// or https:// in front | try "
        "\"http://localhost:3000\""}},
      {"staging = true\n[[site]]\nnames = ['a.test']\nserver = 'https://ca.test/d'\n",
       {"3:9: staging and server name two different CAs | leave out one of them: staging is Let's "
        "Encrypt's test CA"}},
  };
  for (const Wrong& wrong : table) EXPECT_EQ(complaints(wrong.text), wrong.says) << wrong.text;
}

TEST_F(ConfigTest, ACaHasATableOfItsOwn) {
  const Config config = read(R"(
server = "corp"
fallback_server = ["zerossl", "letsencrypt"]
email = "all@a.test"
ca_bundle = "general.pem"

[ca.corp]
server = "https://ca.corp.test/acme"
ca_bundle = "corp.pem"
ca_proxy = "http://proxy.test:3128"
limits = "none"
agree_tos = true

[ca.zerossl]
email = "z@a.test"
eab_kid = "kid"
eab_key_file = "zerossl.key"
eab_algorithm = "HS512"

[[site]]
names = ["a.test"]
)");
  ASSERT_TRUE(config.problems.empty()) << headline(config.problems.front());
  const Settings& site = config.sites.at(0);
  const CaOptions corp{.server = "https://ca.corp.test/acme",
                       .ca_bundle = folder_ / "corp.pem",
                       .ca_proxy = "http://proxy.test:3128",
                       .email = "all@a.test",
                       .limits = "none",
                       .agree_to_terms = true};
  EXPECT_EQ(first_ca(site), corp);
  const std::vector<CaOptions> others = fallback_cas(site);
  ASSERT_EQ(others.size(), 2U);
  EXPECT_EQ(others[0].server, "https://acme.zerossl.com/v2/DV90");
  EXPECT_EQ(others[0].email, "z@a.test");
  EXPECT_EQ(others[0].external_account, (ExternalAccount{"kid", folder_ / "zerossl.key", "HS512"}));
  EXPECT_FALSE(others[0].agree_to_terms);
  EXPECT_EQ(others[1], CaOptions{.server = std::string(acme::kLetsEncrypt)});
}

TEST_F(ConfigTest, TheLineGoesBeforeACasTable) {
  line_.server = "corp";
  line_.ca_bundle = "/line.pem";
  line_.told = {"server", "ca-bundle"};
  const Config config = read("[ca.corp]\nserver = 'https://ca.test/'\nca_bundle = 'x.pem'\n");
  EXPECT_EQ(first_ca(config.global).server, "https://ca.test/");
  EXPECT_EQ(first_ca(config.global).ca_bundle, "/line.pem");
}

TEST_F(ConfigTest, ACaThatThereIsNotIsToldBeforeItIsNeeded) {
  const std::string names =
      "letsencrypt, letsencrypt-staging, zerossl, google, google-staging, "
      "ssl.com, ssl.com-rsa";
  const std::string others =
      "; any other by its directory's URL, or by a [ca.NAME] table of the "
      "configuration";
  const std::vector<std::pair<std::string, Texts>> cases = {
      {"server = 'crop'\n[ca.corp]\nserver = 'https://ca.test/'\n[[site]]\nnames = ['a.test']\n",
       {"5:9: there is no CA \"crop\" | did you mean \"corp\"? there are " + names + ", corp" +
        others}},
      {"[ca.corp]\nca_bundle = 'x'\n",
       {"1:5: the CA \"corp\" has no server | server = \"https://...\", its ACME directory's URL"}},
      {"[ca.corp]\nserver = 'https://ca.test/'\nkey_type = 'ec256'\nserve = 1\n",
       {"3:1: \"key_type\" is not about a CA | write it above the first table, or beneath a "
        "[[site]] line",
        "4:1: \"serve\" is not a key of a CA | did you mean \"server\"?"}},
      {"[ca]\nserver = 'https://ca.test/'\n",
       {"1:1: \"ca\" is not a table of CAs | each CA begins with a line [ca.NAME], in one "
        "bracket"}},
      {"[ca.'../x']\nserver = 'https://ca.test/'\n",
       {"1:5: \"../x\" cannot be a CA's name | use small letters, digits, \"-\" and \"_\""}},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(complaints(text), expected) << text;
  EXPECT_EQ(complaints("fallback_server = ['nobody']\n").size(), 1U);
  line_.server = "nobody";
  line_.told.insert("server");
  EXPECT_EQ(complaints("agree_tos = true\n"), Texts{}) << "the line's mistake, and not a file's";
}

TEST_F(ConfigTest, AllProblemsAreToldInTheirOrder) {
  folder_.write("sites.d/a.toml", "names = 'x.test'\nhttp_port = 1\n[[site]]\n");
  const Texts says = {
      "1:1: \"a\" is not a key",
      "2:13: http_port: \"70000\" is not a number from 0 to 65535",
      "4:9: \"a@b.test\" is an e-mail address, not a domain name | try \"b.test\"",
      "5:1: \"b\" is not a key of a site",
      "a.toml:2:1: \"http_port\" is about the whole program, not one site | write it into the main "
      "file",
      "a.toml:3:3: \"site\" is not a key of a site | a file of sites.d is one site: write its keys "
      "without a table"};
  EXPECT_EQ(complaints("a = 1\nhttp_port = 70000\n[[site]]\nnames = ['a@b.test']\nb = 2\n"), says);
}

TEST_F(ConfigTest, ANameAndACertificateAreOneSites) {
  folder_.write("sites.d/b.toml", "names = ['b.test', 'A.TEST']\n");
  folder_.write("sites.d/c.toml", "names = ['c.test']\nname = 'one'\n");
  const std::string main = folder_ / "autohttps.toml";
  const Texts says = {
      "b.toml:1:9: \"a.test\" belongs to another site already, at " + main +
          ":2:9 | a name is one site's: leave it out in one of the two",
      "c.toml:1:9: the certificate's name \"one\" belongs to another site already, at " + main +
          ":2:9"};
  EXPECT_EQ(complaints("[[site]]\nnames = ['a.test']\nname = 'one'\n"), says);
}

TEST_F(ConfigTest, StagingIsForAllSitesOrNone) {
  folder_.write("sites.d/b.toml", "names = ['b.test']\nstaging = true\n");
  EXPECT_TRUE(read("").global.staging) << "the whole program's, since it means another store";
  const Texts says = complaints("[[site]]\nnames = ['a.test']\n");
  ASSERT_EQ(says.size(), 1);
  EXPECT_NE(says[0].find("b.toml:1:9: this site and the one at"), std::string::npos) << says[0];
  EXPECT_NE(says[0].find("differ in staging"), std::string::npos) << says[0];
}

TEST_F(ConfigTest, ASiteWithAProblemLeavesTheOthers) {
  folder_.write("sites.d/bad.toml", "names = ['x\n");
  const Config config = read("[[site]]\nnames = ['a.test']\n[[site]]\nnames = ['nodot']\n");
  EXPECT_EQ(config.problems.size(), 2);
  ASSERT_EQ(config.sites.size(), 1);
  EXPECT_EQ(config.sites[0].names, Texts{"a.test"});
  EXPECT_TRUE(config.sound);
  EXPECT_FALSE(read("store = 5\n").sound);
  EXPECT_FALSE(read("store = '/x\n").sound);
}

TEST_F(ConfigTest, SyntaxErrorsHaveTheirPlaceToo) {
  for (const char* text : {"a = \n", "= 1\n", "a = 'x\n", "[[site\n", "a = 1\na = 2\n", "\xff\xfe",
                           "a = \"\\q\"\n", "a = 1 b = 2\n", "a = [1,\n"}) {
    const Texts says = complaints(text);
    ASSERT_EQ(says.size(), 1) << text;
    EXPECT_NE(says[0].find("this is not TOML: "), std::string::npos) << says[0];
    EXPECT_EQ(says[0].find('\n'), std::string::npos) << says[0];
  }
}

TEST_F(ConfigTest, DeepNestingAndManySitesAreAnErrorNotADeath) {
  EXPECT_EQ(complaints("a = " + std::string(100'000, '[') + "\n").size(), 1);
  std::string many;
  for (int i = 0; i < 10'001; ++i) many += "[[site]]\nnames='s" + std::to_string(i) + ".test'\n";
  const Texts says = complaints(many);
  ASSERT_EQ(says.size(), 1);
  EXPECT_NE(says[0].find("more than 10000 sites"), std::string::npos) << says[0];
}

TEST_F(ConfigTest, FilesThatCannotBeAreRefused) {
  EXPECT_EQ(complaints(std::string((1 << 20) + 1, '#')).size(), 1);
  folder_.write("sites.d/a.toml", "names = 'a.test'\n");
  std::filesystem::create_directory(folder_ / "sites.d/folder.toml");
  std::filesystem::permissions(folder_ / "sites.d/a.toml", std::filesystem::perms(0666));
  const std::string path = folder_ / "sites.d/a.toml";
  EXPECT_EQ(
      complaints(""),
      (Texts{"a.toml: every user of this machine may change this file | chmod o-w \"" + path + "\"",
             "folder.toml: this is a folder, not a file"}));
}

TEST_F(ConfigTest, AFileThatWasNamedMustBeThere) {
  line_.config = folder_ / "missing.toml";
  const Config config = read_config(line_);
  ASSERT_EQ(config.problems.size(), 1);
  EXPECT_EQ(headline(config.problems[0]), line_.config + ": opening it: No such file or directory");
  EXPECT_FALSE(config.sound);
}

TEST_F(ConfigTest, AnEmptyFileIsNoSites) {
  line_.config = "/dev/null";
  const Config config = read_config(line_);
  EXPECT_TRUE(config.problems.empty());
  EXPECT_TRUE(config.sites.empty());
}

TEST_F(ConfigTest, PathsAreLookedAtWhenAskedFor) {
  folder_.write("www/index.html", "x");
  const std::string main =
      "ca_bundle = 'www'\nstore = 'not-yet'\n[[site]]\nnames = 'a.test'\nroot = 'gone'\n"
      "[[site]]\nnames = 'b.test'\nroot = 'www/index.html'\n[[site]]\nnames = 'c.test'\nroot = "
      "'www'\n";
  const std::string at = folder_.path().string() + "/";
  EXPECT_EQ(complaints(main, true),
            (Texts{"1:13: ca_bundle \"" + at + "www\" is a folder, not a file",
                   "5:8: root \"" + at + "gone\" is not there",
                   "8:8: root \"" + at + "www/index.html\" is a file, not a folder"}));
  EXPECT_EQ(complaints("deploy = ['/bin/true', '/bin/nowhere x', 'nobody', 'none']\n"
                       "dns_hook = 'nobody y'\n",
                       true)
                .size(),
            3U)
      << "programs are not there either";
  EXPECT_EQ(complaints(main), Texts{}) << "a disk that is not there yet must not stop a server";
}

TEST_F(ConfigTest, AProblemIsShownWithItsLine) {
  const Config config = read("email = 'a@a.test'\n\thttp_prot = '\xe2\x80\xae'\n");
  ASSERT_EQ(config.problems.size(), 1);
  EXPECT_EQ(problem_text(config.problems[0]), (folder_ / "autohttps.toml").string() +
                                                  ":2:2: \"http_prot\" is not a key\n"
                                                  "  2 |  http_prot = '\\xe2\\x80\\xae'\n"
                                                  "    |  ^\n"
                                                  "  did you mean \"http_port\"?\n");
}

TEST_F(ConfigTest, ManyProblemsAreOneError) {
  EXPECT_FALSE(problem_of(read("")));
  const auto one = problem_of(read("http_prot = 1\n"));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->code(), ErrorCode::config);
  EXPECT_EQ(one->hint(), "did you mean \"http_port\"?");
  const auto two = problem_of(read("x = 1\ny = 2\n"));
  ASSERT_TRUE(two);
  EXPECT_NE(std::string(two->what()).find("x\" is not a key (and 1 more"), std::string::npos);
  EXPECT_NE(two->hint().find("autohttps config check --config "), std::string::npos);
}

TEST_F(ConfigTest, ACommandForASitesNamesHasItsKeys) {
  const Config config = read(
      "email = 'm@m.test'\n[[site]]\nnames = ['a.test', 'www.a.test']\nemail = 's@s.test'\nroot = "
      "'/srv'\n");
  const Settings same = settings_for(config, {"WWW.a.test", "a.test"});
  EXPECT_EQ(same.email, "s@s.test");
  EXPECT_EQ(same.root, "/srv");
  EXPECT_EQ(same.names, (Texts{"WWW.a.test", "a.test"}));
  EXPECT_EQ(settings_for(config, {"a.test"}).email, "m@m.test");
  EXPECT_EQ(settings_for(config, {}).email, "m@m.test");
}

TEST_F(ConfigTest, WhatTheLineServesIsNotMixedWithTheSites) {
  line_.reverse_proxy = {"http://127.0.0.1:1"};
  line_.told = {"reverse-proxy"};
  const Config config = read("[[site]]\nnames = 'a.test'\nroot = '/srv'\nredirect_to = 'b.test'\n");
  const Settings settings = settings_for(config, {"a.test"});
  EXPECT_EQ(settings.reverse_proxy, Texts{"http://127.0.0.1:1"});
  EXPECT_EQ(settings.root, "");
  EXPECT_EQ(settings.redirect_to, "");
}

TEST_F(ConfigTest, WhatTheLineSaysOfOneSiteIsNotSaidOfTheOthers) {
  line_.reverse_proxy = {"http://127.0.0.1:1"};
  line_.redirect_to = "www.b.test";
  line_.name = "b";
  line_.told = {"reverse-proxy", "redirect-to", "name"};
  const Config config = read("[[site]]\nnames = 'a.test'\nroot = '/srv'\n");
  EXPECT_TRUE(config.problems.empty()) << problem_text(config.problems.front());
  ASSERT_EQ(config.sites.size(), 1u);
  EXPECT_EQ(config.sites[0].root, "/srv");
  EXPECT_EQ(config.sites[0].reverse_proxy, Texts{});
  EXPECT_EQ(config.sites[0].redirect_to, "");
  EXPECT_EQ(config.sites[0].name, "");
}

}  // namespace
}  // namespace autohttps::tools
