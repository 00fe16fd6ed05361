#include <autohttps/server/tls/tls_client_context.h>

#include <autohttps/common/error.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/tls_session.h>
#include <autohttps/tests/support/served_credentials.h>
#include <autohttps/tests/support/session_pair.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <openssl/ssl.h>

#include <array>
#include <fstream>
#include <memory>
#include <string>
#include <tuple>

namespace autohttps {
namespace {

using Need = TlsSession::Need;

class TlsClientContextTest : public ::testing::Test {
 protected:
  TlsClientContextTest() : bundle_((folder_.path() / "ca.pem").string()) {
    std::ofstream(bundle_) << ca_.root();
    cache_->install(make_credentials(ca_, {"a.test", "b.test"}));
  }

  // A client of ours and a server of ours.
  struct Ends {
    OwnedFd client_fd, server_fd;
    TlsSession client, server;
    Need said = Need::nothing;  // the client's last word
  };
  std::unique_ptr<Ends> shake_hands(const TlsClientContext& client) {
    auto ends = std::make_unique<Ends>();
    std::tie(ends->client_fd, ends->server_fd) = socket_pair();
    EXPECT_TRUE(ends->client.open(client, ends->client_fd.get()));
    EXPECT_TRUE(ends->server.open(server_, ends->server_fd.get()));
    for (int i = 0; i < 10; ++i) {
      ends->client.note_event(false);
      ends->said = ends->client.handshake();
      if (ends->said == Need::failed || ends->said == Need::closed) break;
      ends->server.note_event(false);
      if (ends->server.handshake() == Need::nothing && ends->said == Need::nothing) break;
    }
    return ends;
  }
  static std::string read(TlsSession& session) {
    std::array<char, 100> bytes;
    session.note_event(false);
    return {bytes.data(), session.read(bytes).bytes};
  }

  const TestCa ca_;
  const TemporaryFolder folder_;
  const std::string bundle_;
  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();
  const TlsContext server_{TlsPolicy{}, cache_};
};

TEST_F(TlsClientContextTest, ShakesHandsSpeaksAndTellsAnEndFromACut) {
  const TlsClientContext context("a.test", bundle_);
  const auto ends = shake_hands(context);
  ASSERT_EQ(ends->said, Need::nothing);
  EXPECT_EQ(ends->server.server_name(), "a.test");
  EXPECT_EQ(ends->client.write(std::string_view("hello")).bytes, 5U);
  EXPECT_EQ(read(ends->server), "hello");
  EXPECT_EQ(ends->server.write(std::string_view("well")).bytes, 4U);
  EXPECT_EQ(read(ends->client), "well");
  ends->server.close_notify();
  EXPECT_EQ(read(ends->client), "");
  EXPECT_TRUE(ends->client.ended_by_notice());

  const auto cut = shake_hands(context);
  cut->server_fd.reset();
  EXPECT_EQ(read(cut->client), "");
  EXPECT_FALSE(cut->client.ended_by_notice());
}

TEST_F(TlsClientContextTest, ResumesItsNewestSession) {
  const TlsClientContext context("a.test", bundle_);
  for (int i = 0; i < 4; ++i) {
    const auto ends = shake_hands(context);
    ASSERT_EQ(ends->said, Need::nothing);
    EXPECT_EQ(SSL_session_reused(ends->client.handle()), i == 0 ? 0 : 1) << i;
    ends->server.write(std::string_view("x"));  // the ticket goes with it
    EXPECT_EQ(read(ends->client), "x");
  }
}

TEST_F(TlsClientContextTest, TheCertificateHasToBeForTheNameAndByTheBundle) {
  const TlsClientContext second("b.test", bundle_);
  EXPECT_EQ(shake_hands(second)->said, Need::nothing);
  std::ofstream(bundle_) << TestCa().root();
  const TlsClientContext distrusting("a.test", bundle_);
  const auto ends = shake_hands(distrusting);
  EXPECT_EQ(ends->said, Need::failed);
  EXPECT_EQ(verification_trouble(ends->client.handle()),
            "its certificate is not accepted: unable to get local issuer certificate");
}

TEST_F(TlsClientContextTest, ABundleThatCannotBeReadIsSaid) {
  for (const std::string& path : {folder_.path().string() + "/none.pem", folder_.path().string()}) {
    const auto error = thrown_error([&] { TlsClientContext("a.test", path); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ErrorCode::config);
  }
}

TEST_F(TlsClientContextTest, NoTroubleIsNoCertificate) {
  EXPECT_EQ(verification_trouble(nullptr), "the TLS handshake failed");
}

}  // namespace
}  // namespace autohttps
