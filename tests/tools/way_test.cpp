// Which way the CA's question is answered, by who holds the ports.
#include <autohttps/tools/autohttps/setup/way.h>

#include <autohttps/common/error.h>

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace autohttps::tools {
namespace {

class WayTest : public ::testing::Test {
 protected:
  WayTest() { site_.names = {"a.test"}; }

  // Empty: it goes; else the refusal.
  std::string refusal() {
    try {
      choose_way(site_, found_);
      return {};
    } catch (const Error& error) {
      return error.what();
    }
  }
  static PortHolder holder(const std::string& name) { return {name, 812, ""}; }

  Settings site_;
  Surroundings found_;
};

TEST_F(WayTest, DnsAsksForNoPort) {
  found_.http = holder("squid");
  found_.https = holder("squid");
  EXPECT_NE(refusal(), "");
  site_.dns_hook = "dns-nsupdate";
  EXPECT_EQ(refusal(), "");
  site_.dns_hook.clear();
  site_.challenge = "dns-persist-01";
  EXPECT_EQ(refusal(), "");
}

TEST_F(WayTest, DnsBesideAWebServerStillReloadsIt) {
  found_.http = holder("nginx");
  found_.web_server = WebServer::nginx;
  site_.dns_hook = "dns-nsupdate";
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(site_.deploy, std::vector<std::string>{"reload-nginx"});
  EXPECT_EQ(site_.webroot, "");
}

TEST_F(WayTest, ServingNeedsItsPortsHoweverTheCaIsAnswered) {
  found_.https = holder("squid");
  site_.dns_hook = "dns-nsupdate";
  site_.root = "/srv";
  EXPECT_EQ(refusal(), "port 443 is needed to serve a.test, and held by squid (pid 812)");
}

TEST_F(WayTest, AChallengeThatIsForcedDecides) {
  found_.http = holder("squid");
  found_.https = holder("squid");
  site_.dns_hook = "dns-nsupdate";
  site_.challenge = "http-01";
  EXPECT_FALSE(is_answered_by_dns(site_));
  EXPECT_EQ(refusal(), "port 80 is needed for the CA's question, and held by squid (pid 812)");
}

}  // namespace
}  // namespace autohttps::tools
