#include <autohttps/tools/autohttps/setup/nginx_config.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::tools {
namespace {

std::vector<VirtualHost> read(const std::string& text) {
  return nginx_hosts(text, "/usr/share/nginx");
}

std::string root_for(const std::string& text, const std::string& name) {
  const auto hosts = read(text);
  const VirtualHost* host = host_for(hosts, name, false);
  return host == nullptr ? "(none)" : host->root;
}

TEST(NginxConfigTest, DebiansDefaultSiteIsForEveryName) {
  const auto hosts = read(
      "# configuration file /etc/nginx/nginx.conf:\nuser www-data;\nevents { worker_connections "
      "768; }\n"
      "http {\n  sendfile on; # comment with { and }\n  include /etc/nginx/sites-enabled/*;\n}\n"
      "# configuration file /etc/nginx/sites-enabled/default:\n"
      "server {\n  listen 80 default_server;\n  listen [::]:80 default_server;\n"
      "  root /var/www/html;\n  index index.html;\n  server_name _;\n"
      "  location / {\n    try_files $uri $uri/ =404;\n  }\n}\n");
  ASSERT_EQ(hosts.size(), 1u);
  EXPECT_EQ(hosts[0].root, "/var/www/html");
  EXPECT_TRUE(hosts[0].is_default);
  EXPECT_TRUE(hosts[0].http);
  EXPECT_TRUE(hosts[0].ipv6);
  EXPECT_FALSE(hosts[0].https);
  EXPECT_EQ(hosts[0].file, "/etc/nginx/sites-enabled/default");
  EXPECT_EQ(host_for(hosts, "a.test", false), &hosts[0]);
  EXPECT_EQ(named_host(hosts, "a.test", false), nullptr);
}

TEST(NginxConfigTest, FindsTheFolderInWhichTheCasPathIsLookedFor) {
  struct Case {
    const char* server;
    const char* root;
  };
  for (const Case& one : {
           Case{"server_name a.test; root /srv/a/;", "/srv/a"},
           Case{"root \"/srv/a b\"; server_name a.test;", "/srv/a b"},
           Case{"server_name a.test;", "/usr/share/nginx/html"},
           Case{"server_name a.test; root www;", "/usr/share/nginx/www"},
           Case{"server_name a.test; location / { root /srv/l; }", "/srv/l"},
           Case{"server_name a.test; root /srv/a; location /other { root /srv/o; }", "/srv/a"},
           Case{"server_name a.test; location / { proxy_pass http://127.0.0.1:1; }", ""},
           Case{"server_name a.test; return 301 https://$host$request_uri;", ""},
           Case{"server_name a.test; location / { return 301 https://a; }", ""},
           Case{"server_name a.test; root /srv/$host;", ""},
           Case{"server_name a.test; location / { proxy_pass http://x; } "
                "location ^~ /.well-known/acme-challenge/ { root /srv/acme; }",
                "/srv/acme"},
           Case{"server_name a.test; return 301 https://a; "
                "location /.well-known/ { alias /srv/acme/.well-known/; }",
                "/srv/acme"},
           Case{"server_name a.test; root /srv/a; location ~ \\.php$ { fastcgi_pass x; if ($a) { "
                "return 403; } }",
                "/srv/a"},
       }) {
    EXPECT_EQ(root_for(std::string("http { server { listen 80; ") + one.server + " } }", "a.test"),
              one.root)
        << one.server;
  }
}

TEST(NginxConfigTest, ChoosesAsNginxDoes) {
  const std::string text =
      "server { listen 80; server_name other.test; root /other; }"
      "server { listen 80 default_server; root /default; }"
      "server { listen 80; server_name *.a.test; root /wild; }"
      "server { server_name www.a.test; root /exact; }"
      "server { listen 80; server_name .b.test; root /dot; }"
      "server { listen 8080; server_name c.test; root /port; }"
      "server { listen unix:/run/x.sock; server_name d.test; root /unix; }"
      "server { listen 443 ssl; server_name e.test; root /secure; }"
      "server { listen 192.0.2.1:80; server_name f.test; root /address; }"
      "server { listen [::1]:80; server_name g.test; root /six; }";
  for (const auto& [name, root] :
       std::vector<std::pair<std::string, std::string>>{{"other.test", "/other"},
                                                        {"www.a.test", "/exact"},
                                                        {"WWW.A.test", "/exact"},
                                                        {"x.a.test", "/wild"},
                                                        {"a.test", "/default"},
                                                        {"xa.test", "/default"},
                                                        {"b.test", "/dot"},
                                                        {"www.b.test", "/dot"},
                                                        {"c.test", "/default"},
                                                        {"d.test", "/default"},
                                                        {"e.test", "/default"},
                                                        {"f.test", "/address"},
                                                        {"g.test", "/six"}}) {
    EXPECT_EQ(root_for(text, name), root) << name;
  }
  const auto hosts = read(text);
  ASSERT_NE(named_host(hosts, "e.test", true), nullptr);
  EXPECT_EQ(named_host(hosts, "e.test", true)->root, "/secure");
}

TEST(NginxConfigTest, TellsPagesFromTheFolderForTheCa) {
  const auto hosts = read(
      "server { server_name a.test; location / { proxy_pass http://127.0.0.1:81; } "
      "location /.well-known/acme-challenge/ { root /srv/acme; } }"
      "server { server_name b.test; root /srv/b; location /.well-known/ { root /srv/acme; } }");
  ASSERT_EQ(hosts.size(), 2u);
  EXPECT_EQ(hosts[0].root, "/srv/acme");
  EXPECT_EQ(hosts[0].pages, "");
  EXPECT_EQ(hosts[0].proxy, "http://127.0.0.1:81");
  EXPECT_EQ(hosts[1].root, "/srv/acme");
  EXPECT_EQ(hosts[1].pages, "/srv/b");
  EXPECT_EQ(hosts[1].proxy, "");
}

TEST(NginxConfigTest, InheritsTheRootOfHttp) {
  EXPECT_EQ(root_for("http { root /srv/all; server { listen 80; } }", "a.test"), "/srv/all");
  EXPECT_EQ(root_for("http { server { listen 80; } root /later; }", "a.test"),
            "/usr/share/nginx/html");
}

TEST(NginxConfigTest, ComesThroughWhateverItIsGiven) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "a{";
  for (const std::string& text :
       {std::string(), std::string("}"), std::string("}}}} server {"), std::string("server"),
        std::string("server {"), std::string("server { listen"), std::string("server { root \"x"),
        std::string("server { root ${x"), std::string("a\\"), std::string("\"\\"), std::string("#"),
        std::string("server { location {"), std::string("server { location / { a {"), deep,
        std::string(100'000, '{'), std::string(1000, '\0'), std::string("listen [;")}) {
    for (const VirtualHost& host : read(text)) EXPECT_TRUE(host.http || host.https);
  }
}

}  // namespace
}  // namespace autohttps::tools
