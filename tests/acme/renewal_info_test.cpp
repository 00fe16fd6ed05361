#include <autohttps/acme/protocol/resources.h>

#include <autohttps/common/timestamps.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::acme {
namespace {

const ResourceContext kContext{"reading it", "https://example.com/acme/directory"};

// RFC 9773 4.2.
TEST(RenewalInfoTest, ReadsRenewalInformation) {
  const RenewalInfo info = parse_renewal_info(
      R"({"suggestedWindow":{"start":"2025-01-02T04:00:00Z","end":"2025-01-03T04:00:00Z"},
          "explanationURL":"https://acme.example.com/docs/ari"})",
      kContext);
  EXPECT_EQ(info.start, parse_rfc3339("2025-01-02T04:00:00Z"));
  EXPECT_EQ(info.end, parse_rfc3339("2025-01-03T04:00:00Z"));
  EXPECT_EQ(info.explanation, "https://acme.example.com/docs/ari");
  EXPECT_FALSE(info.retry_after);
}

TEST(RenewalInfoTest, AnExplanationThatIsNoWebPageCostsTheLinkOnly) {
  for (const char* link : {R"("http://a.test/")", R"("javascript:alert")", "7", "null",
                           R"("https://")", R"("https://a.test/\u001b[2J")"}) {
    const RenewalInfo info = parse_renewal_info(
        R"({"suggestedWindow":{"start":"2025-01-02T04:00:00Z","end":"2025-01-03T04:00:00Z"},
            "explanationURL":)" +
            std::string(link) + "}",
        kContext);
    EXPECT_EQ(info.explanation, "") << link;
  }
}

TEST(RenewalInfoTest, WindowsThatAreNoneAreRefused) {
  for (const char* body :
       {"{}", R"({"suggestedWindow":null})", R"({"suggestedWindow":[]})",
        R"({"suggestedWindow":{"start":"2025-01-02T04:00:00Z"}})",
        R"({"suggestedWindow":{"end":"2025-01-02T04:00:00Z"}})",
        R"({"suggestedWindow":{"start":"2025-01-02T04:00:00Z","end":"2025-01-02T04:00:00Z"}})",
        R"({"suggestedWindow":{"start":"2025-01-03T04:00:00Z","end":"2025-01-02T04:00:00Z"}})",
        R"({"suggestedWindow":{"start":"yesterday","end":"2025-01-02T04:00:00Z"}})",
        R"({"suggestedWindow":{"start":1735790400,"end":1735876800}})", "[]", "", "<html>"}) {
    EXPECT_EQ(thrown_error([&] { parse_renewal_info(body, kContext); }).value().code(),
              ErrorCode::protocol)
        << body;
  }
}

}  // namespace
}  // namespace autohttps::acme
