#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/management/publisher.h>
#include <autohttps/tests/support/fixed_random.h>
#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/recording_sink.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <thread>

namespace autohttps {
namespace {

using acme::BorrowedTransport;
using acme::IssuingWorld;
using acme::MemoryStore;

// A CA that is reached and never answers, until somebody stops waiting.
class SilentTransport final : public acme::Transport {
 public:
  explicit SilentTransport(std::promise<void>& asked) : asked_(asked) {}
  acme::HttpResponse send(const acme::HttpRequest&, std::stop_token stop) override {
    asked_.set_value();
    std::promise<void> stopped;
    const std::stop_callback callback(stop, [&] { stopped.set_value(); });
    stopped.get_future().get();
    throw Error(ErrorCode::canceled, "stopped");
  }

 private:
  std::promise<void>& asked_;
};

class AutoCertificatesTest : public testing::Test {
 protected:
  AutoCertificatesOptions options(std::vector<std::string> domains) const {
    AutoCertificatesOptions options;
    options.domains = std::move(domains);
    options.agree_to_terms = true;
    options.server = world_.ca.directory_url();
    options.limits = "none";
    return options;
  }
  AutoCertificatesParts parts() {
    AutoCertificatesParts parts;
    parts.store = &store_;
    parts.clock = &world_.clock;
    parts.random = &random_;
    parts.transport = [this](const acme::CaSpec&) {
      return std::make_unique<BorrowedTransport>(world_.ca);
    };
    return parts;
  }

  // For what runs in the background: it sleeps until the test turns this clock.
  AutoCertificatesParts background_parts() {
    AutoCertificatesParts parts = this->parts();
    parts.clock = &background_;
    return parts;
  }

