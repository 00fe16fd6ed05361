// The hooks of tools/hooks, run against programs of ours in their PATH.
#include <autohttps/common/child_process.h>
#include <autohttps/tests/support/paths.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/test_certificates.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

namespace autohttps {
namespace {

using Words = std::vector<std::string>;

class ReadyHooksTest : public testing::Test {
 protected:
  ReadyHooksTest() {
    const TestChain chain = ca_.leaf(std::vector<std::string>{"a.test"});
    folder_.write("live/fullchain.pem", "text before\n" + chain.chain);
    folder_.write("live/privkey.pem", chain.key);
    chain_ = chain;
    facts_ = {{"HOOK", "deploy"},
              {"CERTIFICATE", "a.test"},
              {"NAMES", "a.test b.test"},
              {"FULLCHAIN", (folder_ / "live/fullchain.pem").string()},
              {"PRIVKEY", (folder_ / "live/privkey.pem").string()},
              {"GENERATION", "2"},
              {"NOT_AFTER", "2027-01-01T00:00:00Z"},
              {"DRY_RUN", "0"}};
    fake("systemctl", "exit 3");  // no systemd, unless a test says so
  }

  // A program that writes down how it was called and what it read, then does `then`.
  void fake(const std::string& name, const std::string& then = "exit 0") {
    const std::string log = (folder_ / "log").string();
    folder_.write("bin/" + name,
                  "#!/bin/sh\necho \"" + name + " $*\" >> " + log + "\n" + then + "\n");
    ::chmod((folder_ / ("bin/" + name)).c_str(), 0755);
  }
  std::string log() const { return folder_.read("log"); }

  ProcessResult run(const std::string& hook, const Words& words = {}) {
    ProcessOptions options;
    options.arguments = {(source_folder() / "tools/hooks" / hook).string()};
    options.arguments.insert(options.arguments.end(), words.begin(), words.end());
    options.environment = {"PATH=" + (folder_ / "bin").string() + ":/usr/bin:/bin"};
    for (const auto& [name, value] : facts_) {
      options.environment.push_back("AUTOHTTPS_" + name + "=" + value);
    }
    return run_process(options, {});
  }

  mode_t mode_of(const std::string& name) {
    struct stat status {};
    EXPECT_EQ(::stat((folder_ / name).c_str(), &status), 0) << name;
    return status.st_mode & 07777;
  }

