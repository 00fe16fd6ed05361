// What setup would do on machines of all kinds, and that doing it leaves nothing to do.
#include <autohttps/tools/autohttps/setup/plan.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/memory_machine.h>
#include <autohttps/tools/autohttps/setup/apply.h>
#include <autohttps/tools/autohttps/setup/places.h>
#include <autohttps/tools/autohttps/setup/site_file.h>
#include <autohttps/tools/autohttps/setup/summary.h>
#include <autohttps/tools/autohttps/setup/unplan.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

constexpr const char* kConfig = "/etc/autohttps/autohttps.toml";

Output silent() {
  const auto nowhere = [](std::string_view) {};
  return Output(nowhere, nowhere, {});
}

class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    settings.names = {"a.test"};
    settings.store = "/var/lib/autohttps";
    settings.agree_to_terms = true;
    machine.dns["a.test"] = {"192.0.2.1"};
    machine.commands = {"cron"};
    machine.processes = {"cron"};
    machine.files["/etc/cron.d/other"] = "";
    machine.answers["/etc/init.d/autohttps status"] = {3, "not running"};
  }

  void serve() { settings.root = "/srv/a"; }
  void with_systemd() {
    machine.files["/run/systemd/system/x"] = "";
    for (const char* unit : {"autohttps.service", "autohttps.socket", "autohttps-renew.timer"}) {
      machine.answers[std::string("systemctl --quiet is-enabled ") + unit] = {1, ""};
      machine.answers[std::string("systemctl --quiet is-active ") + unit] = {1, ""};
    }
  }
  void held_by(const std::string& name, std::uint16_t port = 80) {
    machine.ports[port] = {name, name.empty() ? 0 : 812, ""};
  }

  Surroundings surroundings() {
    Surroundings found = look(settings, kConfig, machine);
    found.certificate = certificate;
    return found;
  }
  Plan plan() { return plan_setup(settings, surroundings()); }
  std::vector<std::string> whats(const Plan& plan) {
    std::vector<std::string> texts;
    for (const Change& change : plan.changes) texts.push_back(change.what);
    return texts;
  }
  Error refusal() {
    try {
      plan();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "it was not refused";
    return {ErrorCode::internal, ""};
  }
  // As after a run: files written, commands run, the certificate there.
  void carry_out(const Plan& plan) {
    Output output = silent();
    apply(plan.changes, machine, output);
    certificate.good = true;
    certificate.shortest_life = certificate.shortest_life.value_or(std::chrono::hours(24 * 90));
    if (!plan.serves) return;
    machine.answers["/etc/init.d/autohttps status"] = {0, ""};
    machine.files["/etc/rc2.d/S01autohttps"] = "";
    held_by("autohttps", 80);
    held_by("autohttps", 443);
  }

  Settings settings;
  MemoryMachine machine;
  CertificateLook certificate{.id = "a.test", .store = "/var/lib/autohttps"};
};

TEST_F(PlanTest, ACertificateAloneNeedsNoService) {
  EXPECT_EQ(whats(plan()),
            (std::vector<std::string>{
                "get a certificate for a.test, answered on port 80",
                "write /etc/autohttps/sites.d/a.test.toml: what is served, and how",
                "write /etc/cron.d/autohttps: renewal looks every hour, from minute 17 on"}));
}

TEST_F(PlanTest, ASiteIsServedByAnInitScriptWhereThereIsNoSystemd) {
  serve();
  EXPECT_EQ(whats(plan()),
            (std::vector<std::string>{
                "get a certificate for a.test, answered on port 80",
                "write /etc/autohttps/sites.d/a.test.toml: what is served, and how",
                "write /etc/cron.d/autohttps: renewal looks every hour, from minute 17 on",
                "write /etc/init.d/autohttps: the service", "run update-rc.d autohttps defaults",
                "run update-rc.d autohttps enable: it starts with the machine",
                "run /etc/init.d/autohttps start"}));
  EXPECT_TRUE(plan().warnings.empty());
}

