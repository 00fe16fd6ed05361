#include <autohttps/tools/autohttps/setup/snippet.h>

namespace autohttps::tools {
namespace {

std::string joined(const std::vector<std::string>& words, std::size_t from = 0) {
  std::string text;
  for (std::size_t i = from; i < words.size(); ++i) text += (i == from ? "" : " ") + words[i];
  return text;
}

std::string nginx_lines(const std::filesystem::path& files, const std::string& indent) {
  return indent + "ssl_certificate " + (files / "fullchain.pem").string() + ";\n" + indent +
         "ssl_certificate_key " + (files / "privkey.pem").string() + ";\n";
}

Snippet nginx(const std::vector<std::string>& names, const std::filesystem::path& files,
              const VirtualHost& host, const VirtualHost* secure) {
  Snippet snippet;
  snippet.then = {"nginx -t", "nginx -s reload"};
  if (secure != nullptr) {
    snippet.whole = false;
    snippet.file = secure->file;
    snippet.text = nginx_lines(files, "    ");
    return snippet;
  }
  snippet.file = "/etc/nginx/conf.d/" + names.front() + ".conf";
  snippet.text = "server {\n    listen 443 ssl;\n";
  // Only where the machine is known to have IPv6: without it nginx would not start.
  if (host.ipv6) snippet.text += "    listen [::]:443 ssl;\n";
  snippet.text += "    server_name " + joined(names) + ";\n";
  if (!host.proxy.empty()) {
    snippet.text += "    location / {\n        proxy_pass " + host.proxy +
                    ";\n        proxy_set_header Host $host;\n"
                    "        proxy_set_header X-Forwarded-Proto https;\n    }\n";
  } else if (!host.pages.empty()) {
    snippet.text += "    root " + host.pages + ";\n    index index.html;\n";
  }
  snippet.text += nginx_lines(files, "    ") + "    ssl_protocols TLSv1.2 TLSv1.3;\n}\n";
  return snippet;
}

std::string apache_lines(const std::filesystem::path& files) {
  return "    SSLEngine on\n    SSLCertificateFile " + (files / "fullchain.pem").string() +
         "\n    SSLCertificateKeyFile " + (files / "privkey.pem").string() + "\n";
}

Snippet apache(const std::vector<std::string>& names, const std::filesystem::path& files,
               const VirtualHost& host, const VirtualHost* secure) {
  Snippet snippet;
  snippet.then = {"a2enmod ssl", "apache2ctl configtest", "apache2ctl graceful"};
  if (secure != nullptr) {
    snippet.whole = false;
    snippet.file = secure->file;
    snippet.text = apache_lines(files);
    return snippet;
  }
  const std::string site = names.front() + "-https";
  snippet.file = "/etc/apache2/sites-available/" + site + ".conf";
  snippet.then.insert(snippet.then.begin() + 1, "a2ensite " + site);
  // Listen 443 comes with the module (ports.conf).
  snippet.text = "<VirtualHost *:443>\n    ServerName " + names.front() + "\n";
  if (names.size() > 1) snippet.text += "    ServerAlias " + joined(names, 1) + "\n";
  if (!host.proxy.empty()) {
    snippet.text +=
        "    ProxyPass / " + host.proxy + "\n    ProxyPassReverse / " + host.proxy + "\n";
  } else if (!host.pages.empty()) {
    snippet.text += "    DocumentRoot " + host.pages + "\n";
  }
  snippet.text += apache_lines(files) + "    SSLProtocol -all +TLSv1.2 +TLSv1.3\n</VirtualHost>\n";
  return snippet;
}

}  // namespace

Snippet snippet_for(WebServer server, const std::vector<std::string>& names,
                    const std::filesystem::path& files, const VirtualHost& host,
                    const VirtualHost* secure) {
  if (server == WebServer::none) return {};
  return server == WebServer::nginx ? nginx(names, files, host, secure)
                                    : apache(names, files, host, secure);
}

}  // namespace autohttps::tools
