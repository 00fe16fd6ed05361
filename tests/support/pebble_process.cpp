#include <autohttps/tests/support/paths.h>
#include <autohttps/tests/support/pebble_process.h>

#include <autohttps/common/json.h>
#include <autohttps/common/pem.h>
#include <autohttps/common/timestamps.h>

#include <sstream>
#include <stdexcept>
#include <utility>

namespace autohttps {
namespace {

// The members of Pebble's configuration that pebble.sh does not write itself.
Json configuration(const PebbleOptions& options) {
  Json json = Json::object();
  if (!options.external_account_keys.empty()) {
    json["externalAccountBindingRequired"] = true;
    json["externalAccountMACKeys"] = options.external_account_keys;
  }
  for (const auto& [name, profile] : options.profiles) {
    json["profiles"][name] = {{"description", profile.description},
                              {"validityPeriod", profile.validity_seconds},
                              {"promoteCommonName", profile.common_name}};
  }
  if (options.retry_after) {
    json["retryAfter"] = {{"authz", options.retry_after->authorization},
                          {"order", options.retry_after->order}};
  }
  if (!options.key_algorithm.empty()) json["keyAlgorithm"] = options.key_algorithm;
  if (!options.caa_identities.empty()) json["caaIdentities"] = options.caa_identities;
  return json;
}

std::map<std::string, std::string> environment_of(const PebbleOptions& options) {
  std::map<std::string, std::string> environment = options.environment;
  const auto number = [&](const char* name, const std::optional<int>& value) {
    if (value) environment[name] = std::to_string(*value);
  };
  number("CA_VALIDITY_SECONDS", options.validity_seconds);
  number("PEBBLE_WFE_NONCEREJECT", options.nonce_reject);
  number("PEBBLE_ALTERNATE_ROOTS", options.alternate_roots);
  number("PEBBLE_CHAIN_LENGTH", options.chain_length);
  if (options.strict) environment["CA_STRICT"] = "1";
  environment["CA_RESOLVER"] = options.dns_server;
  if (const Json json = configuration(options); !json.empty()) {
    const std::string text = json.dump();
    environment["CA_SETTINGS"] = text.substr(1, text.size() - 2);  // the members alone
  }
  return environment;
}

}  // namespace

PebbleProcess::PebbleProcess(PebbleOptions options)
    : options_(std::move(options)),
      version_(options_.version ? *options_.version : installed_pebble()) {
  const auto chosen = [this](const std::optional<std::uint16_t>& given) {
    if (given) return *given;
    return promised_.emplace_back(std::make_unique<FreePort>())->number();
  };
  http_port_ = chosen(options_.http_port);
  tls_port_ = chosen(options_.tls_port);
  start();
}

void PebbleProcess::start() {
  ChildOptions child;
  child.arguments = {source_folder() / "tests/support/pebble.sh", folder_.path()};
  child.environment = environment_of(options_);
  child.environment["CA_HTTP_PORT"] = std::to_string(http_port_);
  child.environment["CA_TLS_PORT"] = std::to_string(tls_port_);
  child.environment["CA_PEBBLE"] = version_.folder;
  child_ = std::make_unique<Child>(child);
  if (!child_->wait_for("ready", std::chrono::seconds(90))) {
    throw std::runtime_error("Pebble did not start: " + child_->out() + child_->err());
  }
  std::istringstream lines(folder_.read("ca.env"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    settings_[line.substr(0, equals)] = line.substr(equals + 1);
  }
}

void PebbleProcess::stop() {
  if (child_) child_->stop();
  child_.reset();
}

std::string PebbleProcess::setting(const std::string& name) const { return settings_.at(name); }

std::filesystem::path PebbleProcess::root_file() const { return setting("CA_ROOT"); }

std::string PebbleProcess::root_pem() const { return folder_.read("root.pem"); }

std::string PebbleProcess::root_pem(int alternate) const {
  return ask_management({}, "/roots/" + std::to_string(alternate)).out;
}

void PebbleProcess::add_a(const std::string& name, const std::string& address) const {
  post_to_dns("/add-a", Json{{"host", name + "."}, {"addresses", {address}}}.dump());
}

void PebbleProcess::add_aaaa(const std::string& name, const std::string& address) const {
  post_to_dns("/add-aaaa", Json{{"host", name + "."}, {"addresses", {address}}}.dump());
}

void PebbleProcess::set_default_ipv4(const std::string& address) const {
  post_to_dns("/set-default-ipv4", Json{{"ip", address}}.dump());
}

void PebbleProcess::set_default_ipv6(const std::string& address) const {
  post_to_dns("/set-default-ipv6", Json{{"ip", address}}.dump());
}

void PebbleProcess::set_txt(const std::string& name, const std::string& value) const {
  post_to_dns("/set-txt", Json{{"host", name + "."}, {"value", value}}.dump());
}

void PebbleProcess::clear_txt(const std::string& name) const {
  post_to_dns("/clear-txt", Json{{"host", name + "."}}.dump());
}

void PebbleProcess::set_cname(const std::string& name, const std::string& target) const {
  post_to_dns("/set-cname", Json{{"host", name + "."}, {"target", target + "."}}.dump());
}

void PebbleProcess::set_servfail(const std::string& name) const {
  post_to_dns("/set-servfail", Json{{"host", name + "."}}.dump());
}

void PebbleProcess::clear_servfail(const std::string& name) const {
  post_to_dns("/clear-servfail", Json{{"host", name + "."}}.dump());
}

void PebbleProcess::set_renewal_info(const std::string& chain_pem,
                                     const std::string& answer) const {
  const Json json = {{"Certificate", split_certificates(chain_pem).front()},
                     {"ARIResponse", answer}};
  const ChildResult result =
      ask_management({"--data-binary", "@-"}, "/set-renewal-info/", json.dump());
  if (result.exit_code != 0) throw std::runtime_error("setting renewal info: " + result.err);
}

void PebbleProcess::set_renewal_window(const std::string& chain_pem, WallTime start, WallTime end,
                                       const std::string& explanation_url) const {
  Json json = {
      {"suggestedWindow", {{"start", format_rfc3339(start)}, {"end", format_rfc3339(end)}}}};
  if (!explanation_url.empty()) json["explanationURL"] = explanation_url;
  set_renewal_info(chain_pem, json.dump());
}

std::string PebbleProcess::certificate_status(const std::string& chain_pem) const {
  std::string serial = run_child({.arguments = {"openssl", "x509", "-noout", "-serial"},
                                  .input = split_certificates(chain_pem).front()})
                           .out;
  serial = serial.substr(serial.find('=') + 1);
  serial.erase(serial.find_last_not_of('\n') + 1);
  const ChildResult result = ask_management({}, "/cert-status-by-serial/" + serial);
  if (result.exit_code != 0) return {};
  return parse_json(result.out, "certificate status").at("Status").get<std::string>();
}

ChildResult PebbleProcess::ask_management(const std::vector<std::string>& words,
                                          const std::string& path, const std::string& input) const {
  ChildOptions curl;
  curl.arguments = {"curl", "-fsS", "--noproxy", "*", "--cacert", ca_bundle()};
  curl.arguments.insert(curl.arguments.end(), words.begin(), words.end());
  curl.arguments.push_back(management_url() + path);
  curl.input = input;
  return run_child(curl);
}

void PebbleProcess::post_to_dns(const std::string& path, const std::string& json) const {
  const ChildResult answer = run_child(
      {.arguments = {"curl", "-fsS", "--noproxy", "*", "-d", json, setting("CA_DNS") + path}});
  if (answer.exit_code != 0) throw std::runtime_error("telling Pebble's DNS: " + answer.err);
}

}  // namespace autohttps