TEST_F(PlanTest, ASiteIsServedByAUnitWhereSystemdRuns) {
  serve();
  with_systemd();
  EXPECT_EQ(
      whats(plan()),
      (std::vector<std::string>{
          "get a certificate for a.test, answered on port 80",
          "write /etc/autohttps/sites.d/a.test.toml: what is served, and how",
          "write /etc/systemd/system/autohttps-renew.service: looks every hour",
          "write /etc/systemd/system/autohttps-renew.timer: looks every hour",
          "run systemctl daemon-reload", "run systemctl enable autohttps-renew.timer",
          "run systemctl restart autohttps-renew.timer: renewal begins to look",
          "write /etc/systemd/system/autohttps.service: the service", "run systemctl daemon-reload",
          "run systemctl enable autohttps.service: it starts with the machine",
          "run systemctl start autohttps.service"}));
}

TEST_F(PlanTest, WhatThePackageBroughtIsNotWritten) {
  serve();
  with_systemd();
  for (const char* unit :
       {"autohttps.service", "autohttps-renew.service", "autohttps-renew.timer"}) {
    machine.files[kPackageUnits + std::string(unit)] = "[Timer]\nOnCalendar=hourly\n";
  }
  for (const Change& change : plan().changes) {
    EXPECT_FALSE(change.path.starts_with("/etc/systemd")) << change.what;
  }
  certificate.shortest_life = std::chrono::minutes(6);
  const Plan shorter = plan();
  const auto found = std::ranges::find(shorter.changes, kTimerCadence, &Change::path);
  ASSERT_NE(found, shorter.changes.end());
  EXPECT_NE(found->text.find("OnCalendar=\nOnCalendar=*:0/1\n"), std::string::npos) << found->text;
}

TEST_F(PlanTest, TheSameAgainChangesNothing) {
  for (const bool serves : {false, true}) {
    if (serves) serve();
    carry_out(plan());
    EXPECT_EQ(whats(plan()), std::vector<std::string>{}) << serves;
    certificate.good = false;
  }
}

TEST_F(PlanTest, TheServicesUserIsMadeBeforeTheStore) {
  machine.users.clear();
  machine.commands.insert("useradd");
  EXPECT_EQ(plan().changes.front().what,
            "run useradd --system --user-group --no-create-home --home-dir /var/lib/autohttps "
            "--shell /usr/sbin/nologin autohttps: whose the keys are, and as whom the server runs");
  EXPECT_EQ(plan().changes[1].kind, Change::Kind::certificate);
  machine.root = false;
  EXPECT_EQ(plan().changes.front().kind, Change::Kind::certificate);
}

TEST_F(PlanTest, ASecondSiteReloadsTheServiceThatRuns) {
  serve();
  carry_out(plan());
  machine.dns["b.test"] = {"192.0.2.1"};
  settings.names = {"b.test"};
  settings.root = "/srv/b";
  certificate = {.id = "b.test", .store = "/var/lib/autohttps"};
  certificate.shortest_life = std::chrono::hours(24 * 90);
  EXPECT_EQ(whats(plan()),
            (std::vector<std::string>{
                "get a certificate for b.test, answered by the server that runs",
                "write /etc/autohttps/sites.d/b.test.toml: what is served, and how",
                "run /etc/init.d/autohttps reload: it takes the new site up, without a break"}));
}

TEST_F(PlanTest, ShortLivesAreLookedAtMoreOften) {
  carry_out(plan());
  certificate.shortest_life = std::chrono::minutes(6);
  EXPECT_EQ(whats(plan()),
            (std::vector<std::string>{"write /etc/cron.d/autohttps: renewal looks every minute"}));
  carry_out(plan());
  certificate.shortest_life = std::chrono::hours(24 * 90);
  EXPECT_TRUE(plan().changes.empty()) << "a file of cron is not made slower behind a person's back";
}

