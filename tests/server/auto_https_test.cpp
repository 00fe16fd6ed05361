#include <autohttps/tests/server/auto_https_fixture.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

SiteOptions site(std::vector<std::string> names, const std::filesystem::path& root = {}) {
  SiteOptions made;
  made.names = std::move(names);
  made.root = root;
  return made;
}

TEST_F(AutoHttpsTest, ObtainsItsCertificateThroughItsOwnPort80AndServesIt) {
  make({"a.test", "b.test"});
  start();
  ASSERT_TRUE(told("a.test", "serves generation 1"));
  EXPECT_EQ(served("a.test"), stored());
  EXPECT_EQ(served("b.test"), stored());
  EXPECT_EQ(TestConnection::tls(site_->https_port(), "a.test").get("/hello", "a.test").body, "hi");
  EXPECT_TRUE(events(Event::Level::warning).empty());
}

TEST_F(AutoHttpsTest, ServesWhatTheStoreHasThoughTheCaIsDown) {
  authority_.rule(Operation::directory, 0, Action::not_reached());
  write_wish("a.test", {"a.test"});
  add("a.test", {"a.test"}, ca_.expired({"a.test"}));  // old rather than none
  make({"a.test"});
  start();
  EXPECT_EQ(served(), stored());
}

TEST_F(AutoHttpsTest, UntilTheCaAnswersAMarkedPlaceholderIsServed) {
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  authority_.rule(Operation::directory, 1, Action::before([open] { open.wait(); }));
  make({"a.test", "*.b.test"});
  start();
  const std::string placeholder = served();
  EXPECT_EQ(served("x.b.test"), placeholder);
  EXPECT_THROW(served("c.test"), std::runtime_error);
  gate.set_value();
}

TEST_F(AutoHttpsTest, ThePlaceholderGivesWayByItself) {
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  authority_.rule(Operation::directory, 1, Action::before([open] { open.wait(); }));
  make({"a.test"});
  start();
  const std::string placeholder = served();
  gate.set_value();
  ASSERT_TRUE(told("a.test", "serves generation 1"));
  EXPECT_NE(served(), placeholder);
  EXPECT_EQ(served(), stored());
}

TEST_F(AutoHttpsTest, WhatAnotherProcessFlipsIsServed) {
  write_wish("a.test", {"a.test"});
  add("a.test", {"a.test"}, ca_.leaf({"a.test"}));
  make({"a.test"});
  start();
  EXPECT_EQ(served(), stored());
  for (int generation = 2; generation <= 5; ++generation) {
    add("a.test", {"a.test"}, ca_.leaf({"a.test"}));
    ASSERT_TRUE(told("a.test", "serves generation " + std::to_string(generation)));
    EXPECT_EQ(served(), stored());
  }
  EXPECT_TRUE(events(Event::Level::warning).empty());
}

TEST_F(AutoHttpsTest, ACertificateThatIsNewInTheStoreIsServedAndRedirectedTo) {
  write_wish("a.test", {"a.test"});
  add("a.test", {"a.test"}, ca_.leaf({"a.test"}));
  make({});
  start();
  TestConnection client = TestConnection::plain(site_->http_port());
  EXPECT_EQ(client.get("/x", "b.test").status, 404);
  EXPECT_THROW(served("b.test"), std::runtime_error);

  write_wish_and_add("b.test", ca_.leaf({"b.test"}));
  ASSERT_TRUE(told("b.test", "serves generation 1"));
  EXPECT_EQ(served("b.test"), stored("b.test"));
  const TestResponse redirected = TestConnection::plain(site_->http_port()).get("/x?y", "b.test");
  EXPECT_EQ(redirected.status, 301);
  EXPECT_EQ(redirected.headers.at("location"),
            "https://b.test:" + std::to_string(site_->https_port()) + "/x?y");
}

