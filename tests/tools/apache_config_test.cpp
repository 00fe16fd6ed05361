#include <autohttps/tools/autohttps/setup/apache_config.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::tools {
namespace {

std::string root_for(const std::string& text, const std::string& name) {
  const auto hosts = apache_hosts(text, "x.conf");
  const VirtualHost* host = host_for(hosts, name, false);
  return host == nullptr ? "(none)" : host->root;
}

TEST(ApacheConfigTest, DebiansDefaultSiteIsForEveryName) {
  const auto hosts = apache_hosts(
      "<VirtualHost *:80>\n\t# ServerName www.example.com\n\tServerAdmin webmaster@localhost\n"
      "\tDocumentRoot /var/www/html\n\tErrorLog ${APACHE_LOG_DIR}/error.log\n</VirtualHost>\n",
      "000-default.conf");
  ASSERT_EQ(hosts.size(), 1u);
  EXPECT_EQ(hosts[0].root, "/var/www/html");
  EXPECT_TRUE(hosts[0].http);
  EXPECT_FALSE(hosts[0].https);
  EXPECT_TRUE(hosts[0].names.empty());
  EXPECT_EQ(host_for(hosts, "a.test", false), &hosts[0]);
}

TEST(ApacheConfigTest, ChoosesAsApacheDoes) {
  const std::string text =
      "<VirtualHost *:80>\nDocumentRoot /first\nServerName first.test\n</VirtualHost>\n"
      "<virtualhost 192.0.2.1:80 [2001:db8::1]:80>\nservername a.test:80\n"
      "ServerAlias www.a.test \\\n  *.b.test\nDOCUMENTROOT \"/srv/a b/\"\n</virtualhost>\n"
      "<VirtualHost _default_:443>\nServerName c.test\nDocumentRoot /secure\n</VirtualHost>\n"
      "<VirtualHost *>\nServerName https://d.test\nDocumentRoot /both\n</VirtualHost>\n";
  for (const auto& [name, root] :
       std::vector<std::pair<std::string, std::string>>{{"first.test", "/first"},
                                                        {"a.test", "/srv/a b"},
                                                        {"www.a.test", "/srv/a b"},
                                                        {"x.b.test", "/srv/a b"},
                                                        {"b.test", "/first"},
                                                        {"c.test", "/first"},
                                                        {"d.test", "/both"},
                                                        {"unknown.test", "/first"}}) {
    EXPECT_EQ(root_for(text, name), root) << name;
  }
  const auto hosts = apache_hosts(text, "x.conf");
  ASSERT_NE(named_host(hosts, "c.test", true), nullptr);
  EXPECT_EQ(named_host(hosts, "c.test", true)->root, "/secure");
}

TEST(ApacheConfigTest, ASiteThatIsPassedOnHasNoFolder) {
  struct Case {
    const char* lines;
    const char* root;
  };
  for (const Case& one : {
           Case{"DocumentRoot /srv\nRedirect permanent / https://a.test/", ""},
           Case{"DocumentRoot /srv\nRedirect / https://a.test/", ""},
           Case{"DocumentRoot /srv\nRedirect permanent /old https://a.test/new", "/srv"},
           Case{"DocumentRoot /srv\nProxyPass / http://127.0.0.1:8080/", ""},
           Case{"DocumentRoot /srv\nProxyPass / http://127.0.0.1:8080/\n"
                "ProxyPass /.well-known/acme-challenge/ !",
                "/srv"},
           Case{"DocumentRoot ${SRV}/html", ""},
           Case{"DocumentRoot www", ""},
           Case{"ServerAdmin x", ""},
       }) {
    EXPECT_EQ(
        root_for(std::string("<VirtualHost *:80>\n") + one.lines + "\n</VirtualHost>\n", "a.test"),
        one.root)
        << one.lines;
  }
}

TEST(ApacheConfigTest, ComesThroughWhateverItIsGiven) {
  for (const std::string& text :
       {std::string(), std::string("\\"), std::string("<VirtualHost"), std::string("<VirtualHost>"),
        std::string("<VirtualHost :>\n</VirtualHost>"), std::string("</VirtualHost>"),
        std::string("<VirtualHost *:80>\nServerName\nDocumentRoot \"\n</VirtualHost>"),
        std::string("<VirtualHost *:80>\nDocumentRoot '\n</VirtualHost>"),
        std::string(100'000, '\\'), std::string(1000, '\0')}) {
    for (const VirtualHost& host : apache_hosts(text, "x")) EXPECT_TRUE(host.root.empty());
  }
}

}  // namespace
}  // namespace autohttps::tools