TEST_F(PlanTest, WithoutCronAndSystemdItSaysSo) {
  machine.commands.clear();
  EXPECT_EQ(plan().changes.size(), 2u);
  ASSERT_EQ(plan().warnings.size(), 1u);
  EXPECT_NE(plan().warnings[0].find("apt-get install cron"), std::string::npos);
  machine.commands = {"cron"};
  machine.processes.clear();
  ASSERT_EQ(plan().warnings.size(), 1u);
  EXPECT_NE(plan().warnings[0].find("service cron start"), std::string::npos);
}

TEST_F(PlanTest, AFileThatWasEditedIsKept) {
  carry_out(plan());
  std::string& text = machine.files["/etc/autohttps/sites.d/a.test.toml"];
  text += "email = \"me@a.test\"\n";
  EXPECT_TRUE(plan().changes.empty());
  ASSERT_EQ(plan().warnings.size(), 1u);
  EXPECT_NE(plan().warnings[0].find("stays as it is"), std::string::npos);
  settings.yes = true;
  EXPECT_TRUE(plan().changes.empty());
  settings.force = true;
  EXPECT_EQ(whats(plan()),
            (std::vector<std::string>{
                "get a certificate for a.test, answered on port 80",
                "write /etc/autohttps/sites.d/a.test.toml: what is served, and how, anew"}));
}

TEST_F(PlanTest, AWebServerOnThePortIsUsed) {
  held_by("nginx");
  machine.answers["nginx -T"] = {
      0,
      "# configuration file /etc/nginx/sites-enabled/a:\nserver { listen 80; server_name a.test; "
      "root /srv/a; }\n"};
  const Plan beside = plan();
  EXPECT_EQ(beside.site.webroot, "/srv/a");
  EXPECT_EQ(beside.site.deploy, std::vector<std::string>{"reload-nginx"});
  EXPECT_EQ(beside.changes.front().what,
            "get a certificate for a.test, answered by files in "
            "/srv/a/.well-known/acme-challenge");
  EXPECT_EQ(beside.snippet.text,
            "server {\n    listen 443 ssl;\n    server_name a.test;\n    root /srv/a;\n"
            "    index index.html;\n"
            "    ssl_certificate "
            "/var/lib/autohttps/certificates/a.test/current/fullchain.pem;\n"
            "    ssl_certificate_key "
            "/var/lib/autohttps/certificates/a.test/current/privkey.pem;\n"
            "    ssl_protocols TLSv1.2 TLSv1.3;\n}\n");
}

TEST_F(PlanTest, ApacheOnThePortIsUsed) {
  held_by("apache2");
  machine.files["/etc/apache2/sites-enabled/000-default.conf"] =
      "<VirtualHost *:80>\nDocumentRoot /var/www/html\n</VirtualHost>\n";
  const Plan beside = plan();
  EXPECT_EQ(beside.site.webroot, "/var/www/html");
  EXPECT_EQ(beside.site.deploy, std::vector<std::string>{"reload-apache"});
  EXPECT_NE(beside.snippet.text.find("<VirtualHost *:443>\n    ServerName a.test\n"),
            std::string::npos);
}

TEST_F(PlanTest, ASecureSiteThatIsThereGetsLinesOnly) {
  held_by("nginx");
  machine.answers["nginx -T"] = {
      0,
      "# configuration file /etc/nginx/sites-enabled/a:\nserver { server_name a.test; return 301 "
      "https://a.test; } server { listen 443 ssl; server_name a.test; root /srv/a; }\n"};
  const Plan beside = plan();
  EXPECT_EQ(beside.site.webroot, "/srv/a") << "the CA follows the redirect";
  EXPECT_FALSE(beside.snippet.whole);
  EXPECT_EQ(beside.snippet.file, "/etc/nginx/sites-enabled/a");
}

