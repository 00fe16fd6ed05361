#include <autohttps/server/auto_https/port80.h>
#include <autohttps/server/engine/counters.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace autohttps {
namespace {

const std::string kToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const std::string kAnswer = kToken + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const std::string kTarget = std::string(kChallengePath) + kToken;

class LiveAnswers final : public ChallengeAnswers {
 public:
  std::optional<std::string> key_authorization(std::string_view token) const override {
    const std::lock_guard lock(mutex_);
    if (!live_ || token != kToken) return std::nullopt;
    return kAnswer;
  }
  std::shared_ptr<const CertifiedKey> tls_alpn(std::string_view) const override { return nullptr; }
  void withdraw() {
    const std::lock_guard lock(mutex_);
    live_ = false;
  }

 private:
  mutable std::mutex mutex_;
  bool live_ = true;  // guarded by mutex_
};

class Port80Test : public ::testing::Test {
 protected:
  void SetUp() override { port80_.start(); }
  TestConnection connect() { return TestConnection::plain(port80_.port()); }
  TestResponse ask(const std::string& request) {
    TestConnection client = connect();
    client.send(request);
    return client.read_response();
  }
  void redirect_a_test() { port80_.redirect({{"a.test", "*.b.test"}, 443}); }

  LiveAnswers answers_;
  Port80 port80_{answers_, listen_tcp("", 0)};
};

TEST_F(Port80Test, ALiveTokenIsAnsweredExactly) {
  const TestResponse response = ask("GET " + kTarget + " HTTP/1.1\r\nHost: a.test\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, kAnswer);
  EXPECT_EQ(response.headers.at("content-type"), "text/plain");
}

TEST_F(Port80Test, ATokenThatWasWithdrawnIsGone) {
  redirect_a_test();
  answers_.withdraw();
  EXPECT_NE(ask("GET " + kTarget + " HTTP/1.1\r\nHost: a.test\r\n\r\n").status, 200);
}

TEST_F(Port80Test, AllElseIs404UntilThereIsWhereToRedirectTo) {
  const std::string request = "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n";
  EXPECT_EQ(ask(request).status, 404);
  redirect_a_test();
  const TestResponse response = ask(request);
  EXPECT_EQ(response.status, 301);
  EXPECT_EQ(response.headers.at("location"), "https://a.test/x");
}

TEST_F(Port80Test, OnlyGetAndHeadMayChangeTheirMethodInARedirect) {
  redirect_a_test();
  EXPECT_EQ(ask("POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi").status, 308);
  EXPECT_EQ(ask("PUT /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n").status, 308);
  TestConnection client = connect();
  client.send("HEAD /x HTTP/1.1\r\nHost: x.b.test\r\nConnection: close\r\n\r\n");
  const TestResponse head = client.read_response(true);
  EXPECT_EQ(head.status, 301);
  EXPECT_EQ(head.headers.at("location"), "https://x.b.test/x");
}

TEST_F(Port80Test, ABodyIsRedirectedUnread) {
  redirect_a_test();
  const std::string request =
      "POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n";
  EXPECT_EQ(ask(request + "none").status, 308);
}

TEST_F(Port80Test, StopAnswersNobodyMore) {
  port80_.stop();
  EXPECT_THROW(connect(), std::runtime_error);
  port80_.stop();
}

TEST(Port80LifeTest, ItMayEndWithoutHavingBegun) {
  const LiveAnswers answers;
  const Port80 port80(answers, listen_tcp("", 0));
  EXPECT_NE(port80.port(), 0);
}

// One for the network, one that watches it: all that a command needs to answer a CA.
TEST(Port80LifeTest, ItHasAsManyThreadsAsItIsGiven) {
  const LiveAnswers answers;
  EngineLimits limits;
  limits.leaders = 1;
  Port80 port80(answers, listen_tcp("", 0), limits);
  port80.start();
  EXPECT_EQ(port80.counters().threads, 2U);
}

TEST(Port80LifeTest, OfAStoreThatCannotBeReadStrangersLearnNothing) {
  struct Unreadable final : ChallengeAnswers {
    std::optional<std::string> key_authorization(std::string_view) const override {
      throw std::runtime_error("/srv/secret: not readable");
    }
    std::shared_ptr<const CertifiedKey> tls_alpn(std::string_view) const override { return {}; }
  };
  const Unreadable answers;
  Port80 port80(answers, listen_tcp("", 0));
  port80.start();
  TestConnection client = TestConnection::plain(port80.port());
  for (int i = 0; i < 2; ++i) {
    client.send("GET " + kTarget + " HTTP/1.1\r\nHost: a.test\r\n\r\n");
    const TestResponse response = client.read_response();
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body, "");
  }
}

using F27_Port80 = Port80Test;

TEST_F(F27_Port80, OddButRightRequestsAreAnsweredTheSame) {
  for (const std::string& request : std::vector<std::string>{
           "GET " + kTarget + " HTTP/1.1\r\nHost: elsewhere.test:81\r\n\r\n",
           "GET " + kTarget + " HTTP/1.1\r\nHost: [2001:db8::7]\r\n\r\n",
           "GET " + kTarget + " HTTP/1.0\r\n\r\n",
           "GET http://a.test" + kTarget + " HTTP/1.1\r\nHost: a.test\r\n\r\n",
           "GET " + kTarget + " HTTP/1.0\r\nHost: a.test\r\n\r\n",
           "GET " + kTarget + " HTTP/1.1\r\nHost: a.test\r\nRange: bytes=0-3\r\n\r\n",
           "GET " + kTarget + " HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip, br\r\n\r\n",
           "GET " + kTarget + " HTTP/1.1\r\nHost: a.test\r\nAccept: image/png\r\n\r\n",
           "GET " + kTarget + " HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"}) {
    const TestResponse response = ask(request);
    EXPECT_EQ(response.status, 200) << request;
    EXPECT_EQ(response.body, kAnswer) << request;
    EXPECT_EQ(response.headers.count("content-encoding"), 0U) << request;
  }
}

TEST_F(F27_Port80, HeadHasTheLengthAndNoBody) {
  TestConnection client = connect();
  client.send("HEAD " + kTarget + " HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
  const TestResponse response = client.read_response(true);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-length"), std::to_string(kAnswer.size()));
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(F27_Port80, PipelinedOnesAreAnsweredInOrder) {
  TestConnection client = connect();
  const std::string one = "GET " + kTarget + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
  client.send(one + "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n" + one);
  EXPECT_EQ(client.read_response().body, kAnswer);
  EXPECT_EQ(client.read_response().status, 404);
  EXPECT_EQ(client.read_response().body, kAnswer);
}

TEST_F(F27_Port80, OtherPathsMethodsAndProtocolsAreNotAnswered) {
  redirect_a_test();
  const std::string encoded = std::string(kChallengePath) + "%65" + kToken.substr(1);
  for (const std::string& request : std::vector<std::string>{
           "GET " + encoded + " HTTP/1.1\r\nHost: a.test\r\n\r\n",
           "GET " + kTarget + "?x=1 HTTP/1.1\r\nHost: a.test\r\n\r\n",
           "GET " + kTarget + "/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
           "GET " + kTarget + " HTTP/1.1\r\n\r\n",  // RFC 9112 3.2: 400
           "GET //" + kTarget + " HTTP/1.1\r\nHost: a.test\r\n\r\n",
           "GET " + kTarget + "%00 HTTP/1.1\r\nHost: a.test\r\n\r\n",
           "POST " + kTarget + " HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n",
           "DELETE " + kTarget + " HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n",
           "GET " + kTarget + " HTTP/9.9\r\nHost: a.test\r\n\r\n", "GET " + kTarget + "\r\n\r\n",
           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\r\n\r\n", "x", "",
           "\x16\x03\x01\x02garbage of a TLS client\r\n\r\n"}) {
    TestConnection client = connect();
    client.send(request);
    client.finish_sending();
    const std::string answer = client.read_to_end();
    EXPECT_EQ(answer.find(kAnswer), std::string::npos) << request;
    EXPECT_EQ(answer.find("HTTP/1.1 200"), std::string::npos) << request;
  }
}

TEST_F(F27_Port80, ABodyIsNeverTakenForTheNextRequest) {
  const std::string hidden = "GET " + kTarget + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
  for (const std::string& head :
       {"POST /x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: " +
            std::to_string(hidden.size()),
        "GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: " +
            std::to_string(hidden.size()),
        std::string("POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked")}) {
    TestConnection client = connect();
    client.send(head + "\r\n\r\n" + hidden);
    EXPECT_EQ(client.read_to_end().find(kAnswer), std::string::npos) << head;
  }
}

TEST_F(F27_Port80, TheyComeFirstWhateverIsRedirected) {
  redirect_a_test();
  const TestResponse response = ask("GET " + kTarget + " HTTP/1.1\r\nHost: a.test\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, kAnswer);
}

using F50_Port80 = Port80Test;

TEST_F(F50_Port80, NothingOfTheRequestsHostReachesTheAnswer) {
  redirect_a_test();
  for (const char* host :
       {"evil.test", "a.test@evil.test", "user@a.test", "a.test:80@evil.test", "a.test/evil",
        "a.test%0d%0aX-Injected:%20yes", "a.test%0aX", "http://a.test", "", " ", "a.test evil.test",
        "[::1]", "127.0.0.1", "a.test:99999999"}) {
    const TestResponse response = ask("GET /x HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    EXPECT_TRUE(response.status == 404 || response.status == 400) << host << response.status;
    EXPECT_EQ(response.headers.count("location"), 0U) << host;
    EXPECT_EQ(response.raw_head.find("evil"), std::string::npos) << host;
    EXPECT_EQ(response.headers.count("x-injected"), 0U) << host;
  }
}

TEST_F(F50_Port80, NoneOrTwoAreNobodysHost) {
  redirect_a_test();
  EXPECT_EQ(ask("GET /x HTTP/1.1\r\n\r\n").status, 400);  // RFC 9112 3.2
  EXPECT_EQ(ask("GET /x HTTP/1.1\r\nHost: a.test\r\nHost: evil.test\r\n\r\n").status, 400);
  EXPECT_EQ(ask("GET /x HTTP/1.0\r\n\r\n").status, 404);
}

TEST_F(F50_Port80, CaseAFinalDotAndAPortAreStillTheSameHost) {
  redirect_a_test();
  for (const char* host : {"A.TEST", "a.test.", "a.test:80", "a.test:8080"}) {
    const TestResponse response =
        ask("GET /x?y HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    EXPECT_EQ(response.status, 301) << host;
    EXPECT_EQ(response.headers.at("location"), "https://a.test/x?y") << host;
  }
}

TEST_F(F50_Port80, AnAbsoluteTargetAndItsHostSayTheSame) {
  redirect_a_test();
  EXPECT_EQ(ask("GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n").headers.at("location"),
            "https://a.test/x");
  EXPECT_EQ(ask("GET http://evil.test/x HTTP/1.1\r\nHost: evil.test\r\n\r\n").status, 404);
  for (const char* request : {"GET http://evil.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
                              "GET http://a.test/x HTTP/1.1\r\nHost: evil.test\r\n\r\n"}) {
    const TestResponse response = ask(request);
    EXPECT_EQ(response.status, 400) << request;
    EXPECT_EQ(response.headers.count("location"), 0U) << request;
  }
}

}  // namespace
}  // namespace autohttps
