#include <autohttps/acme/protocol/resources.h>

#include <autohttps/common/json.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

const ResourceContext kContext{"reading it", "https://example.com/acme/directory"};

// The examples of RFC 8555 7.1.1, 7.1.2, 7.1.3 and 7.1.4.
Json directory_json() {
  return Json::parse(R"({
     "newNonce": "https://example.com/acme/new-nonce",
     "newAccount": "https://example.com/acme/new-account",
     "newOrder": "https://example.com/acme/new-order",
     "newAuthz": "https://example.com/acme/new-authz",
     "revokeCert": "https://example.com/acme/revoke-cert",
     "keyChange": "https://example.com/acme/key-change",
     "meta": {
       "termsOfService": "https://example.com/acme/terms/2017-5-30",
       "website": "https://www.example.com/",
       "caaIdentities": ["example.com"],
       "externalAccountRequired": false
     }})");
}

Json account_json() {
  return Json::parse(R"({
     "status": "valid",
     "contact": ["mailto:cert-admin@example.org", "mailto:admin@example.org"],
     "termsOfServiceAgreed": true,
     "orders": "https://example.com/acme/orders/rzGoeA"})");
}

Json order_json() {
  return Json::parse(R"({
     "status": "valid",
     "expires": "2016-01-20T14:09:07.99Z",
     "identifiers": [{ "type": "dns", "value": "www.example.org" }, { "type": "dns", "value": "example.org" }],
     "notBefore": "2016-01-01T00:00:00Z",
     "notAfter": "2016-01-08T00:00:00Z",
     "authorizations": ["https://example.com/acme/authz/PAniVnsZcis", "https://example.com/acme/authz/r4HqLzrSrpI"],
     "finalize": "https://example.com/acme/order/TOlocE8rfgo/finalize",
     "certificate": "https://example.com/acme/cert/mAt3xBGaobw"})");
}

Json authorization_json() {
  return Json::parse(R"({
     "status": "valid",
     "expires": "2015-03-01T14:09:07.99Z",
     "identifier": { "type": "dns", "value": "www.example.org" },
     "challenges": [{
         "url": "https://example.com/acme/chall/prV_B7yEyA4",
         "type": "http-01",
         "status": "valid",
         "token": "DGyRejmCefe7v4NfDGDKfA",
         "validated": "2014-12-01T12:05:58.16Z"
       }],
     "wildcard": false})");
}

template <typename Resource>
using Parser = Resource (*)(std::string_view, const ResourceContext&);

// The example with one change is refused, with Error(protocol) that begins with what was being
// done.
template <typename Resource>
void expect_refused(Parser<Resource> parse, Json json, const std::function<void(Json&)>& change) {
  change(json);
  const auto error = thrown_error(
      [&] { parse(json.dump(-1, ' ', true, Json::error_handler_t::replace), kContext); });
  ASSERT_TRUE(error) << json.dump(2);
  EXPECT_EQ(error->code(), ErrorCode::protocol) << error->what();
  EXPECT_TRUE(std::string(error->what()).starts_with("reading it: ")) << error->what();
  EXPECT_LT(std::string(error->what()).size(), 500U);
}

TEST(ResourcesTest, ReadsTheDirectoryOfRfc8555) {
  const Directory directory = parse_directory(directory_json().dump(), kContext);
  EXPECT_EQ(directory.new_nonce, "https://example.com/acme/new-nonce");
  EXPECT_EQ(directory.new_account, "https://example.com/acme/new-account");
  EXPECT_EQ(directory.new_order, "https://example.com/acme/new-order");
  EXPECT_EQ(directory.revoke_cert, "https://example.com/acme/revoke-cert");
  EXPECT_EQ(directory.key_change, "https://example.com/acme/key-change");
  EXPECT_EQ(directory.renewal_info, std::nullopt);
  EXPECT_EQ(directory.terms_of_service, "https://example.com/acme/terms/2017-5-30");
  EXPECT_FALSE(directory.external_account_required);
  EXPECT_TRUE(directory.profiles.empty());
}