TEST_F(AutoHttpsTest, BadCandidatesInTheStoreAreNeverServed) {  // F45, F16
  write_wish("a.test", {"a.test"});
  add("a.test", {"a.test"}, ca_.leaf({"a.test"}));
  const std::string good = stored();
  make({"a.test"});
  start();
  const TestChain fine = ca_.leaf({"a.test"});
  std::vector<TestChain> bad = {ca_.for_another_key({"a.test"}),
                                ca_.leaf({"b.test"}),
                                ca_.with_ca_bit({"a.test"}),
                                ca_.in_wrong_order({"a.test"}),
                                {"", ""},
                                {fine.chain, "-----BEGIN PRIVATE KEY-----\n"},
                                {std::string(300'000, 'x'), fine.key}};
  // Held all the time: the server, whose look may fall on a bad one, would order a good one.
  auto lock = other_process_.lock("a.test", clock_.steady() + 10s, {});
  for (const TestChain& candidate : bad) {
    try {
      add(*lock, "a.test", {"a.test"}, candidate);
    } catch (const Error&) {
      // Refused at the door already.
    }
    EXPECT_EQ(served(), good);
  }
  // The publisher takes the flips in their order: after this one it has seen them all.
  add(*lock, "a.test", {"a.test"}, fine);
  lock.reset();
  const std::string last = stored();
  const std::string generation =
      "serves generation " + std::to_string(other_process_.generations("a.test").back());
  ASSERT_TRUE(told("a.test", generation));
  EXPECT_EQ(served(), last);
}

TEST_F(AutoHttpsTest, PortZeroIsBoundToAFreeOneAndATakenOneIsAnErrorBeforeAnything) {
  AutoHttps& site = make({"a.test"});
  EXPECT_EQ(site.http_port(), 0);
  site.bind();
  EXPECT_NE(site.http_port(), 0);
  EXPECT_NE(site.https_port(), 0);
  EXPECT_NE(site.http_port(), site.https_port());

  acme::MemoryStore other_store(clock_);
  AutoCertificatesParts parts;
  parts.store = &other_store;
  AutoHttps second({.domains = {"b.test"},
                    .server = authority_.directory_url(),
                    .http_port = 0,
                    .https_port = site.https_port()},
                   std::move(parts));
  try {
    second.serve();
    ADD_FAILURE() << "served";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::port);
  }
  EXPECT_TRUE(acme::CertificateStore(other_store).ids().empty());
}

TEST_F(AutoHttpsTest, StopBeforeServeMakesItReturnAtOnce) {
  AutoHttps& site = make({"a.test"});
  site.stop();
  site.serve();
  EXPECT_EQ(authority_.count(), 0);
}

TEST_F(AutoHttpsTest, StopInTheMiddleOfAnOrderEndsSoonAndKeepsTheJournal) {
  std::promise<void> reached;
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  authority_.rule(Operation::finalize, 1, Action::before([&reached, open] {
                    reached.set_value();
                    open.wait();
                  }));
  make({"a.test"});
  start();
  reached.get_future().wait();
  site_->stop();
  gate.set_value();
  stop();
  const bool finished = other_process_.current("a.test").has_value();
  EXPECT_TRUE(finished || other_process_.pending("a.test").has_value());
  EXPECT_THROW(served(), std::runtime_error);
}

TEST_F(AutoHttpsTest, RoutesThatAreSetBeforeServeAreServedOverTls) {
  write_wish("a.test", {"a.test"});
  add("a.test", {"a.test"}, ca_.leaf({"a.test"}));
  make({"a.test"})
      .routes()
      .Post("/echo", [](const httplib::Request& request, httplib::Response& response) {
        response.set_content(request.body, "text/plain");
      });
  start();
  TestConnection client = TestConnection::tls(site_->https_port(), "a.test");
  client.send("POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nback");
  EXPECT_EQ(client.read_response().body, "back");
}

TEST_F(AutoHttpsTest, WhatClientsAreGivenIsAsTheOptionsSay) {
  modern_tls_ = true;
  engine_.body = 10;
  engine_.head.lines = 20;
  AutoHttps& site = make({"a.test"});
  site.routes().Post("/echo", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.body, "text/plain");
  });
  start();
  EXPECT_ANY_THROW(TestConnection::tls(site.https_port(), "a.test", "127.0.0.1", TLS1_2_VERSION));
  const auto status = [&](const std::string& rest) {
    TestConnection client = TestConnection::tls(site.https_port(), "a.test");
    client.send("POST /echo HTTP/1.1\r\nHost: a.test\r\n" + rest);
    return client.read_response().status;
  };
  EXPECT_EQ(status("Content-Length: 10\r\n\r\n0123456789"), 200);
  EXPECT_EQ(status("Content-Length: 11\r\n\r\n"), 413);
  std::string lines;
  for (int i = 0; i < 30; ++i) lines += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(status(lines + "\r\n"), 431);
}

