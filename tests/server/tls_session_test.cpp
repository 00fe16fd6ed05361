#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/tls_session.h>
#include <autohttps/tests/support/served_credentials.h>
#include <autohttps/tests/support/session_pair.h>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

using Need = TlsSession::Need;

static_assert(sizeof(TlsSession) <= 32, "one in every connection, plain ones too");

class TlsSessionTest : public ::testing::Test {
 protected:
  TlsSessionTest() {
    cache_->install(make_credentials(ca_, {"a.test"}));
    client_.server_name = "a.test";
  }
  const TestCa ca_;
  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();
  const TlsContext context_{TlsPolicy{}, cache_};
  TestClient client_;
};

constexpr int kVersions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

TEST_F(TlsSessionTest, ShakesHandsAndSpeaks) {
  for (const int version : kVersions) {
    client_.version = version;
    SessionPair pair(context_, client_);
    EXPECT_EQ(pair.server_step(), Need::readable);
    ASSERT_TRUE(pair.shake_hands());
    ASSERT_TRUE(pair.client_writes("GET"));
    EXPECT_EQ(pair.server_reads(), "GET");
    EXPECT_TRUE(pair.server.drained());
    EXPECT_EQ(pair.server.write(std::string_view("fine")).bytes, 4U);
    EXPECT_EQ(pair.client_reads(), "fine");
  }
}

}  // namespace
}  // namespace autohttps