  TemporaryFolder folder_;
  TestCa ca_;
  TestChain chain_;
  std::map<std::string, std::string> facts_;
};

struct Reload {
  const char* hook;
  const char* running;  // what tells that the service runs
  const char* service;  // its unit
  const char* checks;   // the line of the check
  const char* reloads;  // without systemd
  Words arguments;
};

TEST_F(ReadyHooksTest, ReloadsCheckFirstAndKnowWhetherSomethingRuns) {
  const std::string pem = (folder_ / "site.pem").string();
  const Reload table[] = {
      {"reload-nginx", "pidof", "nginx", "nginx -t -q", "nginx -s reload", {}},
      {"reload-apache", "pidof", "httpd", "apachectl configtest", "apachectl graceful", {}},
      {"reload-haproxy",
       "pidof",
       "haproxy",
       "haproxy -c -q -f /etc/haproxy/haproxy.cfg",
       "service haproxy reload",
       {pem}},
      {"reload-postfix", "postfix", nullptr, "postfix check", "postfix reload", {}},
      {"reload-dovecot", "pidof", "dovecot", "doveconf -n", "doveadm reload", {}},
  };
  for (const Reload& one : table) {
    SCOPED_TRACE(one.hook);
    for (const char* name :
         {"nginx", "apachectl", "haproxy", "service", "postfix", "doveconf", "doveadm", "pidof"}) {
      fake(name);
    }
    folder_.write("log", "");
    ProcessResult result = run(one.hook, one.arguments);
    EXPECT_TRUE(result.succeeded()) << result.output;
    EXPECT_NE(log().find(one.checks), std::string::npos) << log();
    EXPECT_NE(log().find(one.reloads), std::string::npos) << log();
    EXPECT_LT(log().find(one.checks), log().find(one.reloads));

    if (one.service != nullptr) {
      fake("systemctl");
      folder_.write("log", "");
      EXPECT_TRUE(run(one.hook, one.arguments).succeeded());
      EXPECT_NE(log().find("systemctl reload " + std::string(one.service)), std::string::npos);
      EXPECT_EQ(log().find(one.reloads), std::string::npos) << log();
      fake("systemctl", "exit 3");
    }

    folder_.write("log", "");
    facts_["DRY_RUN"] = "1";
    result = run(one.hook, one.arguments);
    facts_["DRY_RUN"] = "0";
    EXPECT_TRUE(result.succeeded());
    EXPECT_NE(result.output.find("would be"), std::string::npos) << result.output;
    EXPECT_EQ(log().find(one.reloads), std::string::npos) << log();

    fake(one.running, "exit 1");
    folder_.write("log", "");
    result = run(one.hook, one.arguments);
    EXPECT_TRUE(result.succeeded()) << result.output;
    EXPECT_NE(result.output.find("not running"), std::string::npos) << result.output;
    EXPECT_EQ(log().find(one.reloads), std::string::npos) << log();
  }
}

TEST_F(ReadyHooksTest, ABrokenConfigurationIsNotReloaded) {
  const std::pair<const char*, const char*> table[] = {
      {"reload-nginx", "nginx"}, {"reload-apache", "apachectl"}, {"reload-dovecot", "doveconf"}};
  for (const auto& [hook, checker] : table) {
    fake("pidof");
    fake("doveadm");
    fake(checker, "echo 'line 7: no' >&2; exit 1");
    folder_.write("log", "");
    const ProcessResult result = run(hook);
    EXPECT_EQ(result.exit_code, 1) << hook;
    EXPECT_NE(result.output.find("line 7: no"), std::string::npos) << hook;
    EXPECT_EQ(log().find("reload"), std::string::npos) << log();
    EXPECT_EQ(log().find("graceful"), std::string::npos) << log();
  }
}

TEST_F(ReadyHooksTest, HaproxyGetsOnePrivateFile) {
  for (const char* name : {"pidof", "haproxy", "service"}) fake(name);
  folder_.write("site.pem", "old");
  ::chmod((folder_ / "site.pem").c_str(), 0644);
  const ProcessResult result = run("reload-haproxy", {(folder_ / "site.pem").string()});
  EXPECT_TRUE(result.succeeded()) << result.output;
  EXPECT_EQ(folder_.read("site.pem"), chain_.chain + chain_.key);
  EXPECT_EQ(mode_of("site.pem"), 0600u);
  EXPECT_EQ(run("reload-haproxy").exit_code, 2);

  folder_.write("live/privkey.pem", "root:x:0:0\n");  // not a key
  EXPECT_FALSE(run("reload-haproxy", {(folder_ / "site.pem").string()}).succeeded());
  EXPECT_EQ(folder_.read("site.pem"), chain_.chain + chain_.key) << "the old one stays";
}

TEST_F(ReadyHooksTest, CopiesWithModeAndNothingButPem) {
  std::filesystem::create_directory(folder_ / "app");
  const std::string app = (folder_ / "app").string();
  EXPECT_TRUE(run("copy", {app}).succeeded());
  EXPECT_EQ(folder_.read("app/fullchain.pem"), chain_.chain);
  EXPECT_EQ(folder_.read("app/privkey.pem"), chain_.key);
  EXPECT_EQ(mode_of("app/privkey.pem"), 0600u);

  const std::string me = std::to_string(::geteuid()) + ":" + std::to_string(::getegid());
  EXPECT_TRUE(run("copy", {app, me, "0640"}).succeeded());
  EXPECT_EQ(mode_of("app/privkey.pem"), 0640u);
  EXPECT_EQ(mode_of("app/fullchain.pem"), 0640u);
  const auto files = std::distance(std::filesystem::directory_iterator(app), {});
  EXPECT_EQ(files, 2) << "nothing is left over";

  folder_.write("live/privkey.pem", "not a key\n");
  EXPECT_EQ(run("copy", {app}).exit_code, 1);
  EXPECT_EQ(folder_.read("app/privkey.pem"), chain_.key) << "the old one stays";
}

TEST_F(ReadyHooksTest, CopyRefusesWhatWouldShowTheKey) {
  const std::string here = folder_.path().string();
  for (const Words& words :
       {Words{}, Words{"relative"}, Words{here, "", "0644"}, Words{here, "", "777"},
        Words{here, "", "u+r"}, Words{here, "", "0600", "more"}}) {
    EXPECT_EQ(run("copy", words).exit_code, 2);
  }
  EXPECT_EQ(run("copy", {here + "/absent"}).exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "privkey.pem"));
}

TEST_F(ReadyHooksTest, WebhookKeepsItsSecretsOutOfTheProcessList) {
  const std::string read = (folder_ / "read").string();
  // Its standard input, then the body it was pointed to.
  fake("curl", "cat > " + read + "\nfor word; do case $word in @*) cat \"${word#@}\" >> " + read +
                   ";; esac; done");
  folder_.write("secret", "url=https://hook.test/x?a=\"b\"\ntoken=s3cret\n");
  const std::string file = (folder_ / "secret").string();
  ::chmod(file.c_str(), 0644);
  ProcessResult result = run("webhook", {file});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.output.find("chmod 600"), std::string::npos) << result.output;