  IssuingWorld world_;
  ManualClock background_{world_.clock.wall(), ManualClock::Sleepers::waits};
  MemoryStore store_{world_.disk, world_.clock};
  FixedRandom random_;
  RecordingSink sink_;
};

TEST_F(AutoCertificatesTest, ObtainsInTheForegroundForACommand) {
  AutoCertificates site(options({"a.test", "b.test"}), parts());
  EXPECT_EQ(site.certificate(), "a.test");
  const auto outcomes = site.run_once({.only = {site.certificate()}, .person = true});
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes.front().action, acme::Outcome::Action::issued) << outcomes.front().text;
}

TEST_F(AutoCertificatesTest, FromAnEmptyStoreToTheSinkByItself) {
  AutoCertificates site(options({"a.test"}), background_parts());
  site.start(sink_);
  while (!sink_.find("a.test")) {
    background_.advance(std::chrono::milliseconds(20));
    std::this_thread::yield();
  }
  EXPECT_EQ(sink_.find("a.test")->generation, 1u);
  site.stop();
}

TEST_F(AutoCertificatesTest, WhatIsInTheStoreIsServedBeforeStartReturnsThoughTheCaIsDown) {
  AutoCertificates(options({"a.test"}), parts()).run_once({});
  auto down = background_parts();
  std::promise<void> asked;
  down.transport = [&](const acme::CaSpec&) { return std::make_unique<SilentTransport>(asked); };
  AutoCertificates site(options({"a.test"}), down);
  site.start(sink_);
  EXPECT_NE(sink_.find("a.test"), nullptr);
}

TEST_F(AutoCertificatesTest, StopsWhileTheCaKeepsUsWaiting) {
  auto silent = background_parts();
  std::promise<void> asked;
  silent.transport = [&](const acme::CaSpec&) { return std::make_unique<SilentTransport>(asked); };
  AutoCertificates site(options({"a.test"}), silent);
  site.start(sink_);
  asked.get_future().get();
  site.stop();  // returns, or the test runs into its time limit
  EXPECT_EQ(acme::CertificateStore(store_).state("a.test").failures, 0);
}

TEST_F(AutoCertificatesTest, TheSameNamesAreTheSameCertificateWhateverTheirOrder) {
  AutoCertificates(options({"a.test", "b.test"}), parts()).manage();
  EXPECT_EQ(AutoCertificates(options({"b.test", "a.test"}), parts()).certificate(), "a.test");
}

TEST_F(AutoCertificatesTest, LimitsFollowWhatWasAskedFor) {
  const auto limits = [&](const std::string& server, const std::string& given) {
    MemoryStore store(world_.clock);
    auto on_this = parts();
    on_this.store = &store;
    auto asked = options({"a.test"});
    asked.server = server;
    asked.limits = given;
    AutoCertificates site(asked, on_this);
    site.manage();
    return site.certificates().spec("a.test")->cas.front().limits;
  };
  EXPECT_EQ(limits(std::string(acme::kLetsEncrypt), ""), "letsencrypt");
  EXPECT_EQ(limits(std::string(acme::kLetsEncryptStaging), ""), "letsencrypt-staging");
  EXPECT_EQ(limits("https://ca.test/directory", ""), "conservative");
  EXPECT_EQ(limits("https://ca.test/directory", "none"), "none");
}

TEST_F(AutoCertificatesTest, BadOptionsAreErrorsAtOnce) {
  const auto failure = [&](AutoCertificatesOptions asked) {
    return thrown_error([&] { AutoCertificates site(std::move(asked), parts()); });
  };
  auto asked = options({"not a name"});
  EXPECT_EQ(failure(asked)->code(), ErrorCode::config);
  asked = options({"a.test"});
  asked.name = "../up";
  EXPECT_EQ(failure(asked)->code(), ErrorCode::config);
  asked = options({"a.test"});
  asked.email = "me";
  EXPECT_EQ(failure(asked)->code(), ErrorCode::config);
  asked = options({"a.test"});
  asked.limits = "plenty";
  EXPECT_EQ(failure(asked)->code(), ErrorCode::config);
  EXPECT_TRUE(store_.disk()->keys().empty());
}

TEST_F(AutoCertificatesTest, WithoutDomainsItKeepsWhateverTheStoreHas) {
  AutoCertificates(options({"a.test"}), parts()).run_once({});
  AutoCertificates site(options({}), background_parts());
  EXPECT_EQ(site.certificate(), "");
  site.start(sink_);
  EXPECT_NE(sink_.find("a.test"), nullptr);
}

TEST_F(AutoCertificatesTest, AWebrootIsAnsweredByFiles) {
  TemporaryFolder root;
  auto asked = options({"a.test"});
  asked.webroot = root.path();
  std::string seen;
  world_.reachable = false;
  world_.ca.rule(Operation::challenge, 1, Action::before([&] {
                   for (const auto& entry :
                        std::filesystem::directory_iterator(root / ".well-known/acme-challenge")) {
                     seen = entry.path().filename();
                   }
                 }));
  AutoCertificates site(asked, parts());
  site.run_once({});
  EXPECT_FALSE(seen.empty());
  EXPECT_TRUE(std::filesystem::is_empty(root / ".well-known/acme-challenge"));
}

TEST_F(AutoCertificatesTest, AWishOfItsOwnIsTheCertificateThatHasItsFirstName) {
  AutoCertificates site(options({}), parts());
  EXPECT_EQ(site.manage(options({"a.test", "b.test"})), "a.test");
  EXPECT_EQ(site.manage(options({"b.test", "c.test"})), "a.test") << "a.test is left out now";
  EXPECT_EQ(site.certificates().spec("a.test")->names, parse_identifiers({"b.test", "c.test"}));
  AutoCertificatesOptions named = options({"d.test"});
  named.name = "mine";
  named.key_types = {KeyType::ec384};
  EXPECT_EQ(site.manage(named), "mine");
  EXPECT_EQ(site.certificates().spec("mine")->key_types, std::vector{KeyType::ec384});
  EXPECT_THROW(site.manage(options({"d.test", "c.test"})), Error) << "c.test is another's";
}

}  // namespace
}  // namespace autohttps
