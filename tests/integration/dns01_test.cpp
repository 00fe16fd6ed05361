// DNS-01 and what goes with it against a real Pebble: hooks, wildcards, delegation, BIND with TSIG.
#include <autohttps/tests/integration/program_on_pebble.h>
#include <autohttps/tests/support/bind_server.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>

namespace autohttps {
namespace {

class Dns01 : public OnEachPebble {
 protected:
  void start(PebbleOptions options = {}) {
    options.version = version();
    here_ = std::make_unique<ProgramOnPebble>(std::move(options));
  }
  // A hook that sets records at challtestsrv, and writes down how it was called.
  std::string challtestsrv_hook(const std::string& then = "") {
    const std::string log = (here_->folder / "log").string();
    here_->folder.write("hook", "#!/bin/sh\necho \"$@\" >> " + log +
                                    "\nif [ \"$1\" = present ]; then\n" +
                                    "  curl -fsS --noproxy '*' -d "
                                    "\"{\\\"host\\\":\\\"$2.\\\",\\\"value\\\":\\\"$3\\\"}\" " +
                                    here_->pebble.dns_management_url() + "/set-txt\nelse\n" +
                                    "  curl -fsS --noproxy '*' -d \"{\\\"host\\\":\\\"$2.\\\"}\" " +
                                    here_->pebble.dns_management_url() + "/clear-txt\nfi\n" + then);
    ::chmod((here_->folder / "hook").c_str(), 0755);
    return (here_->folder / "hook").string();
  }
  Words by(const std::string& hook) const {
    return {"--dns-hook",    hook, "--dns-resolver", here_->pebble.dns_server(),
            "--dns-timeout", "20"};
  }
  std::string notes(const std::string& id) const {
    return contents(here_->folder / ("store/certificates/" + id + "/cleanup.json"));
  }
  std::string log() const { return here_->folder.read("log"); }

  std::unique_ptr<ProgramOnPebble> here_;
};

TEST_P(Dns01, AWildcardAndItsNameInOneOrder) {
  start();
  here_->pebble.set_default_ipv4("");  // no other way would do
  const ChildResult result = here_->obtain(Words{"a.test", "*.a.test"} + by(challtestsrv_hook()));
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(result.err.find("asking the resolver"), std::string::npos) << said(result);
  const auto certificate = here_->stored("a.test");
  EXPECT_TRUE(certificate->serves("a.test"));
  EXPECT_TRUE(certificate->serves("anything.a.test"));
  EXPECT_EQ(notes("a.test"), "");
  std::size_t cleanups = 0;
  for (std::size_t at = 0; (at = log().find("cleanup ", at)) != std::string::npos; ++at) ++cleanups;
  EXPECT_EQ(cleanups, 2U) << log();

  // As cron does it: the hook is in the wish.
  const ChildResult renewed = here_->renew({"a.test", "--force"});
  EXPECT_EQ(renewed.exit_code, 0) << said(renewed);
}

TEST_P(Dns01, FollowsADelegation) {
  start();
  here_->pebble.set_default_ipv4("");
  here_->pebble.set_cname("_acme-challenge.a.test", "a.proofs.test");
  const ChildResult result = here_->obtain(Words{"a.test"} + by(challtestsrv_hook()));
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_TRUE(log().starts_with("present a.proofs.test ")) << log();
}

TEST_P(Dns01, ACleanUpThatFailedIsDoneByRenew) {
  start();
  const std::string hook = challtestsrv_hook("[ \"$1\" = present ] || [ -e " +
                                             (here_->folder / "mended").string() + " ]\n");
  ChildResult result = here_->obtain(Words{"a.test"} + by(hook));
  EXPECT_EQ(result.exit_code, 0) << said(result);  // the certificate is there
  EXPECT_NE(result.err.find("could not remove the TXT record"), std::string::npos) << said(result);
  EXPECT_NE(notes("a.test"), "");

  here_->folder.write("mended", "");
  result = here_->renew({"--force"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(result.err.find("left by an earlier attempt"), std::string::npos) << said(result);
  EXPECT_EQ(notes("a.test"), "");
}

TEST_P(Dns01, DeleteTakesTheRecordsWithIt) {
  start();
  const std::string hook = challtestsrv_hook("[ \"$1\" = present ] || [ -e " +
                                             (here_->folder / "mended").string() + " ]\n");
  ASSERT_EQ(here_->obtain(Words{"a.test"} + by(hook)).exit_code, 0);
  here_->folder.write("mended", "");
  here_->folder.write("log", "");
  const ChildResult result = here_->run(Words{"delete", "a.test", "--yes"} + here_->on_store());
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_TRUE(log().starts_with("cleanup _acme-challenge.a.test ")) << log();
}

TEST_P(Dns01, F52_AHookThatFailsIsToldAndNothingIsAskedInVain) {
  start();
  const ChildResult result =
      here_->obtain(Words{"a.test"} + by(challtestsrv_hook("echo no such zone >&2; exit 3\n")));
  EXPECT_EQ(result.exit_code, 5) << said(result);
  EXPECT_NE(result.err.find("exit 3: no such zone"), std::string::npos) << said(result);
  EXPECT_EQ(result.err.find("answering dns-01"), std::string::npos) << said(result);
}

TEST_P(Dns01, BindWithTsigThroughTheReadyHook) {
  const BindServer bind("example.test");
  start({.dns_server = bind.server()});
  const Words hook = {"--dns-hook",
                      "dns-nsupdate " + bind.key_file() + " " + bind.address() + " " + bind.port(),
                      "--dns-resolver", bind.server()};
  const ChildResult result = here_->obtain(Words{"example.test", "*.example.test"} + hook);
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_TRUE(here_->stored("example.test")->serves("www.example.test"));
  EXPECT_EQ(bind.txt("_acme-challenge.example.test"), "");
  // With port 53 the zone's own server was asked, and nobody instead.
  EXPECT_EQ(result.err.find("asking the resolver") == std::string::npos, bind.has_port_53())
      << said(result);
  EXPECT_EQ(bind.asked_at_port_53() > 0, bind.has_port_53());
}

TEST_P(Dns01, AWrongTsigKeyIsTold) {
  const BindServer bind("example.test"), other("example.test");
  start({.dns_server = bind.server()});
  const ChildResult result = here_->obtain(
      Words{"example.test", "--dns-hook",
            "dns-nsupdate " + other.key_file() + " " + bind.address() + " " + bind.port(),
            "--dns-resolver", bind.server()});
  EXPECT_EQ(result.exit_code, 5) << said(result);
  EXPECT_NE(result.err.find("dns-nsupdate"), std::string::npos) << said(result);
  EXPECT_NE(result.err.find("TSIG"), std::string::npos) << said(result);
}

AUTOHTTPS_ON_EACH_PEBBLE(Dns01);

}  // namespace
}  // namespace autohttps