TEST(ResourcesTest, MembersOfADirectoryThatMayBeAbsentMayBeNull) {
  Json json = directory_json();
  for (const char* name : {"revokeCert", "keyChange", "renewalInfo"}) json[name] = nullptr;
  for (const char* name :
       {"termsOfService", "website", "caaIdentities", "externalAccountRequired", "profiles"}) {
    json["meta"][name] = nullptr;
  }
  const Directory directory = parse_directory(json.dump(), kContext);
  EXPECT_EQ(directory.terms_of_service, std::nullopt);
  json["meta"] = nullptr;
  EXPECT_NO_THROW(parse_directory(json.dump(), kContext));
  json.erase("meta");
  EXPECT_NO_THROW(parse_directory(json.dump(), kContext));
}

TEST(ResourcesTest, ReadsProfilesAndUnknownMembers) {
  Json json = directory_json();
  json["meta"]["profiles"] = {{"classic", "The usual"}, {"odd", 7}};
  json["keyBCzH9"] = "https://community.example/t/adding-random-entries-to-the-directory";
  json["more"] = {{"a", {1, 2, 3}}};
  const Directory directory = parse_directory(json.dump(), kContext);
  EXPECT_EQ(directory.profiles,
            (std::map<std::string, std::string>{{"classic", "The usual"}, {"odd", ""}}));
}

TEST(F19_Directory, UrlsThatLeadAstrayAreRefused) {
  for (const char* name :
       {"newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "renewalInfo"}) {
    for (const char* url : {"http://example.com/x", "file:///etc/passwd",
                            "https://user:pass@example.com/x", "/acme/x", "", "https://127.0.0.1/x",
                            "https://localhost:14000/x", "https://[::1]/x", "x"}) {
      expect_refused<Directory>(parse_directory, directory_json(),
                                [&](Json& json) { json[name] = url; });
    }
    expect_refused<Directory>(parse_directory, directory_json(),
                              [&](Json& json) { json[name] = 7; });
  }
}

// It is shown to a person and never asked for: Pebble's is a data: URL.
TEST(F19_Directory, TheTermsAreTextThatCannotSteerATerminal) {
  Json json = directory_json();
  json["meta"]["termsOfService"] = "data:text/plain,Do%20what%20thou%20wilt";
  EXPECT_EQ(parse_directory(json.dump(), kContext).terms_of_service,
            "data:text/plain,Do%20what%20thou%20wilt");
  json["meta"]["termsOfService"] = "\x1b]0;gone\x07";
  EXPECT_EQ(parse_directory(json.dump(), kContext).terms_of_service, "\\x1b]0;gone\\x07");
  json["meta"]["termsOfService"] = 7;
  EXPECT_THROW(parse_directory(json.dump(), kContext), Error);
}

TEST(F19_Directory, MissingMembersAreRefused) {
  for (const char* name : {"newNonce", "newAccount", "newOrder"}) {
    expect_refused<Directory>(parse_directory, directory_json(),
                              [&](Json& json) { json.erase(name); });
    expect_refused<Directory>(parse_directory, directory_json(),
                              [&](Json& json) { json[name] = nullptr; });
  }
}

TEST(F19_Directory, ACaOnLoopbackMayNameLoopback) {
  Json json = directory_json();
  json["newNonce"] = "https://localhost:14000/nonce-plz";
  EXPECT_NO_THROW(parse_directory(json.dump(), {"reading it", "https://127.0.0.1:14000/dir"}));
}

TEST(ResourcesTest, ReadsTheAccountOfRfc8555) {
  const Account account = parse_account(account_json().dump(), kContext);
  EXPECT_EQ(account.status, "valid");
  EXPECT_EQ(account.contact.size(), 2U);
  Json json = account_json();
  json["contact"] = nullptr;
  EXPECT_TRUE(parse_account(json.dump(), kContext).contact.empty());
  expect_refused<Account>(parse_account, account_json(), [](Json& bad) { bad.erase("status"); });
  expect_refused<Account>(parse_account, account_json(),
                          [](Json& bad) { bad["contact"] = "mailto:a@b.test"; });
  expect_refused<Account>(parse_account, account_json(), [](Json& bad) {
    bad["contact"] = std::vector<std::string>(1000, "mailto:a@b.test");
  });
}

TEST(ResourcesTest, ReadsTheOrderOfRfc8555) {
  const Order order = parse_order(order_json().dump(), kContext);
  EXPECT_EQ(order.status, OrderStatus::valid);
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(order.expires.value()),
            parse_rfc3339("2016-01-20T14:09:07Z"));
  EXPECT_EQ(order.identifiers, (std::vector<Identifier>{{Identifier::Type::dns, "www.example.org"},
                                                        {Identifier::Type::dns, "example.org"}}));
  EXPECT_EQ(order.authorizations.size(), 2U);
  EXPECT_EQ(order.finalize, "https://example.com/acme/order/TOlocE8rfgo/finalize");
  EXPECT_EQ(order.certificate, "https://example.com/acme/cert/mAt3xBGaobw");
  EXPECT_EQ(order.error, std::nullopt);
}