  ::chmod(file.c_str(), 0600);
  facts_["HOOK"] = "failed";
  facts_["ERROR"] = "a \"quoted\" \\x1b text; $(id) `id`";
  result = run("webhook", {file});
  EXPECT_TRUE(result.succeeded()) << result.output;
  EXPECT_EQ(log().find("s3cret"), std::string::npos);
  EXPECT_EQ(log().find("hook.test"), std::string::npos);
  const std::string told = folder_.read("read");
  EXPECT_NE(told.find(R"(url = "https://hook.test/x?a=\"b\"")"), std::string::npos) << told;
  EXPECT_NE(told.find("Authorization: Bearer s3cret"), std::string::npos) << told;
  EXPECT_NE(told.find(R"("error": "a \"quoted\" \\x1b text; $(id) `id`")"), std::string::npos)
      << told;

  folder_.write("secret", "token=x\n");
  EXPECT_EQ(run("webhook", {file}).exit_code, 1) << "no address";
}

TEST_F(ReadyHooksTest, MailSaysWhatHappenedAndTakesAddressesOnly) {
  const std::string read = (folder_ / "read").string();
  fake("sendmail", "cat > " + read);
  facts_["HOOK"] = "failed";
  facts_["ERROR"] = "nobody listens";
  facts_["HINT"] = "open port 80";
  const ProcessResult result = run("mail", {"me@a.test", "you@a.test"});
  EXPECT_TRUE(result.succeeded()) << result.output;
  EXPECT_EQ(log(), "sendmail -i -- me@a.test you@a.test\n");
  const std::string mail = folder_.read("read");
  EXPECT_TRUE(
      mail.starts_with("To: me@a.test, you@a.test\nSubject: [autohttps] certificate a.test "
                       "was not renewed\n"))
      << mail;
  EXPECT_NE(mail.find("error         nobody listens\nto fix it     open port 80\n"),
            std::string::npos)
      << mail;
  for (const char* bad : {"-oQ/tmp", "a b", "a\nBcc: x", "a;b", "a<b>"}) {
    EXPECT_EQ(run("mail", {bad}).exit_code, 2) << bad;
  }
}

TEST_F(ReadyHooksTest, NsupdateGetsOneRecordAndNothingElse) {
  const std::string read = (folder_ / "read").string();
  fake("nsupdate", "cat > " + read);
  folder_.write("tsig.key", "key \"test\" {};");
  const std::string key = (folder_ / "tsig.key").string();
  const Words record = {"_acme-challenge.a.test", "-Value_1"};
  const auto call = [&](const Words& words, const char* action) {
    Words all = words;
    all.insert(all.end(), {action, record[0], record[1]});
    return run("dns-nsupdate", all);
  };
  ::chmod(key.c_str(), 0640);
  ProcessResult result = call({key, "192.0.2.1"}, "present");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.output.find("chmod 600"), std::string::npos) << result.output;

  ::chmod(key.c_str(), 0600);
  result = call({key, "192.0.2.1"}, "present");
  EXPECT_TRUE(result.succeeded()) << result.output;
  EXPECT_EQ(folder_.read("read"),
            "server 192.0.2.1 53\nupdate add _acme-challenge.a.test. 60 TXT \"-Value_1\"\nsend\n");
  result = call({key, "2001:db8::1", "5353"}, "cleanup");
  EXPECT_TRUE(result.succeeded()) << result.output;
  EXPECT_EQ(
      folder_.read("read"),
      "server 2001:db8::1 5353\nupdate delete _acme-challenge.a.test. TXT \"-Value_1\"\nsend\n");
  EXPECT_EQ(log(), "nsupdate -t 20 -k " + key + "\nnsupdate -t 20 -k " + key + "\n");

  fake("nsupdate", "echo 'update failed: REFUSED' >&2; exit 2");
  result = call({key, "192.0.2.1"}, "present");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.output.find("REFUSED"), std::string::npos);
  EXPECT_EQ(call({key + "x", "192.0.2.1"}, "present").exit_code, 1);
}

TEST_F(ReadyHooksTest, NsupdateTakesNoFurtherLines) {
  fake("nsupdate", "cat >> " + (folder_ / "read").string());
  folder_.write("tsig.key", "x");
  const std::string key = (folder_ / "tsig.key").string();
  ::chmod(key.c_str(), 0600);
  for (const Words& words :
       {Words{key, "a\nlocal", "present", "n", "v"}, Words{key, "a", "53 x", "present", "n", "v"},
        Words{key, "a", "present", "n\nupdate delete z", "v"},
        Words{key, "a", "present", "n", "v\" x"}, Words{key, "a", "present", "", "v"},
        Words{key, "a", "drop", "n", "v"}, Words{key, "present", "n", "v"},
        Words{key, "a", "b", "c", "present", "n", "v"}}) {
    EXPECT_EQ(run("dns-nsupdate", words).exit_code, 2) << words.back();
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "read"));
}

