#include <autohttps/tests/integration/other_server.h>
#include <autohttps/tests/integration/program_on_pebble.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace autohttps {
namespace {

TEST(RenewTest, SaysNothingFromCronWhenNothingIsDue) {
  const ProgramOnPebble here;
  std::filesystem::create_directory(here.store());
  const ChildResult empty = here.renew();
  EXPECT_EQ(empty.exit_code, 0) << said(empty);
  EXPECT_EQ(empty.out + empty.err, "");
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const ChildResult result = here.renew();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out + result.err, "");
  EXPECT_EQ(json_of(here.renew({"--json"}))["action"], "none");
}

TEST(RenewTest, RenewsWhatIsDue) {
  // Due after half their life, which is two seconds.
  const ProgramOnPebble here({.validity_seconds = 4});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  ASSERT_EQ(here.obtain({"b.test"}).exit_code, 0);
  const std::string serial = here.stored("a.test")->serial();
  std::string out;
  ASSERT_TRUE(eventually([&] {
    const ChildResult result = here.renew({"--detailed-exitcode"});
    out = said(result);
    return result.exit_code == 10 && here.stored("a.test")->serial() != serial;
  })) << out;
}

TEST(RenewTest, ForceRenewsTheNamedOnly) {
  const ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  ASSERT_EQ(here.obtain({"b.test"}).exit_code, 0);
  const std::string a = here.stored("a.test")->serial();
  const std::string b = here.stored("b.test")->serial();
  const ChildResult result = here.renew({"--force", "b.test"});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(result.out.find("b.test: renewed"), std::string::npos) << said(result);
  EXPECT_EQ(here.stored("a.test")->serial(), a);
  EXPECT_NE(here.stored("b.test")->serial(), b);
}