TEST(ResourcesTest, AnOrdersErrorIsItsProblem) {
  Json json = order_json();
  json["status"] = "invalid";
  json["certificate"] = nullptr;
  json["error"] = {{"type", "urn:ietf:params:acme:error:caa"}, {"detail", "forbidden"}};
  const Order order = parse_order(json.dump(), kContext);
  EXPECT_EQ(order.status, OrderStatus::invalid);
  EXPECT_EQ(order.certificate, std::nullopt);
  EXPECT_EQ(order.error.value().short_type(), "caa");
}

TEST(ResourcesTest, OrdersThatRfc8555DoesNotAllowAreRefused) {
  const auto refused = [](const std::function<void(Json&)>& change) {
    expect_refused<Order>(parse_order, order_json(), change);
  };
  refused([](Json& json) { json.erase("status"); });
  refused([](Json& json) { json["status"] = "VALID"; });
  refused([](Json& json) { json["status"] = "\x1b[31m"; });
  refused([](Json& json) { json["status"] = 1; });
  refused([](Json& json) { json["expires"] = "tomorrow"; });
  refused([](Json& json) { json.erase("identifiers"); });
  refused([](Json& json) { json["identifiers"] = Json::array(); });
  refused([](Json& json) { json["identifiers"] = {{"type", "dns"}}; });
  refused([](Json& json) { json["identifiers"][0] = "www.example.org"; });
  refused([](Json& json) { json["identifiers"][0]["type"] = "ip"; });
  refused([](Json& json) { json["identifiers"][0]["value"] = "../../etc"; });
  refused([](Json& json) { json["identifiers"][0]["value"] = "192.0.2.1"; });
  refused([](Json& json) {
    json["identifiers"] = Json(std::vector<Json>(101, json["identifiers"][0]));
  });
  refused(
      [](Json& json) { json["authorizations"][1] = "http://example.com/acme/authz/r4HqLzrSrpI"; });
  refused([](Json& json) { json["authorizations"][1] = 3; });
  refused([](Json& json) {
    json["authorizations"] = std::vector<std::string>(101, "https://example.com/a");
  });
  refused([](Json& json) { json.erase("finalize"); });
  refused([](Json& json) { json["finalize"] = "https://127.0.0.1/finalize"; });
  refused([](Json& json) { json["certificate"] = "file:///etc/shadow"; });
  refused([](Json& json) { json["error"] = "it failed"; });
  refused([](Json& json) { json = Json::array({json}); });
}

TEST(ResourcesTest, NamesAreCanonical) {
  Json json = order_json();
  json["identifiers"] = {{{"type", "dns"}, {"value", "WWW.Example.ORG"}},
                         {{"type", "dns"}, {"value", "*.example.org"}},
                         {{"type", "ip"}, {"value", "2001:DB8:0::1"}}};
  const Order order = parse_order(json.dump(), kContext);
  EXPECT_EQ(order.identifiers, (std::vector<Identifier>{{Identifier::Type::dns, "www.example.org"},
                                                        {Identifier::Type::dns, "*.example.org"},
                                                        {Identifier::Type::ip, "2001:db8::1"}}));
}