TEST_F(ReadyHooksTest, LegosExecProgramsGetTheNameWithItsDot) {
  fake("update-dns", "for word; do echo \"<$word>\"; done");
  const std::string program = (folder_ / "bin/update-dns").string();
  ProcessResult result = run("dns-lego-exec", {program, "two words", "present", "n.a.test", "-v"});
  EXPECT_EQ(result.output, "<two words>\n<present>\n<n.a.test.>\n<-v>\n");
  result = run("dns-lego-exec", {program, "cleanup", "n.a.test.", "-v"});
  EXPECT_EQ(result.output, "<cleanup>\n<n.a.test.>\n<-v>\n");
  EXPECT_EQ(run("dns-lego-exec", {program, "present", "n"}).exit_code, 2);
  fake("update-dns", "exit 7");
  EXPECT_EQ(run("dns-lego-exec", {program, "present", "n", "v"}).exit_code, 7);
}

// The way acme.sh is built: functions, and at the end a call of what its arguments name.
TEST_F(ReadyHooksTest, AcmeShsProviderScriptsAreCalledAndNothingElseOfIt) {
  folder_.write("acme/acme.sh",
                "_initpath() { ready=1; }\n_unset() { echo \"$never_set\"; }\n"
                "issue() { echo ordered; }\n"
                "main() { [ -z \"$1\" ] && { issue; return; }; \"$@\"; }\nmain \"$@\"\n");
  folder_.write("acme/dnsapi/dns_probe.sh",
                "dns_probe_add() { _unset >/dev/null; echo \"add $1 $2 $Probe_Token $ready\";"
                " echo \"$Probe_Token\" > \"${LE_CONFIG_HOME:-$LE_WORKING_DIR}/account.conf\"; }\n"
                "dns_probe_rm() { echo \"rm $1 $2\"; return 3; }\n");
  const std::string home = (folder_ / "acme").string();
  folder_.write("secret", "# of the probe\nLE_WORKING_DIR=" + home + "\nProbe_Token=$(id) `id` x");
  const std::string file = (folder_ / "secret").string();
  ::chmod(file.c_str(), 0644);
  ProcessResult result = run("dns-acmesh", {"dns_probe", file, "present", "n.a.test", "-v"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.output.find("chmod 600"), std::string::npos) << result.output;

  ::chmod(file.c_str(), 0600);
  result = run("dns-acmesh", {"dns_probe", file, "present", "n.a.test.", "-v"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "add n.a.test -v $(id) `id` x 1\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "acme/account.conf")) << "no copy is kept";
  result = run("dns-acmesh", {"dns_probe", file, "cleanup", "n.a.test", "-v"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, "rm n.a.test -v\n");

  result = run("dns-acmesh", {"dns_absent", file, "present", "n", "v"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.output.find("dns_absent.sh"), std::string::npos) << result.output;
  for (const Words& words :
       {Words{"probe", "present", "n", "v"}, Words{"dns_../x", "present", "n", "v"},
        Words{"dns_probe", file, "issue", "n", "v"}, Words{"dns_probe", "present", "n"}}) {
    EXPECT_EQ(run("dns-acmesh", words).exit_code, 2) << words.front();
  }
  folder_.write("secret", "LE_WORKING_DIR=" + home + "\nno line\n");
  EXPECT_EQ(run("dns-acmesh", {"dns_probe", file, "present", "n", "v"}).exit_code, 1);
}

}  // namespace
}  // namespace autohttps