TEST(RenewTest, ACaThatIsGoneIsReplacedByTheNextOneOfTheList) {
  ProgramOnPebble here;
  const ProgramOnPebble second({.http_port = here.pebble.http_port()});
  const std::string both = (here.folder / "both.pem").string();
  std::ofstream(both) << contents(here.pebble.ca_bundle()) << contents(second.pebble.ca_bundle());
  const Words wish = Words{"obtain",
                           "a.test",
                           "--server",
                           here.pebble.directory_url(),
                           "--fallback-server",
                           second.pebble.directory_url(),
                           "--ca-bundle",
                           both,
                           "--agree-tos",
                           "--limits",
                           "none"} +
                     here.on_store() + here.http_port();
  ASSERT_EQ(here.run(wish).exit_code, 0);
  const std::string serial = here.stored("a.test")->serial();
  here.pebble.stop();
  const ChildResult result = here.renew({"--force"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(here.stored("a.test")->serial(), serial);
  EXPECT_NE(result.err.find("trying \"" + second.pebble.directory_url() + "\" instead"),
            std::string::npos)
      << said(result);
}

TEST(RenewTest, OneFailureStopsNoOther) {
  const ProgramOnPebble here({.environment = {{"PEBBLE_AUTHZREUSE", "0"}}});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  ASSERT_EQ(here.obtain({"b.test"}).exit_code, 0);
  here.pebble.add_a("b.test", "127.0.0.2");  // where nobody listens, as --bind says below
  const ChildResult result = here.renew({"--force", "--json", "--bind", "127.0.0.1"});
  EXPECT_EQ(result.exit_code, 6) << said(result);
  const Json object = json_of(result);
  EXPECT_EQ(object["action"], "failed");
  for (const Json& certificate : object["certificates"]) {
    const bool good = certificate["name"] == "a.test";
    EXPECT_EQ(certificate["action"], good ? "renewed" : "failed");
    EXPECT_EQ(certificate["error"].is_null(), good);
  }
}

TEST(F26_PortTaken, StopsOnlyThoseThatNeedThePort) {
  const ProgramOnPebble here;
  const std::string root = (here.folder / "root").string();
  std::filesystem::create_directory(root);
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const OtherServer other(root, here.pebble.http_port());
  const OwnedFd taken = listen_tcp("", here.pebble.tls_port());
  ASSERT_EQ(here.obtain({"b.test", "--webroot", root}).exit_code, 0);
  const ChildResult result = here.renew({"--force"});
  EXPECT_EQ(result.exit_code, 6) << said(result);
  EXPECT_NE(result.out.find("b.test: renewed"), std::string::npos) << said(result);
  EXPECT_NE(result.err.find("a.test: no challenge can be answered: http-01: listening"),
            std::string::npos)
      << said(result);
}

TEST(F51_Signals, ObtainEndsSoonAndTheNextRunSucceeds) {
  // Validation takes so long that the signal comes in the middle of it.
  const ProgramOnPebble here(
      {.environment = {{"PEBBLE_VA_NOSLEEP", "0"}, {"PEBBLE_VA_SLEEPTIME", "5"}}});
  Child obtaining(program(Words{"obtain", "a.test"} + here.at_pebble()));
  ASSERT_TRUE(obtaining.wait_for("answering http-01")) << obtaining.err();
  obtaining.signal(SIGINT);
  EXPECT_EQ(obtaining.wait(std::chrono::seconds(4)), 1) << obtaining.err();
  EXPECT_NE(obtaining.err().find("code: canceled"), std::string::npos) << obtaining.err();
  EXPECT_TRUE(std::filesystem::is_empty(here.store() + "/challenges/http-01"));
  const ChildResult result = here.obtain({"a.test"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
}

TEST(StatusTest, ShowsProblemsFirstAndWhatComesNext) {
  const ProgramOnPebble here;
  const ChildResult nothing = here.run(Words{"status"} + here.on_store());
  EXPECT_EQ(nothing.exit_code, 0);
  EXPECT_NE(nothing.out.find("no certificates yet"), std::string::npos) << said(nothing);
  EXPECT_FALSE(std::filesystem::exists(here.store()));

  ASSERT_EQ(here.obtain({"a.test", "b.test"}).exit_code, 0);
  ASSERT_EQ(here.obtain({"blocked-domain.example"}).exit_code, 3);
  const ChildResult result = here.run(Words{"status"} + here.on_store());
  EXPECT_EQ(result.exit_code, 0) << said(result);
  const std::size_t problem = result.out.find("blocked-domain.example: retrying");
  const std::size_t good = result.out.find("a.test: ok");
  EXPECT_LT(problem, good) << said(result);
  EXPECT_NE(result.out.find("rejectedIdentifier"), std::string::npos) << said(result);
  EXPECT_NE(result.out.find(here.stored("a.test")->fingerprint()), std::string::npos);
  EXPECT_NE(result.out.find(here.store()), std::string::npos);

  const Json object = json_of(here.run(Words{"status", "--json", "a.test"} + here.on_store()));
  EXPECT_EQ(object["schema"], 1);
  ASSERT_EQ(object["certificates"].size(), 1u);
  const Json& certificate = object["certificates"][0];
  EXPECT_EQ(certificate["state"], "ok");
  EXPECT_EQ(certificate["names"], Json({"a.test", "b.test"}));
  EXPECT_EQ(certificate["current"]["sha256"], here.stored("a.test")->fingerprint());
  EXPECT_GE(certificate["current"]["life_left_percent"], 99);
}

TEST(StatusTest, AsksTheRunningServerWhatItServesAndSaysWhenItIsAnother) {
  const ProgramOnPebble here;
  const FreePort https;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  Child server(
      program(Words{"serve", "--https-port", https.text()} + here.on_store() + here.http_port()));
  ASSERT_TRUE(server.wait_for("serving https on port")) << server.err();
  const auto served = [&] {
    return json_of(
        here.run(Words{"status", "--json"} + here.on_store()))["certificates"][0]["served"];
  };
  EXPECT_TRUE(eventually([&] { return served()["state"] == "same"; })) << served().dump();
  EXPECT_EQ(served()["sha256"], here.stored("a.test")->fingerprint());
  server.signal(SIGSTOP);  // it swaps no more, and answers nobody
  EXPECT_EQ(served()["state"], "no_answer");
  server.signal(SIGCONT);
  ASSERT_EQ(here.renew({"--force"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return served()["state"] == "same"; })) << served().dump();
  EXPECT_EQ(server.stop(), 0);
  EXPECT_EQ(served()["state"], "unknown");
}

TEST(StatusTest, TellsMonitoringHowBadItIs) {
  const ProgramOnPebble here;
  EXPECT_EQ(here.run(Words{"status", "--warn", "20"} + here.on_store()).exit_code, 3);
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  ChildResult result = here.run(Words{"status", "--warn", "20", "--crit", "10"} + here.on_store());
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_TRUE(result.out.starts_with("OK - 1 certificate, ")) << said(result);
  result = here.run(Words{"status", "--warn", "100"} + here.on_store());
  EXPECT_EQ(result.exit_code, 1) << said(result);
  EXPECT_TRUE(result.out.starts_with("WARNING - a.test has 99 % ")) << said(result);
  result = here.run(Words{"status", "--crit", "100", "--json"} + here.on_store());
  EXPECT_EQ(result.exit_code, 2) << said(result);
  EXPECT_EQ(json_of(result)["verdict"]["exit"], 2);
  result = here.run(Words{"status", "--warn", "10", "--crit", "20"} + here.on_store());
  EXPECT_EQ(result.exit_code, 2) << said(result);
  EXPECT_NE(result.err.find("--crit is above --warn"), std::string::npos) << said(result);
}

TEST(ListTest, IsALineEach) {
  const ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"b.test"}).exit_code, 0);
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const ChildResult result = here.run(Words{"list"} + here.on_store());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out.substr(0, 10), "a.test  ok") << said(result);
  EXPECT_EQ(std::ranges::count(result.out, '\n'), 2) << said(result);
}

TEST(DeleteTest, AsksThenRemovesFilesAndNames) {
  const ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const ChildResult unasked = here.run(Words{"delete", "a.test"} + here.on_store());
  EXPECT_EQ(unasked.exit_code, 2) << said(unasked);
  EXPECT_NE(unasked.err.find("--yes"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(here.current("a.test")));
  const ChildResult typo = here.run(Words{"delete", "a.tset", "--yes"} + here.on_store());
  EXPECT_EQ(typo.exit_code, 2);
  EXPECT_NE(typo.err.find("did you mean \"a.test\"?"), std::string::npos) << said(typo);

  EXPECT_EQ(here.run(Words{"delete", "a.test", "--yes"} + here.on_store()).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(here.store() + "/certificates/a.test"));
  EXPECT_FALSE(std::filesystem::exists(here.store() + "/names/a.test"));
  EXPECT_EQ(here.run(Words{"list"} + here.on_store()).out, "");
}

TEST(VersionTest, NamesTheLibraries) {
  const ChildResult text = run_child(program({"version"}));
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_TRUE(text.out.starts_with("autohttps 0.1.0 (OpenSSL 3.")) << said(text);
  const Json object = json_of(run_child(program({"version", "--json"})));
  EXPECT_EQ(object["schema"], 1);
  EXPECT_EQ(object["autohttps"], "0.1.0");
  EXPECT_TRUE(object["libcurl"].is_string());
  EXPECT_TRUE(object["cpp_httplib"].is_string());
}

}  // namespace
}  // namespace autohttps
