#include <autohttps/tests/support/paths.h>
#include <autohttps/tests/support/pebble_process.h>

#include <sstream>
#include <stdexcept>
#include <utility>

namespace autohttps {
PebbleProcess::PebbleProcess(PebbleOptions options) : options_(std::move(options)) {
  if (!options_.http_port) promised_ = std::make_unique<FreePort>();
  http_port_ = options_.http_port ? *options_.http_port : promised_->number();
  start();
}

void PebbleProcess::start() {
  ChildOptions child;
  child.arguments = {source_folder() / "tests/support/pebble.sh", folder_.path()};
  child.environment = options_.environment;
  child.environment["CA_HTTP_PORT"] = std::to_string(http_port_);
  if (options_.strict) child.environment["CA_STRICT"] = "1";
  if (options_.validity_seconds) {
    child.environment["CA_VALIDITY_SECONDS"] = std::to_string(*options_.validity_seconds);
  }
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

void PebbleProcess::add_a(const std::string& name, const std::string& address) const {
  post_to_dns("/add-a", R"({"host":")" + name + R"(.","addresses":[")" + address + R"("]})");
}

void PebbleProcess::set_default_ipv4(const std::string& address) const {
  post_to_dns("/set-default-ipv4", R"({"ip":")" + address + R"("})");
}

void PebbleProcess::post_to_dns(const std::string& path, const std::string& json) const {
  const ChildResult answer = run_child(
      {.arguments = {"curl", "-fsS", "--noproxy", "*", "-d", json, setting("CA_DNS") + path}});
  if (answer.exit_code != 0) throw std::runtime_error("telling Pebble's DNS: " + answer.err);
}

}  // namespace autohttps
