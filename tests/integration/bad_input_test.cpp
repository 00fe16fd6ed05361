// Bad input gets a clear error with cause and next step, and loses nothing (issue 3, last point).
#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/faults/traced_program.h>
#include <autohttps/tests/integration/program_on_pebble.h>

#include <unistd.h>

#include <filesystem>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Without any CA: these stop before one is asked.
struct Mistake {
  const char* what;
  Words words;
  int exit_code;
  const char* says;
  const char* advises;
};

TEST(BadInputTest, IsRefusedBeforeAnythingIsTouched) {
  const TemporaryFolder folder;
  const std::string store = (folder / "store").string();
  const std::string empty = (folder / "empty").string();
  fs::create_directory(empty);
  const Words obtain = {"obtain", "--store", store, "--agree-tos"};
  const std::vector<Mistake> mistakes = {
      {"scheme", obtain + Words{"https://a.test"}, 2, "https://a.test", "to fix it"},
      {"port", obtain + Words{"a.test:443"}, 2, "a.test:443", "to fix it"},
      {"underscore", obtain + Words{"a_b.test"}, 2, "a_b.test", ""},
      {"empty label", obtain + Words{"a..test"}, 2, "a..test", ""},
      {"bare", obtain + Words{"localhost"}, 2, "localhost", ""},
      {"one of two", obtain + Words{"a.test", "b test"}, 2, "b test", ""},
      {"wildcard", obtain + Words{"*.a.test"}, 2, "DNS-01", "obtain a.test"},
      {"http directory", obtain + Words{"a.test", "--server", "http://ca.test/dir"}, 2,
       "http://ca.test/dir", "https://"},
      {"no bundle", obtain + Words{"a.test", "--ca-bundle", "/nowhere/ca.pem"}, 2,
       "--ca-bundle \"/nowhere/ca.pem\": No such file", ""},
      {"limits", obtain + Words{"a.test", "--limits", "lots"}, 2, "lots", ""},
      {"verb", {"obtian", "a.test"}, 2, "obtian", "did you mean \"obtain\""},
      {"flag", obtain + Words{"a.test", "--http-prot", "1"}, 2, "--http-prot", "--http-port"},
      {"unknown certificate", {"renew", "b.test", "--store", empty}, 2, "b.test", "autohttps list"},
      {"no store to renew", {"renew", "--store", store}, 2, "there is no store at", "--store DIR"},
      {"nothing to serve",
       {"serve", "--store", store, "--http-port", "0", "--https-port", "0"},
       2,
       "no domains",
       "autohttps serve example.com"},
  };
  for (const Mistake& mistake : mistakes) {
    const ChildResult result = run_child(program(mistake.words));
    EXPECT_EQ(result.exit_code, mistake.exit_code) << mistake.what << ": " << said(result);
    EXPECT_EQ(result.out, "") << mistake.what;
    EXPECT_TRUE(contains(result.err, mistake.says)) << mistake.what << ": " << said(result);
    EXPECT_TRUE(contains(result.err, mistake.advises)) << mistake.what << ": " << said(result);
  }
  EXPECT_FALSE(fs::exists(store + "/certificates/a.test"));
  EXPECT_FALSE(fs::exists(store + "/accounts")) << "no CA was asked";
}

TEST(BadInputTest, WithJsonTheMistakeIsAnObjectToo) {
  const ChildResult result = run_child(program({"obtain", "a_b.test", "--json"}));
  EXPECT_EQ(result.exit_code, 2);
  const Json object = json_of(result);
  EXPECT_EQ(object["schema"], 1);
  EXPECT_EQ(object["action"], "failed");
  EXPECT_EQ(object["error"]["code"], "config");
}

// The program as a shell starts it, with something after its words.
ChildOptions in_a_shell(const Words& words, const std::string& after) {
  ChildOptions child = program(words);
  child.arguments =
      Words{"/bin/sh", "-c", "exec \"$@\" " + after, "sh"} + std::move(child.arguments);
  return child;
}

TEST(BadInputTest, OutputThatIsLostIsNoSuccess) {
  for (const Words& words : {Words{"version"}, Words{"completion", "bash"}, Words{"--help"}}) {
    const ChildResult full = run_child(in_a_shell(words, ">/dev/full"));
    EXPECT_EQ(full.exit_code, 5) << said(full);
    EXPECT_TRUE(contains(full.err, "standard output: No space left")) << said(full);
    const ChildResult closed = run_child(in_a_shell(words, ">&-"));
    EXPECT_EQ(closed.exit_code, 0) << "nobody wanted to see it: " << said(closed);
  }
}

