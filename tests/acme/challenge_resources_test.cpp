// Challenges of types that came after RFC 8555, and of those still to come.
#include <autohttps/acme/protocol/resources.h>

#include <autohttps/common/json.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

const ResourceContext kContext{"reading it", "https://example.com/acme/directory"};

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

TEST(ChallengeResourcesTest, WhatIsOddAboutAnUnknownChallengeCostsNoMoreThanThatChallenge) {
  for (const char* odd :
       {R"({"type":"new-99","url":"http://example.com/c","status":"pending"})",
        R"({"type":"new-99","url":"https://example.com/c","status":"sleeping"})",
        R"({"type":"new-99","url":7,"status":"pending"})", R"({"type":"new-99"})",
        R"({"type":"new-99","url":"https://example.com/c","status":"pending","token":{"a":1}})",
        R"({"type":"new-99","url":"https://example.com/c","status":"pending","error":"no"})",
        R"({"type":"dns-persist-01","url":"https://example.com/c","status":"pending",
            "accounturi":["x"]})"}) {
    Json json = authorization_json();
    json["challenges"].insert(json["challenges"].begin(), Json::parse(odd));
    const Authorization read = parse_authorization(json.dump(), kContext);
    ASSERT_EQ(read.challenges.size(), 1U) << odd;
    EXPECT_EQ(read.challenges[0].type, "http-01");
  }
}

// draft-ietf-acme-dns-persist-00, -01 and the candidate for -02.
TEST(ChallengeResourcesTest, ReadsPersistentChallengesInTheirThreeShapes) {
  const auto read = [](const char* members) {
    Json json = authorization_json();
    Json challenge = Json::parse(members);
    challenge["type"] = "dns-persist-01";
    challenge["url"] = "https://example.com/acme/chall/2";
    challenge["status"] = "pending";
    json["challenges"].push_back(challenge);
    return parse_authorization(json.dump(), kContext).challenges.at(1);
  };
  using Names = std::vector<std::string>;
  Challenge challenge = read(R"({"issuer-domain-names":["CA.example","other.example"]})");
  EXPECT_EQ(challenge.issuer_domain_names, (Names{"ca.example", "other.example"}));
  EXPECT_EQ(challenge.account_uri, "");
  EXPECT_EQ(challenge.token, "");
  challenge = read(
      R"({"issuer-domain-names":["ca.example"],"accounturi":"https://example.com/acme/acct/1"})");
  EXPECT_EQ(challenge.issuer_domain_names, Names{"ca.example"});
  EXPECT_EQ(challenge.account_uri, "https://example.com/acme/acct/1");
  challenge = read(
      R"({"issuerDomainNames":["ca.example"],"accounturi":"https://example.com/acme/acct/x9"})");
  EXPECT_EQ(challenge.issuer_domain_names, Names{"ca.example"});
  EXPECT_EQ(challenge.account_uri, "https://example.com/acme/acct/x9");
  challenge = read(R"({"issuer-domain-names":[1,"\u001b[2J",null],"accounturi":null})");
  EXPECT_EQ(challenge.issuer_domain_names, Names{"\\x1b[2j"});
}

TEST(ChallengeResourcesTest, ReadsTheNamesOfACaInCaaRecords) {
  const auto read = [](const char* names) {
    const Json json = {{"newNonce", "https://example.com/acme/new-nonce"},
                       {"newAccount", "https://example.com/acme/new-account"},
                       {"newOrder", "https://example.com/acme/new-order"},
                       {"meta", {{"caaIdentities", Json::parse(names)}}}};
    return parse_directory(json.dump(), kContext).caa_identities;
  };
  EXPECT_EQ(read(R"(["CA.example"])"), std::vector<std::string>{"ca.example"});
  EXPECT_EQ(read(R"("ca.example")"), std::vector<std::string>{});
  EXPECT_EQ(read(R"([7,"\u0007"])"), std::vector<std::string>{"\\x07"});
  EXPECT_EQ(read("null"), std::vector<std::string>{});
}

}  // namespace
}  // namespace autohttps::acme