TEST_F(PlanTest, RefusesWithTheHolderAndTheWaysOut) {
  struct Case {
    const char* holder;
    bool serves;
    const char* text;
    const char* hint;
  };
  for (const Case& one : {
           Case{"python3", false, "port 80 is needed for the CA's question, and held by python3",
                "--webroot DIR"},
           Case{"python3", true, "port 80 is needed to serve a.test, and held by python3 (pid 812)",
                "kill 812"},
           Case{"nginx", true, "held by nginx (pid 812)", "leave out --root and --reverse-proxy"},
           Case{"nginx", false, "no folder in its configuration", "location /.well-known/"},
           Case{"apache2", false, "no folder in its configuration", "Alias /.well-known/"},
           Case{"", false, "held by a process that cannot be seen", "ss -ltnp"},
       }) {
    held_by(one.holder);
    held_by(one.holder, 443);
    settings.root = one.serves ? "/srv/a" : "";
    machine.answers["nginx -T"] = {0, "server { return 301 https://$host; }"};
    const Error error = refusal();
    EXPECT_NE(std::string(error.what()).find(one.text), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find(one.hint), std::string::npos) << error.hint();
  }
}

// Of a stranger: a web server that is known is asked to answer.
TEST_F(PlanTest, WherePort80IsHeldPort443AnswersTheCa) {
  held_by("python3");
  EXPECT_EQ(whats(plan()).front(), "get a certificate for a.test, answered on port 443");
  settings.challenge = "http-01";
  EXPECT_EQ(refusal().code(), ErrorCode::port);
}

TEST_F(PlanTest, AForcedWayNeedsItsOwnPortAlone) {
  settings.challenge = "tls-alpn-01";
  held_by("python3");
  EXPECT_EQ(whats(plan()).front(), "get a certificate for a.test, answered on port 443");
  held_by("haproxy", 443);
  EXPECT_NE(std::string(refusal().what()).find("port 443 is needed for the CA's question"),
            std::string::npos);
  settings.challenge = "dns-01";
  settings.dns_hook = "hook";
  EXPECT_EQ(whats(plan()).front(), "get a certificate for a.test, answered by DNS");
}

TEST_F(PlanTest, ARefusalNamesTheUnitToStop) {
  serve();
  machine.ports[443] = {"haproxy", 99, "haproxy.service"};
  const Error error = refusal();
  EXPECT_EQ(error.code(), ErrorCode::port);
  EXPECT_NE(std::string(error.what()).find("port 443"), std::string::npos) << error.what();
  EXPECT_NE(error.hint().find("systemctl disable --now haproxy.service"), std::string::npos);
}

TEST_F(PlanTest, WhatIsPassedOnIsNotAnsweredByTheDefaultSecureSite) {
  held_by("nginx");
  machine.answers["nginx -T"] = {
      0,
      "server { server_name a.test; location / { proxy_pass http://127.0.0.1:9; } }"
      "server { listen 443 ssl; server_name b.test; root /srv/b; }"};
  EXPECT_EQ(refusal().code(), ErrorCode::config);
}

TEST_F(PlanTest, NamesInDifferentFoldersAreNotOneCertificate) {
  held_by("nginx");
  settings.names = {"a.test", "b.test"};
  machine.answers["nginx -T"] = {0,
                                 "server { server_name a.test; root /srv/a; }"
                                 "server { server_name b.test; root /srv/b; }"};
  const Error error = refusal();
  EXPECT_NE(error.hint().find("autohttps setup a.test, then autohttps setup b.test"),
            std::string::npos)
      << error.hint();
}

TEST_F(PlanTest, AddressesAreWarningsAndNeverInTheWay) {
  struct Case {
    std::vector<std::string> addresses;
    const char* warning;  // empty: none
  };
  for (const Case& one : {Case{{}, "has no address in DNS"}, Case{{"192.0.2.1", "2001:db8::1"}, ""},
                          Case{{"198.51.100.7"}, "the address 198.51.100.7, which is not"},
                          Case{{"192.0.2.1", "2001:db8::bad"}, "the IPv6 address 2001:db8::bad"}}) {
    machine.dns["a.test"] = one.addresses;
    const Plan made = plan();
    EXPECT_EQ(made.changes.size(), 3u);
    ASSERT_EQ(made.warnings.size(), *one.warning == '\0' ? 0u : 1u);
    if (made.warnings.empty()) continue;
    EXPECT_NE(made.warnings[0].find(one.warning), std::string::npos) << made.warnings[0];
  }
}