TEST_F(AutoHttpsTest, SitesAreAppliedBeforeAndWhileServing) {
  TemporaryFolder folder;
  folder.write("a/index.html", "page of a");
  folder.write("b/index.html", "page of b");
  AutoHttps& server = make({});
  server.apply({site({"a.test"}, folder / "a")});
  start();
  ASSERT_TRUE(told("a.test", "serves generation 1"));
  TestConnection before = TestConnection::tls(server.https_port(), "a.test");
  EXPECT_EQ(before.get("/", "a.test").body, "page of a");

  server.apply({site({"a.test"}), site({"b.test"}, folder / "b")});
  EXPECT_EQ(before.get("/hello", "a.test").body, "hi") << "on the connection that is open";
  ASSERT_TRUE(told("b.test", "serves generation 1"));
  EXPECT_EQ(served("b.test"), stored("b.test"));
  EXPECT_EQ(TestConnection::tls(server.https_port(), "b.test").get("/", "b.test").body,
            "page of b");
}

TEST_F(AutoHttpsTest, WhatOneSitesWishMeetsStopsNoOther) {
  write_wish("both", {"a.test", "x.test"});
  AutoHttps& server = make({});
  server.apply({site({"b.test", "x.test"}), site({"c.test"})});
  EXPECT_TRUE(told("", "site b.test: "));
  EXPECT_EQ(server.certificates().certificates().ids(),
            (std::vector<std::string>{"both", "c.test"}));
}

TEST_F(AutoHttpsTest, SitesThatCannotBeAreRefusedWhole) {
  AutoHttps& server = make({});
  EXPECT_THROW(server.apply({site({"a.test"}), site({"a.test"})}), Error);
  EXPECT_TRUE(server.certificates().certificates().ids().empty());
}

// RFC 8737: another process's order, proven at our HTTPS port.
TEST_F(AutoHttpsTest, AnswersAcmeTlsForTheWholeStoreAndCloses) {
  add("a.test", {"a.test"}, ca_.leaf({"a.test"}));
  make({});
  start();
  acme::PublishedAnswers answers(others_store_, clock_);
  CertificatePlan plan;
  plan.names = {Identifier::parse("b.test")};
  plan.not_before = clock_.wall();
  plan.not_after = clock_.wall() + 1h;
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  answers.publish_tls_alpn("b.test", key.to_pem(), build_certificate(plan, key));
  const auto connect = [&](const std::string& name) {
    return TestConnection::tls(site_->https_port(), name, "127.0.0.1", 0, "acme-tls/1");
  };
  TestConnection asking = connect("b.test");
  EXPECT_EQ(asking.fingerprint(), answers.tls_alpn("b.test")->fingerprint());
  EXPECT_TRUE(asking.ended());
  EXPECT_THROW(connect("a.test"), std::runtime_error) << "it has a certificate, but no challenge";
  answers.withdraw_tls_alpn("b.test");
  EXPECT_THROW(connect("b.test"), std::runtime_error);
  EXPECT_EQ(served("a.test"), stored("a.test"));
}

}  // namespace
}  // namespace autohttps
