#include <autohttps/server/sites/reverse_proxy.h>

#include <autohttps/tests/support/https_peer.h>
#include <autohttps/tests/support/proxy_fixture.h>
#include <autohttps/tests/support/raw_peer.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <openssl/ssl.h>

#include <fstream>
#include <string>

namespace autohttps {
namespace {

using Reply = HttpsPeer::Answer;
using Request = HttpsPeer::Request;

class ProxyTlsTest : public ::testing::Test {
 protected:
  ProxyOptions options(const HttpsPeer& upstream, const std::string& host = "127.0.0.1") {
    bundle_ = (folder_.path() / "ca.pem").string();
    std::ofstream(bundle_) << ca_.root();
    ProxyOptions options = proxy_to({upstream.url("", host)});
    options.ca_bundle = bundle_;
    return options;
  }
  static void say_all(const Request& request, Reply& answer) {
    answer.simple(200, "", request.method + " " + request.path + " " + request.body);
  }

  const TestCa ca_;
  const TemporaryFolder folder_;
  std::string bundle_;
};

TEST_F(ProxyTlsTest, PassesRequestsOn) {
  HttpsPeer upstream(ca_.leaf({"127.0.0.1"}), say_all);
  ProxyUnderTest proxy(options(upstream));
  FramedClient client(proxy);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.get("/a").body, "GET /a ");
    EXPECT_EQ(client.post("/b", std::string(100'000, 'x')).body,
              "POST /b " + std::string(100'000, 'x'));
  }
  EXPECT_EQ(upstream.connections(), 1);
  EXPECT_EQ(proxy.status().retries, 0U);
}

TEST_F(ProxyTlsTest, LargeAnswersInManyRecords) {
  const std::string large(5'000'000, 'r');
  HttpsPeer upstream(ca_.leaf({"127.0.0.1"}),
                     [&](const Request&, Reply& answer) { answer.simple(200, "", large); });
  ProxyUnderTest proxy(options(upstream));
  FramedClient client(proxy);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/").body, large);
}

TEST_F(ProxyTlsTest, WrongCertificatesAre502AndSaidWhy) {
  struct Wrong {
    TestChain chain;
    const char* says;
  };
  for (const Wrong& wrong :
       {Wrong{ca_.leaf({"other.test"}), "IP address mismatch"},
        Wrong{ca_.expired({"127.0.0.1"}), "certificate has expired"},
        Wrong{ca_.self_signed({"127.0.0.1"}), "self-signed certificate"},
        Wrong{TestCa().leaf({"127.0.0.1"}), "unable to get local issuer certificate"}}) {
    HttpsPeer upstream(wrong.chain, say_all);
    ProxyUnderTest proxy(options(upstream));
    FramedClient client(proxy);
    EXPECT_EQ(client.get("/a").status, 502) << wrong.says;
    EXPECT_EQ(client.post("/a", "secret").status, 502);
    EXPECT_EQ(upstream.requests(), 0) << "nothing of a request leaves";
    ASSERT_EQ(proxy.events.lines().size(), 1U);
    EXPECT_NE(proxy.events.all().find(wrong.says), std::string::npos) << proxy.events.all();
  }
}

TEST_F(ProxyTlsTest, WithoutABundleTheSystemsAuthoritiesCount) {
  HttpsPeer upstream(ca_.leaf({"127.0.0.1"}), say_all);
  ProxyOptions plain = options(upstream);
  plain.ca_bundle.clear();
  ProxyUnderTest proxy(plain);
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/a").status, 502);
}

TEST_F(ProxyTlsTest, OldTlsIs502) {
  HttpsPeer::Options old;
  old.highest_tls = TLS1_1_VERSION;
  HttpsPeer upstream(ca_.leaf({"127.0.0.1"}), say_all, old);
  ProxyUnderTest proxy(options(upstream));
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/a").status, 502);
  EXPECT_EQ(upstream.requests(), 0);
}

TEST_F(ProxyTlsTest, AResetInTheHandshakeIs502) {
  HttpsPeer::Options resets;
  resets.reset_in_handshake = true;
  HttpsPeer upstream(ca_.leaf({"127.0.0.1"}), say_all, resets);
  ProxyUnderTest proxy(options(upstream));
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/a").status, 502);
  EXPECT_EQ(client.post("/a", "x").status, 502);
}

TEST_F(ProxyTlsTest, PlainTextWhereTlsShouldBeIs502) {
  const RawPeer upstream("HTTP/1.1 400 Bad Request\r\n\r\n", RawPeer::Then::close, "");
  ProxyUnderTest proxy(proxy_to({"https://127.0.0.1:" + std::to_string(upstream.port())}));
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/").status, 502);
  EXPECT_NE(proxy.events.all().find("the TLS handshake failed"), std::string::npos)
      << proxy.events.all();
}

TEST_F(ProxyTlsTest, AnEndWithoutNoticeIsNoEndOfABody) {
  HttpsPeer upstream(ca_.leaf({"127.0.0.1"}), [](const Request&, Reply& answer) {
    answer.write("HTTP/1.1 200 OK\r\n\r\nhalf of it, maybe");
    answer.keep = false;  // closed without a close_notify
  });
  ProxyUnderTest proxy(options(upstream));
  FramedClient client(proxy);
  EXPECT_FALSE(client.get("/").whole) << "RFC 9112 9.8";
}

TEST_F(ProxyTlsTest, AKeptConnectionThatHasEndedIsNotUsed) {
  HttpsPeer upstream(ca_.leaf({"127.0.0.1"}), [&](const Request& request, Reply& answer) {
    say_all(request, answer);
    answer.keep = false;
  });
  ProxyUnderTest proxy(options(upstream));
  FramedClient client(proxy);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get("/a").body, "GET /a ") << i;
  EXPECT_EQ(upstream.requests(), 5);
}

}  // namespace
}  // namespace autohttps
