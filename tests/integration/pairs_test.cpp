// A pair served: clients that know RSA only, and modern ones, before and after a renewal and when
// one key type's order fails.
#include <autohttps/common/pem.h>
#include <autohttps/tests/integration/program_on_pebble.h>

#include <gtest/gtest.h>

namespace autohttps {
namespace {

// What a client was shown, by openssl's own client; empty: its handshake or chain was no good.
std::string shown(const ProgramOnPebble& here, std::uint16_t port, const Words& how) {
  const ChildResult result = run_child(
      {.arguments = Words{"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(port),
                          "-servername", "a.test", "-CAfile", here.pebble.root_file().string(),
                          "-verify_hostname", "a.test", "-verify_return_error"} +
                    how,
       .input = "Q\n"});
  const std::size_t begin = result.out.find("-----BEGIN CERTIFICATE-----");
  const std::size_t end = result.out.find("-----END CERTIFICATE-----");
  if (result.exit_code != 0 || end == std::string::npos) return {};
  return split_certificates(result.out.substr(begin, end - begin) + "-----END CERTIFICATE-----\n")
      .front();
}

class Pairs : public OnEachPebble {
 protected:
  std::string rsa_client(const ProgramOnPebble& here) const {
    return shown(here, https_.number(), {"-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"});
  }
  std::string modern_client(const ProgramOnPebble& here) const {
    return shown(here, https_.number(), {"-tls1_3", "-sigalgs", "ECDSA+SHA256"});
  }
  // The first certificate of a file of `current`.
  static std::string leaf(const ProgramOnPebble& here, const std::string& file) {
    return split_certificates(contents(here.current("a.test") / file)).front();
  }
  bool both_are_served(const ProgramOnPebble& here) const {
    return eventually([&] {
      return modern_client(here) == leaf(here, "fullchain.pem") &&
             rsa_client(here) == leaf(here, "rsa2048/fullchain.pem");
    });
  }
  static Words wish(const ProgramOnPebble& here, const std::string& types) {
    return here.on_store() + here.http_port() +
           Words{"--server",     here.pebble.directory_url(),
                 "--ca-bundle",  here.pebble.ca_bundle().string(),
                 "--agree-tos",  "--limits",
                 "conservative", "--key-type",
                 types};
  }

  FreePort https_;
};

TEST_P(Pairs, EachClientGetsItsChainBeforeAndAfterARenewalAndWhenOneTypesOrderFails) {
  const ProgramOnPebble here({.version = version()});
  ChildResult result = here.run(Words{"obtain", "a.test"} + wish(here, "ec256,rsa2048"));
  ASSERT_EQ(result.exit_code, 0) << said(result);
  Child server(program(Words{"serve"} + here.on_store() + here.http_port() +
                       Words{"--https-port", https_.text()}));
  ASSERT_TRUE(server.wait_for("serving https on port")) << server.out() + server.err();
  EXPECT_TRUE(both_are_served(here));

  const std::string ec = leaf(here, "fullchain.pem"), rsa = leaf(here, "rsa2048/fullchain.pem");
  result = here.renew({"--force"});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(leaf(here, "fullchain.pem"), ec);
  EXPECT_NE(leaf(here, "rsa2048/fullchain.pem"), rsa);
  EXPECT_TRUE(both_are_served(here));

  // RSA alone until this day's budget of it is used up; then the pair again.
  for (int i = 0; i < 15 && result.exit_code == 0; ++i) {
    result = here.run(Words{"obtain", "a.test", "--force"} + wish(here, "rsa2048"));
  }
  ASSERT_EQ(result.exit_code, 4) << said(result);
  result = here.run(Words{"obtain", "a.test"} + wish(here, "ec256,rsa2048"));
  EXPECT_TRUE(both_are_served(here)) << said(result);
  const std::string kept = leaf(here, "rsa2048/fullchain.pem");
  const std::string old = leaf(here, "fullchain.pem");
  result = here.renew({"--force", "--json"});
  EXPECT_EQ(result.exit_code, 4) << said(result);
  EXPECT_NE(leaf(here, "fullchain.pem"), old) << said(result);
  EXPECT_EQ(leaf(here, "rsa2048/fullchain.pem"), kept);
  EXPECT_TRUE(both_are_served(here));
  const Json types = json_of(result)["certificates"][0]["key_types"];
  EXPECT_EQ(types[0]["action"], "renewed") << said(result);
  EXPECT_EQ(types[1]["action"], "deferred") << said(result);
  EXPECT_EQ(server.stop(), 0) << server.out() + server.err();
}

AUTOHTTPS_ON_EACH_PEBBLE(Pairs);

}  // namespace
}  // namespace autohttps
