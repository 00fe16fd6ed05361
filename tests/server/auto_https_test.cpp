#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/acme/store/published_answers.h>
#include <autohttps/common/certificate_builder.h>
#include <autohttps/common/error.h>
#include <autohttps/server/auto_https/auto_https.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/scripted_ca.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/test_certificates.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using namespace std::chrono_literals;

// AutoCertificates takes its transports over; the CA stays the test's.
struct SharedTransport final : acme::Transport {
  explicit SharedTransport(acme::Transport& to_in) : to(to_in) {}
  acme::HttpResponse send(const acme::HttpRequest& request, std::stop_token stop) override {
    return to.send(request, std::move(stop));
  }
  acme::Transport& to;
};

SiteOptions site(std::vector<std::string> names, const std::filesystem::path& root = {}) {
  SiteOptions made;
  made.names = std::move(names);
  made.root = root;
  return made;
}

class AutoHttpsTest : public ::testing::Test {
 protected:
  ~AutoHttpsTest() override { stop(); }

  // The CA fetches the answer from our port 80, as a real one does.
  std::optional<std::string> fetch_answer(const Identifier& name, const std::string& token) {
    TestConnection client = TestConnection::plain(site_->http_port());
    const TestResponse response = client.get("/.well-known/acme-challenge/" + token, name.value);
    if (response.status != 200) return std::nullopt;
    return response.body;
  }

  AutoHttps& make(std::vector<std::string> domains) {
    AutoHttpsOptions options;
    options.domains = std::move(domains);
    options.agree_to_terms = true;
    options.server = authority_.directory_url();
    options.limits = "none";
    options.http_port = 0;
    options.https_port = 0;
    options.modern_tls = modern_tls_;
    options.engine = engine_;
    options.on_event = [this](const Event& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      told_.notify_all();
    };
    AutoCertificatesParts parts;
    parts.store = &store_;
    parts.transport = [this](const acme::CaSpec&) {
      return std::make_unique<SharedTransport>(authority_);
    };
    site_.emplace(std::move(options), std::move(parts));
    site_->routes().Get("/hello", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("hi", "text/plain");
    });
    return *site_;
  }
  void start() {
    site_->bind();
    thread_ = std::thread([this] { site_->serve(); });
  }
  void stop() {
    if (site_) site_->stop();
    if (thread_.joinable()) thread_.join();
  }

  std::string stored(const std::string& id = "a.test") {
    return other_process_.current(id).value().key->fingerprint();
  }
  std::string served(const std::string& name = "a.test") {
    return TestConnection::tls(site_->https_port(), name).fingerprint();
  }
  // Waits for the event; false when it does not come.
  bool told(const std::string& certificate, const std::string& text) {
    std::unique_lock lock(mutex_);
    return told_.wait_for(lock, 30s, [&] {
      return std::any_of(events_.begin(), events_.end(), [&](const Event& event) {
        return event.certificate == certificate && event.text.find(text) != std::string::npos;
      });
    });
  }
  std::vector<Event> events(Event::Level least) {
    const std::lock_guard lock(mutex_);
    std::vector<Event> chosen;
    for (const Event& event : events_) {
      if (event.level >= least) chosen.push_back(event);
    }
    return chosen;
  }

  // As another process on the same store does.
  void write_wish(const std::string& id, const std::vector<std::string>& names) {
    acme::CertificateSpec wish;
    wish.id = id;
    wish.names = parse_identifiers(names);
    acme::CaSpec ca;
    ca.directory_url = authority_.directory_url();
    ca.limits = "none";
    ca.terms_agreed = true;
    wish.cas = {ca};
    other_process_.put_spec(wish);
  }
  void add(const std::string& id, const std::vector<std::string>& names, const TestChain& chain) {
    acme::Bundle bundle;
    bundle.chain_pem = chain.chain;
    bundle.key_pem = chain.key;
    bundle.ca = authority_.directory_url();
    bundle.names = parse_identifiers(names);
    const auto lock = other_process_.lock(id, clock_.steady() + 10s, {});
    other_process_.add(*lock, id, bundle, "a test", clock_.wall());
  }

  SystemClock clock_;
  const TestCa ca_;
  acme::MemoryStore store_{clock_};
  acme::MemoryStore others_store_{store_.disk(), clock_};
  acme::CertificateStore other_process_{others_store_};
  ScriptedCa authority_{clock_, [this](const Identifier& name, const std::string& token) {
                          return fetch_answer(name, token);
                        }};
  std::mutex mutex_;  // guards events_
  std::condition_variable told_;
  std::vector<Event> events_;
  bool modern_tls_ = false;
  EngineLimits engine_;
  std::optional<AutoHttps> site_;
  std::thread thread_;
};

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

  write_wish("b.test", {"b.test"});
  add("b.test", {"b.test"}, ca_.leaf({"b.test"}));
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
  for (const TestChain& candidate : bad) {
    try {
      add("a.test", {"a.test"}, candidate);
    } catch (const Error&) {
      // Refused at the door already.
    }
    EXPECT_EQ(served(), good);
  }
  // The publisher takes the flips in their order: after this one it has seen them all.
  add("a.test", {"a.test"}, fine);
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