TEST(ResourcesTest, ReadsTheAuthorizationOfRfc8555) {
  const Authorization authorization = parse_authorization(authorization_json().dump(), kContext);
  EXPECT_EQ(authorization.status, AuthorizationStatus::valid);
  EXPECT_EQ(authorization.identifier, (Identifier{Identifier::Type::dns, "www.example.org"}));
  EXPECT_FALSE(authorization.wildcard);
  ASSERT_EQ(authorization.challenges.size(), 1U);
  EXPECT_EQ(authorization.challenges[0].type, "http-01");
  EXPECT_EQ(authorization.challenges[0].status, ChallengeStatus::valid);
  EXPECT_EQ(authorization.challenges[0].token, "DGyRejmCefe7v4NfDGDKfA");
}

TEST(ResourcesTest, UnknownChallengesAreKeptAndThoseWithoutUrlDropped) {
  Json json = authorization_json();
  json["challenges"].push_back({{"type", "dns-persist-01"},
                                {"url", "https://example.com/acme/chall/2"},
                                {"status", "pending"},
                                {"issuer-domain-names", {"ca.example"}}});
  json["challenges"].push_back({{"type", "combined"}, {"status", "pending"}});
  json["challenges"].push_back({{"type", "combined"}, {"url", nullptr}});
  const Authorization authorization = parse_authorization(json.dump(), kContext);
  ASSERT_EQ(authorization.challenges.size(), 2U);
  EXPECT_EQ(authorization.challenges[1].type, "dns-persist-01");
  EXPECT_EQ(authorization.challenges[1].token, "");
}

TEST(ResourcesTest, WhereTheCaLookedIsToldForPeople) {
  struct Case {
    const char* record;
    const char* tried;
  };
  const Case cases[] = {
      {R"([{"url":"http://a.test/","hostname":"a.test","port":"80","addressUsed":"192.0.2.1",
            "addressesResolved":["192.0.2.1"]}])",
       "192.0.2.1 port 80"},
      {R"([{"port":"80","addressUsed":"192.0.2.1"},
           {"port":"443","addressUsed":"2001:db8::1",
            "addressesResolved":["2001:db8::1","192.0.2.1"]}])",
       "2001:db8::1 port 443, of 2001:db8::1, 192.0.2.1"},
      {R"([{"addressUsed":"192.0.2.1\u001b[2J"}])", R"(192.0.2.1\x1b[2J)"},
      {R"([{"addressUsed":"192.0.2.1","port":80,"addressesResolved":[1,{},null]}])", "192.0.2.1"},
      {R"([])", ""},
      {R"([{"addressUsed":7}])", ""},
      {R"(["192.0.2.1"])", ""},
      {R"({"addressUsed":"192.0.2.1"})", ""},
      {R"(null)", ""},
  };
  for (const Case& expected : cases) {
    SCOPED_TRACE(expected.record);
    Json json = authorization_json();
    json["challenges"][0]["validationRecord"] = Json::parse(expected.record);
    EXPECT_EQ(parse_authorization(json.dump(), kContext).challenges.at(0).tried, expected.tried);
  }
}

TEST(ResourcesTest, AuthorizationsThatRfc8555DoesNotAllowAreRefused) {
  const auto refused = [](const std::function<void(Json&)>& change) {
    expect_refused<Authorization>(parse_authorization, authorization_json(), change);
  };
  refused([](Json& json) { json.erase("identifier"); });
  refused([](Json& json) { json["identifier"] = "www.example.org"; });
  refused([](Json& json) { json["status"] = "ready"; });
  refused([](Json& json) { json["wildcard"] = "yes"; });
  refused([](Json& json) { json["challenges"] = {{"type", "http-01"}}; });
  refused([](Json& json) { json["challenges"][0] = 7; });
  refused(
      [](Json& json) { json["challenges"] = Json(std::vector<Json>(21, json["challenges"][0])); });
  refused([](Json& json) { json["challenges"][0].erase("type"); });
  refused([](Json& json) { json["challenges"][0].erase("status"); });
  refused([](Json& json) { json["challenges"][0]["status"] = "ready"; });
  refused([](Json& json) { json["challenges"][0]["url"] = "http://example.com/chall"; });
  refused([](Json& json) { json["challenges"][0].erase("token"); });
  refused([](Json& json) { json["challenges"][0]["token"] = nullptr; });
}