// Else the first file that the program opens is standard error, and what it says goes in there.
TEST(BadInputTest, ClosedStandardDescriptorsAreNoFilesOfOurs) {
  const ProgramOnPebble here;
  const std::string trace = (here.folder / "trace").string();
  ChildOptions child =
      in_a_shell(Words{"obtain", "a.test"} + here.at_pebble() + here.https_port(), "<&- >&- 2>&-");
  child.arguments = under_strace(
      {"-o", trace, "-e", "trace=socket,openat,openat2,epoll_create1,eventfd2"}, child.arguments);
  child.environment.insert(kTraced.begin(), kTraced.end());
  const ChildResult result = run_child(child);
  EXPECT_EQ(result.exit_code, 0) << said(result);
  std::ifstream lines(trace);
  int held = 0;  // what was opened before is the loader's, and closed by now
  for (std::string line; std::getline(lines, line);) {
    if (contains(line, "\"/dev/null\"")) {
      ++held;
      continue;
    }
    const bool standard = line.ends_with("= 0") || line.ends_with("= 1") || line.ends_with("= 2");
    EXPECT_FALSE(held > 0 && standard) << line;
  }
  EXPECT_GE(held, 3);
}

TEST(BadInputTest, TermsMustBeAgreedTo) {
  const ProgramOnPebble here;
  const ChildResult result =
      here.run(Words{"obtain", "a.test", "--server", here.pebble.directory_url(), "--ca-bundle",
                     here.pebble.ca_bundle().string()} +
               here.on_store() + here.http_port());
  EXPECT_EQ(result.exit_code, 2) << said(result);
  EXPECT_TRUE(contains(result.err, "--agree-tos")) << said(result);
  EXPECT_EQ(here.obtain({"a.test"}).exit_code, 0) << "and the next run with it succeeds";
}

TEST(F26_PortTaken, TheHolderAndTheWaysOutAreNamed) {
  const ProgramOnPebble here;
  const OwnedFd taken = listen_tcp("", here.pebble.http_port());
  const OwnedFd other = listen_tcp("", here.pebble.tls_port());
  const ChildResult result = here.obtain({"a.test"});
  EXPECT_EQ(result.exit_code, 5) << said(result);
  EXPECT_TRUE(contains(result.err, std::to_string(here.pebble.http_port()))) << said(result);
  EXPECT_TRUE(contains(result.err, std::to_string(here.pebble.tls_port()))) << said(result);
  EXPECT_TRUE(contains(result.err, "--dns-hook")) << said(result);
  EXPECT_TRUE(contains(result.err, "pid " + std::to_string(::getpid()))) << said(result);
  EXPECT_TRUE(contains(result.err, "--webroot")) << said(result);
  EXPECT_TRUE(contains(result.err, "--http-port")) << said(result);
  EXPECT_FALSE(fs::exists(here.store() + "/accounts")) << "no CA was asked";
}

TEST(F26_PortTaken, DoesNotMatterWhenNothingIsDue) {
  const ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const OwnedFd taken = listen_tcp("", here.pebble.http_port());
  const OwnedFd other = listen_tcp("", here.pebble.tls_port());
  EXPECT_EQ(here.obtain({"a.test"}).exit_code, 0);
  EXPECT_EQ(here.renew().exit_code, 0);
  EXPECT_EQ(here.renew({"--force"}).exit_code, 5);
}

TEST(BadInputTest, AStoreThatCannotBeWrittenIsSaid) {
  const ProgramOnPebble here;
  fs::permissions(here.folder.path(), fs::perms(0755));
  // Where another user can run it, whatever the build folder's modes are.
  const std::string copy = (here.folder / "autohttps").string();
  fs::copy_file(autohttps_program(), copy);
  fs::permissions(copy, fs::perms(0755));
  const std::string bundle = (here.folder / "ca.pem").string();
  fs::copy_file(here.pebble.ca_bundle(), bundle);
  fs::permissions(bundle, fs::perms(0644));

  ChildOptions child = program(Words{"obtain", "a.test", "--server", here.pebble.directory_url(),
                                     "--ca-bundle", bundle, "--agree-tos"} +
                               here.on_store() + here.http_port());
  child.arguments.front() = copy;
  child.user = kNobody;
  const ChildResult result = run_child(child);
  EXPECT_EQ(result.exit_code, 5) << said(result);
  EXPECT_TRUE(contains(result.err, here.store())) << said(result);
  EXPECT_TRUE(contains(result.err, "ermission denied")) << said(result);
  EXPECT_FALSE(fs::exists(here.store()));
}

