#include <autohttps/tests/bench/servers/settings.h>

#include <autohttps/tests/bench/servers/bodies.h>

#include <unistd.h>
#include <nlohmann/json.hpp>

namespace autohttps::bench {
namespace {

using nlohmann::json;

constexpr const char* kEchoModule = "/usr/lib/nginx/modules/ngx_http_echo_module.so";

// Nobody listens there: a proxy that has read a whole request would fail, and ours never are whole.
constexpr const char* kNoUpstream = "127.0.0.1:1";

std::string slow_location() {
  if (!std::filesystem::exists(kEchoModule)) return {};
  return "    location = /slow { default_type text/plain; echo_sleep 0.02; echo_duplicate " +
         std::to_string(kSmallBody) + " x; }\n";
}

std::string nginx_site(const std::filesystem::path& folder, const ContenderOptions& options) {
  switch (options.site) {
    case ContenderOptions::Site::files:
      return "    location / { root " + folder.string() + "; }\n";
    case ContenderOptions::Site::proxy:
      return "    location / { proxy_pass http://fixed; proxy_http_version 1.1;\n"
             "      proxy_set_header Connection \"\"; proxy_set_header Host $host;\n"
             "      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
             "      proxy_set_header X-Forwarded-Proto $scheme; }\n";
    case ContenderOptions::Site::none:
      break;
  }
  return {};
}

json caddy_site(const std::filesystem::path& folder, const ContenderOptions& options) {
  switch (options.site) {
    case ContenderOptions::Site::files:
      return {{"handler", "file_server"}, {"root", folder.string()}};
    case ContenderOptions::Site::proxy:
      return {{"handler", "reverse_proxy"},
              {"upstreams",
               json::array({json{{"dial", "127.0.0.1:" + std::to_string(options.upstream)}}})}};
    case ContenderOptions::Site::none:
      break;
  }
  return {{"handler", "static_response"}, {"body", "hello\n"}};
}

}  // namespace

std::string upstream_settings(const std::filesystem::path& folder, std::uint16_t port) {
  return "worker_processes 1;\ndaemon off;\npid " + (folder / "upstream.pid").string() +
         ";\nerror_log " + (folder / "upstream.log").string() +
         " crit;\nevents { worker_connections 4096; }\nhttp {\n  access_log off;\n"
         "  keepalive_requests 1000000000;\n  server {\n    listen 127.0.0.1:" +
         std::to_string(port) +
         " backlog=4096;\n    location / { default_type text/plain; return 200 \"" +
         std::string(kSmallBody, 'x') + "\"; }\n  }\n}\n";
}

std::string nginx_settings(const std::filesystem::path& folder, std::uint16_t port,
                           const std::filesystem::path& chain, const std::filesystem::path& key,
                           const ContenderOptions& options, const std::string& more_servers) {
  const std::string at = folder.string();
  std::string text;
  if (std::filesystem::exists(kEchoModule))
    text += std::string("load_module ") + kEchoModule + ";\n";
  if (::geteuid() == 0) text += "user root;\n";  // the bench's folder is its user's alone
  text += "worker_processes 1;\ndaemon off;\npid " + at + "/nginx.pid;\nerror_log " + at +
          "/error.log crit;\nevents { worker_connections 19000; }\nhttp {\n  access_log off;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text += std::string("  ") + kind + "_temp_path " + at + "/" + kind + ";\n";
  }
  text += "  keepalive_requests 1000000000;\n  ssl_protocols TLSv1.2 TLSv1.3;\n";
  text += "  server_names_hash_max_size 65536;\n";
  if (options.one_ticket) text += "  ssl_conf_command NumTickets 1;\n";
  if (options.hold_idle) text += "  keepalive_timeout " + std::to_string(kIdleSeconds) + "s;\n";
  text += "  server {\n    listen 127.0.0.1:" + std::to_string(port) +
          " ssl backlog=4096;\n    server_name a.test;\n    ssl_certificate " + chain.string() +
          ";\n    ssl_certificate_key " + key.string() +
          ";\n    location = /1k { default_type text/plain; return 200 \"" +
          std::string(kSmallBody, 'x') + "\"; }\n" + slow_location() +
          "    location = /big { default_type text/plain; root " + at +
          "; }\n    location = /post { proxy_pass http://" + kNoUpstream + "; }\n" +
          nginx_site(folder, options) + "  }\n";
  if (options.site == ContenderOptions::Site::proxy) {
    text += "  upstream fixed { server 127.0.0.1:" + std::to_string(options.upstream) +
            "; keepalive 64; keepalive_requests 1000000000; }\n";
  }
  return text + more_servers + "}\n";
}

std::string caddy_files(const std::filesystem::path& chain, const std::filesystem::path& key) {
  const json pair = {{"certificate", chain.string()}, {"key", key.string()}};
  return json{{"load_files", json::array({pair})}}.dump();
}

std::string caddy_settings(const std::filesystem::path& folder, std::uint16_t port,
                           std::uint16_t admin_port, const std::string& certificates,
                           const ContenderOptions& options) {
  const auto at_path = [](const char* path, json handler) {
    const json match = {{"path", json::array({path})}};
    return json{{"match", json::array({match})}, {"handle", json::array({std::move(handler)})}};
  };
  json server = {
      {"listen", json::array({"127.0.0.1:" + std::to_string(port)})},
      {"protocols", json::array({"h1"})},
      {"automatic_https", {{"disable", true}}},
      {"tls_connection_policies", json::array({json::object()})},
      {"routes",
       json::array({at_path("/1k", {{"handler", "static_response"},
                                    {"body", std::string(kSmallBody, 'x')}}),
                    at_path("/big", {{"handler", "file_server"}, {"root", folder.string()}}),
                    at_path("/post", {{"handler", "reverse_proxy"},
                                      {"buffer_requests", true},
                                      {"upstreams", json::array({json{{"dial", kNoUpstream}}})}}),
                    json{{"handle", json::array({caddy_site(folder, options)})}}})}};
  constexpr long kNanoseconds = 1'000'000'000;
  if (options.hold_idle) server["idle_timeout"] = kIdleSeconds * kNanoseconds;
  json admin = {{"disabled", true}};
  if (admin_port != 0) admin = {{"listen", "127.0.0.1:" + std::to_string(admin_port)}};
  const json all = {{"admin", admin},
                    {"storage", {{"module", "file_system"}, {"root", (folder / "caddy").string()}}},
                    {"logging", {{"logs", {{"default", {{"level", "ERROR"}}}}}}},
                    {"apps",
                     {{"http", {{"servers", {{"bench", server}}}}},
                      {"tls", {{"certificates", json::parse(certificates)}}}}}};
  return all.dump();
}

}  // namespace autohttps::bench
