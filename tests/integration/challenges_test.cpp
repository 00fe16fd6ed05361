#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/integration/running_server.h>

#include <filesystem>
#include <set>
#include <utility>

namespace autohttps {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::set<std::string> names_of(const CertifiedKey& key) {
  std::set<std::string> names;
  for (const Identifier& name : key.names()) names.insert(name.value);
  return names;
}

bool nothing_is_up(const ProgramOnPebble& here) {
  for (const char* type : {"http-01", "tls-alpn-01"}) {
    const std::filesystem::path folder = here.store() + "/challenges/" + type;
    if (std::filesystem::exists(folder) && !std::filesystem::is_empty(folder)) return false;
  }
  return true;
}

// The program's own view of where a CA would come from, and not.
Words ports(std::uint16_t http, std::uint16_t https) {
  return {"--http-port", std::to_string(http), "--https-port", std::to_string(https)};
}

Words wish(const ProgramOnPebble& here) {
  return here.on_store() + Words{"--server",    here.pebble.directory_url(),
                                 "--ca-bundle", here.pebble.ca_bundle().string(),
                                 "--agree-tos", "--limits",
                                 "none"};
}

// ---- RFC 8737 against a CA that validates

// Each order is to be proven anew.
PebbleOptions proving(PebbleVersion version) {
  PebbleOptions options;
  options.version = std::move(version);
  options.environment["PEBBLE_AUTHZREUSE"] = "0";
  return options;
}

class TlsAlpnOnPebbleTest : public OnEachPebble {};
AUTOHTTPS_ON_EACH_PEBBLE(TlsAlpnOnPebbleTest);

TEST_P(TlsAlpnOnPebbleTest, F26_IsTakenByItselfWhereThePortOfHttpIsAStrangers) {
  const ProgramOnPebble here(proving(version()));
  const OwnedFd stranger = listen_tcp("", here.pebble.http_port());
  const ChildResult result = here.obtain({"a.test", "b.test"});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_TRUE(contains(result.err, "a.test: answering tls-alpn-01 (http-01: port " +
                                       std::to_string(here.pebble.http_port()) + " is held by "))
      << said(result);
  EXPECT_EQ(names_of(*here.stored("a.test")), (std::set<std::string>{"a.test", "b.test"}));
  EXPECT_TRUE(nothing_is_up(here));
}

TEST_P(TlsAlpnOnPebbleTest, WhatIsForcedIsKeptForRenewal) {
  const ProgramOnPebble here(proving(version()));
  const ChildResult first = here.obtain({"a.test", "--challenge", "tls-alpn-01"});
  ASSERT_EQ(first.exit_code, 0) << said(first);
  EXPECT_TRUE(contains(first.err, "a.test: answering tls-alpn-01\n")) << said(first);
  const std::string serial = here.stored("a.test")->serial();
  const ChildResult renewed = here.renew({"--force", "-v"});
  EXPECT_EQ(renewed.exit_code, 0) << said(renewed);
  EXPECT_NE(here.stored("a.test")->serial(), serial);
  EXPECT_FALSE(contains(renewed.err, "http-01")) << said(renewed);
}

TEST(TlsAlpnTest, ARunningServerAnswersForOtherProcesses) {
  const ProgramOnPebble here;
  const FreePort http;
  Child server(program(Words{"serve", "a.test", "--challenge", "tls-alpn-01"} + wish(here) +
                       ports(http.number(), here.pebble.tls_port())));
  ASSERT_TRUE(server.wait_for("a.test: saved generation 1")) << server.err();
  const HttpsRequest request{
      .port = here.pebble.tls_port(), .name = "a.test", .root_pem = here.pebble.root_pem()};
  EXPECT_TRUE(eventually([&] { return https_get(request).verified; }));
  // Port 80 as the CA sees it is nobody's: it is the server that proves both.
  const ChildResult other = here.run(Words{"obtain", "c.test", "--challenge", "tls-alpn-01"} +
                                     wish(here) + ports(http.number(), here.pebble.tls_port()));
  EXPECT_EQ(other.exit_code, 0) << said(other);
  EXPECT_TRUE(contains(other.err, ", which answers for this store")) << said(other);
  const ChildResult staged = here.run(Words{"renew", "--dry-run", "--verbose"} + here.on_store() +
                                      ports(http.number(), here.pebble.tls_port()));
  EXPECT_EQ(staged.exit_code, 0) << "the test store's answers too: " << said(staged);
  EXPECT_TRUE(https_get(request).verified) << "everybody else is served all the while";
  EXPECT_EQ(server.stop(), 0) << server.err();
}

// RELIABILITY F26: "closed".
TEST(TlsAlpnTest, F26_IsTriedNextWhenTheCaFindsThePortOfHttpShut) {
  const ProgramOnPebble here;
  const FreePort elsewhere;  // we listen, but the CA comes to a port where nobody does
  const Words run =
      Words{"obtain", "a.test"} + wish(here) + ports(elsewhere.number(), here.pebble.tls_port());
  const ChildResult first = here.run(run);
  EXPECT_EQ(first.exit_code, 3) << said(first);
  EXPECT_TRUE(contains(first.err, "answering http-01")) << said(first);
  const ChildResult second = here.run(run);
  EXPECT_EQ(second.exit_code, 0) << said(second);
  EXPECT_TRUE(contains(second.err, "answering tls-alpn-01")) << said(second);
}

// attach() on a context of a program's own (tests/examples).
TEST(TlsAlpnTest, AProgramsOwnServerAnswersForOtherProcesses) {
  const ProgramOnPebble here;
  ChildOptions example;
  example.arguments =
      Words{(autohttps_program().parent_path() / "examples" / "openssl_server").string(),
            "a.test",
            "--server",
            here.pebble.directory_url(),
            "--ca-bundle",
            here.pebble.ca_bundle().string(),
            "--limits",
            "none",
            "--store",
            here.store()} +
      ports(here.pebble.http_port(), here.pebble.tls_port());
  Child server(example);
  ASSERT_TRUE(server.wait_for("a.test: saved generation 1")) << server.out() << server.err();
  const ChildResult other = here.obtain({"b.test", "--challenge", "tls-alpn-01"});
  EXPECT_EQ(other.exit_code, 0) << said(other);
  EXPECT_TRUE(contains(other.err, ", which answers for this store")) << said(other);
  EXPECT_EQ(server.stop(), 0) << server.err();
}

TEST(TlsAlpnTest, AForcedWayThatCannotWorkFailsBeforeAnythingIsAsked) {
  const ProgramOnPebble here;
  const OwnedFd stranger = listen_tcp("", here.pebble.tls_port());
  const ChildResult result = here.obtain({"a.test", "--challenge", "tls-alpn-01"});
  EXPECT_EQ(result.exit_code, 5) << said(result);
  EXPECT_TRUE(contains(result.err, "--https-port")) << said(result);
  EXPECT_FALSE(std::filesystem::exists(here.store() + "/accounts")) << "no CA was asked";
  const ChildResult wildcard = here.obtain({"*.a.test", "--challenge", "tls-alpn-01"});
  EXPECT_EQ(wildcard.exit_code, 2) << said(wildcard);
  EXPECT_FALSE(std::filesystem::exists(here.store() + "/accounts")) << "no CA was asked";
}

TEST(TlsAlpnTest, AnUnknownTypeIsAnsweredWithThoseThereAre) {
  const ProgramOnPebble here;
  const ChildResult result = here.obtain({"a.test", "--challenge", "tls-sni-01"});
  EXPECT_EQ(result.exit_code, 2) << said(result);
  EXPECT_TRUE(contains(result.err, "tls-alpn-01")) << said(result);
}

// ---- RFC 8738

class AddressOnPebbleTest : public OnEachPebble {};
AUTOHTTPS_ON_EACH_PEBBLE(AddressOnPebbleTest);

TEST_P(AddressOnPebbleTest, IsProvenByEitherChallengeAndCertifiedAsWhatItIs) {
  const ProgramOnPebble here(proving(version()));
  for (const char* type : {"http-01", "tls-alpn-01"}) {
    const ChildResult result = here.obtain({"127.0.0.1", "::1", "--challenge", type, "--force"});
    ASSERT_EQ(result.exit_code, 0) << said(result);
    EXPECT_TRUE(contains(result.err, std::string("::1: answering ") + type)) << said(result);
    // Whatever order the CA has them in.
    const auto stored = here.stored("127.0.0.1");
    EXPECT_EQ(names_of(*stored), (std::set<std::string>{"127.0.0.1", "::1"}));
    for (const Identifier& name : stored->names()) {
      EXPECT_EQ(name.type, Identifier::Type::ip) << name.value;
    }
    const ChildResult renewed = here.renew({"--force"});
    EXPECT_EQ(renewed.exit_code, 0) << said(renewed);
    EXPECT_TRUE(nothing_is_up(here));
  }
}

TEST_P(AddressOnPebbleTest, GoesTogetherWithNames) {
  const ProgramOnPebble here(proving(version()));
  for (const char* type : {"http-01", "tls-alpn-01"}) {
    const ChildResult result = here.obtain({"a.test", "::1", "--challenge", type, "--force"});
    ASSERT_EQ(result.exit_code, 0) << said(result);
    EXPECT_EQ(names_of(*here.stored("a.test")), (std::set<std::string>{"a.test", "::1"}));
  }
}

TEST(AddressesTest, AreServedToClientsThatNameNobody) {
  const ProgramOnPebble here;
  here.folder.write("www/index.html", "the page");
  Child server(
      program(Words{"serve", "127.0.0.1", "::1", "--root", (here.folder / "www").string()} +
              here.at_pebble() + here.https_port()));
  ASSERT_TRUE(server.wait_for("127.0.0.1: saved generation 1")) << server.err();
  for (const char* address : {"127.0.0.1", "::1"}) {
    const HttpsRequest request{.port = here.pebble.tls_port(),
                               .name = address,
                               .root_pem = here.pebble.root_pem(),
                               .address = address};
    EXPECT_TRUE(eventually([&] { return https_get(request).verified; })) << address;
    const HttpsAnswer page = https_get(request);
    EXPECT_EQ(page.body, "the page") << address << page.failure;

    HttpsRequest plain = request;
    plain.port = here.pebble.http_port();
    plain.path = "/x";
    const std::string authority = (std::string(address) == "::1" ? "[::1]:" : "127.0.0.1:") +
                                  std::to_string(here.pebble.tls_port());
    EXPECT_TRUE(contains(http_get(plain).headers, "Location: https://" + authority + "/x"))
        << http_get(plain).headers;
  }
  const ChildResult status = here.run(Words{"status", "127.0.0.1", "--json"} + here.on_store());
  EXPECT_EQ(json_of(status)["certificates"][0]["names"], (Json{"127.0.0.1", "::1"}))
      << said(status);
  EXPECT_EQ(server.stop(), 0) << server.err();
}

TEST(AddressesTest, AnIPv6AddressAloneHasANameInTheStore) {
  const ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"::1"}).exit_code, 0);
  const ChildResult again = here.obtain({"0:0:0:0:0:0:0:1"});
  EXPECT_EQ(again.exit_code, 0) << said(again);
  EXPECT_TRUE(contains(again.out, "nothing to do")) << said(again);
  const ChildResult list = here.run(Words{"list"} + here.on_store());
  EXPECT_TRUE(contains(list.out, "::1")) << said(list);
}

}  // namespace
}  // namespace autohttps