TEST(BadInputTest, AnotherUsersStoreIsNotOursToUse) {
  const ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  fs::permissions(here.folder.path(), fs::perms(0755));
  const std::string copy = (here.folder / "autohttps").string();
  fs::copy_file(autohttps_program(), copy);
  fs::permissions(copy, fs::perms(0755));
  for (const char* verb : {"renew", "status", "list"}) {
    ChildOptions child = program(Words{verb} + here.on_store());
    child.arguments.front() = copy;
    child.user = kNobody;
    const ChildResult result = run_child(child);
    EXPECT_EQ(result.exit_code, 5) << verb << ": " << said(result);
    EXPECT_TRUE(contains(result.err, here.store())) << said(result);
  }
}

TEST(BadInputTest, ACaThatIsNotThereIsNamed) {
  ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const std::string serial = here.stored("a.test")->serial();
  here.pebble.stop();
  const ChildResult result = here.obtain({"a.test", "--force"});
  EXPECT_EQ(result.exit_code, 1) << said(result);
  EXPECT_TRUE(contains(result.err, "asking \"localhost:")) << said(result);
  EXPECT_TRUE(contains(result.err,
                       "to fix it: the CA may be down: then try again later; else check --server"))
      << said(result);
  EXPECT_TRUE(contains(result.err, "code: network")) << said(result);
  EXPECT_EQ(here.stored("a.test")->serial(), serial);
}

TEST(BadInputTest, ACaWhoseCertificateIsNotTrustedIsNotAsked) {
  const ProgramOnPebble here;
  const ChildResult result =
      here.run(Words{"obtain", "a.test", "--server", here.pebble.directory_url(), "--agree-tos"} +
               here.on_store() + here.http_port());
  EXPECT_EQ(result.exit_code, 1) << said(result);
  EXPECT_TRUE(contains(result.err, "--ca-bundle")) << said(result);
}

TEST(BadInputTest, ACaThatRefusesIsQuoted) {
  const ProgramOnPebble here;
  // On the blocklist of Pebble's configuration.
  const ChildResult result = here.obtain({"blocked-domain.example"});
  EXPECT_EQ(result.exit_code, 3) << said(result);
  EXPECT_TRUE(contains(result.err, "rejectedIdentifier")) << said(result);
  EXPECT_TRUE(contains(result.err, "blocked-domain.example")) << said(result);
}

TEST(BadInputTest, AFailedValidationNamesTheDomainAndTheCause) {
  const ProgramOnPebble here;
  here.pebble.add_a("b.test", "127.0.0.2");
  const ChildResult result = here.obtain({"a.test", "b.test", "--bind", "127.0.0.1"});
  EXPECT_EQ(result.exit_code, 3) << said(result);
  EXPECT_TRUE(contains(result.err, "b.test")) << said(result);
  EXPECT_TRUE(contains(result.err, "to fix it")) << said(result);
  const Json status = json_of(here.run(Words{"status", "--json"} + here.on_store()));
  EXPECT_EQ(status["certificates"][0]["state"], "retrying");
  EXPECT_EQ(status["certificates"][0]["failures"], 1);
}

TEST(BadInputTest, AfterAFailureRenewWaitsAndAPersonNeedNot) {
  ProgramOnPebble here;
  here.pebble.stop();
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 1);
  const ChildResult cron = here.renew();
  EXPECT_EQ(cron.exit_code, 4) << said(cron);
  EXPECT_EQ(here.run(Words{"retry", "a.test"} + here.on_store()).exit_code, 0);
  EXPECT_EQ(here.renew().exit_code, 1) << "asked again at once";
  here.pebble.start();
  const ChildResult person = here.obtain({"a.test"});
  EXPECT_EQ(person.exit_code, 0) << said(person);
}

}  // namespace
}  // namespace autohttps