TEST(F21_HostileTokens, MakeTheAuthorizationUnusable) {
  for (const std::string& token :
       {std::string("../../../etc/cron.d/x"), std::string("..%2f..%2fetc"),
        std::string("DGyRejmCefe7v4Nf\0x", 18), std::string("DGyRejmCefe7v4Nf/x"),
        std::string("DGyRejmCefe7v4Nf.x"), std::string(10240, 'a'), std::string(),
        std::string("$(reboot)$(reboot)"), std::string("`reboot`;;;;;;;;;;"),
        std::string("DGyRejmCefe7v4N f"), std::string("DGyRejmCefe7v4Nf\r\nSet-Cookie: a"),
        std::string("DGyRejmCefe7v4Nf+="), std::string("short"),
        std::string("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"),
        std::string(129, 'a'), std::string("\x1b[31mDGyRejmCefe7v4Nf")}) {
    for (const char* type : {"http-01", "dns-01", "tls-alpn-01"}) {
      expect_refused<Authorization>(parse_authorization, authorization_json(), [&](Json& json) {
        json["challenges"][0]["type"] = type;
        json["challenges"][0]["token"] = token;
      });
    }
    if (token.empty()) continue;
    // Nobody knows what an unknown type's token is for: such a challenge is not there.
    Json json = authorization_json();
    json["challenges"].push_back({{"type", "new-99"},
                                  {"url", "https://example.com/acme/chall/2"},
                                  {"status", "pending"},
                                  {"token", token}});
    Authorization read;
    try {
      read = parse_authorization(json.dump(), kContext);
    } catch (const std::exception&) {
      continue;  // a token that is no UTF-8 makes no JSON
    }
    EXPECT_EQ(read.challenges.size(), 1U);
  }
}

TEST(ResourcesTest, AChallengeAloneNeedsItsUrl) {
  const Json json = authorization_json()["challenges"][0];
  EXPECT_EQ(parse_challenge(json.dump(), kContext).url,
            "https://example.com/acme/chall/prV_B7yEyA4");
  expect_refused<Challenge>(parse_challenge, json, [](Json& bad) { bad.erase("url"); });
}

TEST(F18_Json, HostileBodiesAreRefused) {
  std::string deep(100000, '[');
  std::string nested;
  for (int i = 0; i < 100; ++i) nested += "{\"a\":";
  for (const std::string& body :
       {std::string(), std::string(" "), std::string("null"), std::string("[]"),
        std::string("\"text\""), std::string("<html></html>"), deep, nested,
        std::string("{\"status\":\"valid\",\"status\":\"pending\"}"),
        std::string("{\"status\":\"valid\"} trailing"), std::string("{\"status\":\"val"),
        std::string("{\"status\":\"\xff\xfe\"}"), std::string("\xef\xbb\xbf{}x"),
        std::string("{\"status\":1e999}"), std::string("{\"a\":18446744073709551616}"),
        std::string("{\"a\":\"\\ud800\"}"), std::string("\0\0", 2),
        "{\"a\":\"" + std::string(1 << 20, 'x') + "\"}"}) {
    EXPECT_EQ(thrown_error([&] { parse_directory(body, kContext); }).value().code(),
              ErrorCode::protocol);
    EXPECT_EQ(thrown_error([&] { parse_account(body, kContext); }).value().code(),
              ErrorCode::protocol)
        << body.substr(0, 50);
    EXPECT_EQ(thrown_error([&] { parse_order(body, kContext); }).value().code(),
              ErrorCode::protocol);
    EXPECT_EQ(thrown_error([&] { parse_authorization(body, kContext); }).value().code(),
              ErrorCode::protocol);
    EXPECT_EQ(thrown_error([&] { parse_challenge(body, kContext); }).value().code(),
              ErrorCode::protocol);
  }
}

}  // namespace
}  // namespace autohttps::acme