TEST_F(PlanTest, CertbotIsMentioned) {
  machine.files["/etc/letsencrypt/live/a.test/README"] = "";
  ASSERT_EQ(plan().warnings.size(), 1u);
  EXPECT_NE(plan().warnings[0].find("certbot delete --cert-name a.test"), std::string::npos);
}

TEST_F(PlanTest, UninstallTakesBackWhatSetupMade) {
  const auto before = machine.files;
  serve();
  carry_out(plan());
  machine.ran.clear();
  const Plan back = plan_uninstall(surroundings());
  EXPECT_EQ(whats(back), (std::vector<std::string>{
                             "run /etc/init.d/autohttps stop", "remove /etc/init.d/autohttps",
                             "run update-rc.d autohttps remove", "remove /etc/cron.d/autohttps",
                             "remove /etc/autohttps/sites.d/a.test.toml",
                             "remove /etc/autohttps/sites.d if nothing else is in it",
                             "remove /etc/autohttps if nothing else is in it"}));
  Output output = silent();
  apply(back.changes, machine, output);
  machine.files.erase("/etc/rc2.d/S01autohttps");  // what update-rc.d does
  EXPECT_EQ(machine.files, before);
  machine.answers["/etc/init.d/autohttps status"] = {3, ""};
  EXPECT_TRUE(plan_uninstall(surroundings()).changes.empty());
}

TEST_F(PlanTest, UninstallTakesThePortsFromSystemdBeforeTheServiceStops) {
  with_systemd();
  for (const char* question : {"is-enabled autohttps.socket", "is-active autohttps.service"}) {
    machine.answers[std::string("systemctl --quiet ") + question] = {0, ""};
  }
  EXPECT_EQ(whats(plan_uninstall(surroundings())),
            (std::vector<std::string>{"run systemctl disable --now autohttps.socket",
                                      "run systemctl stop autohttps.service"}));
}

TEST_F(PlanTest, UninstallLeavesWhatPeopleWroteAndThePackageHas) {
  serve();
  carry_out(plan());
  machine.files["/etc/autohttps/sites.d/a.test.toml"] += "# mine\n";
  machine.files["/etc/cron.d/autohttps"] = "1 1 * * * root my own renew\n";
  machine.files["/var/lib/dpkg/info/autohttps.list"] = "/etc/init.d/autohttps\n/etc/autohttps\n";
  const Plan back = plan_uninstall(surroundings());
  EXPECT_EQ(whats(back), (std::vector<std::string>{"run /etc/init.d/autohttps stop",
                                                   "run update-rc.d autohttps disable"}));
  ASSERT_EQ(back.warnings.size(), 1u);
  EXPECT_NE(back.warnings[0].find("changed by hand and stays"), std::string::npos);
}

TEST_F(PlanTest, FilesHaveTheModesTheyNeed) {
  serve();
  carry_out(plan());
  EXPECT_EQ(machine.modes["/etc/init.d/autohttps"], 0755u);
  EXPECT_EQ(machine.modes["/etc/cron.d/autohttps"], 0644u) << "cron ignores what others may write";
  EXPECT_EQ(machine.modes["/etc/autohttps/sites.d/a.test.toml"], 0644u);
}

TEST_F(PlanTest, AFailedCommandStopsAndIsTold) {
  serve();
  machine.answers["/etc/init.d/autohttps start"] = {1, "first line\n\x1b[31mport 443 is taken\n"};
  Output output = silent();
  try {
    apply(plan().changes, machine, output);
    FAIL() << "it did not fail";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "\"/etc/init.d/autohttps start\" failed (exit 1): first line; \\x1b[31mport 443 is "
              "taken");
  }
}

}  // namespace
}  // namespace autohttps::tools
