// `autohttps setup`: look, say, do.
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/error.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/auto_https/served_check.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/config.h>
#include <autohttps/tools/autohttps/config_sites.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/obtaining.h>
#include <autohttps/tools/autohttps/outcomes.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/setup/apply.h>
#include <autohttps/tools/autohttps/setup/certificate_look.h>
#include <autohttps/tools/autohttps/setup/places.h>
#include <autohttps/tools/autohttps/setup/plan.h>
#include <autohttps/tools/autohttps/setup/question.h>
#include <autohttps/tools/autohttps/setup/site_wish.h>
#include <autohttps/tools/autohttps/setup/summary.h>
#include <autohttps/tools/autohttps/setup/system_machine.h>
#include <autohttps/tools/autohttps/setup/terms.h>
#include <autohttps/tools/autohttps/setup/way.h>
#include <autohttps/tools/autohttps/site_contents.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace autohttps::tools {
namespace {

using Action = acme::Outcome::Action;

constexpr std::chrono::seconds kServedWithin{20};       // a start on a slow machine
constexpr std::chrono::milliseconds kServedTry{2'000};  // one handshake on loopback
constexpr std::chrono::milliseconds kServedPause{200};

class Setup {
 public:
  Setup(const Config& config, Machine& machine, Output& output)
      : read_(config),
        config_(config_file(config.line)),
        machine_(machine),
        above_(main_file(config_, machine)),
        given_(checked(wished(config, above_))),
        output_(output) {}

  Exit run() {
    look_around();
    if (given_.plan) return show_plan();
    if (plan_.changes.empty()) return finish_with("nothing to change: all is so already");
    check_rights();
    agree();
    for (const Change& change : plan_.changes) {
      if (change.kind == Change::Kind::write) machine_.check_writable(change.path);
    }
    make_user();
    const Exit issued = get_certificate();
    if (issued != Exit::done) return issued;
    look_around();  // how long its certificates live decides how often renewal looks
    const auto rest = std::stable_partition(plan_.changes.begin(), plan_.changes.end(), is_file);
    apply({plan_.changes.begin(), rest}, machine_, output_);
    check_configuration();  // before a service reads it
    apply({rest, plan_.changes.end()}, machine_, output_);
    look_around();
    if (plan_.serves) check_served();
    return finish_with({});
  }

 private:
  void look_around() {
    found_ = look(given_, config_, machine_);
    offer_www();
    Settings site = given_;
    choose_way(site, found_);
    found_.certificate = look_at_certificate(site);
    look_at_configuration();
    plan_ = plan_setup(site, found_);
  }

  void look_at_configuration() {
    std::vector<ConfigSite> sites;
    std::vector<ConfigProblem> problems;
    found_.above = above_;
    const std::string path = site_path(config_, found_.certificate.id);
    if (const auto file = found_.files.find(path); file != found_.files.end()) {
      read_site_file({.path = path, .text = file->second}, found_.above, sites, problems);
      if (!sites.empty()) found_.present_site = sites.front().settings;
    } else {
      found_.configured_elsewhere = site_with_names(read_.sites, given_.names) != nullptr;
    }
  }

  // Once: the answer is part of what was given from then on.
  void offer_www() {
    const std::string name = given_.names.front();  // names get one more below
    const std::string www = "www." + name;
    if (name.starts_with("*.") || std::ranges::count(given_.names, www) > 0) return;
    bool wanted = given_.www;
    if (!wanted && !asked_www_ && !given_.yes && !given_.plan && can_ask() &&
        found_.names.back().name == www) {
      asked_www_ = true;
      wanted =
          agreed(www + " leads here as well: have it too, its visitors sent on to " + name + "?",
                 true, output_);
    }
    if (found_.names.back().name == www && !wanted) found_.names.pop_back();
    if (!wanted) return;
    given_.names.push_back(www);
    const bool serves = serves_itself(given_);
    if (serves && given_.redirect_to.empty()) given_.redirect_to = name;
    found_ = look(given_, config_, machine_);
  }

  void warn() {
    for (const std::string& warning : plan_.warnings) output_.warning(warning);
  }

  Exit show_plan() {
    warn();
    if (given_.json) {
      output_.result(to_text(json("planned")));
    } else {
      output_.result(plan_text(plan_));
      if (!plan_.snippet.text.empty()) output_.result(snippet_text(plan_.snippet));
    }
    return Exit::done;
  }

  void check_rights() const {
    if (found_.root) return;
    std::string names;
    for (const std::string& name : given_.names) names += " " + name;
    throw Error(ErrorCode::permission,
                "setup changes files below /etc and starts services, which only root may do",
                "as root, the same again: sudo autohttps setup" + names +
                    " ...\nwhat it would do: autohttps setup" + names +
                    " ... --plan\nas this user, a certificate without the rest: autohttps obtain" +
                    names + " --webroot DIR --agree-tos, and in `crontab -e` the line\n" +
                    std::to_string(found_.random_minute) + " * * * * " + found_.program + " renew");
  }

  // The store becomes its owner's with the certificate.
  void make_user() {
    if (!found_.may_make_user || plan_.changes.empty()) return;
    apply({plan_.changes.front()}, machine_, output_);
    check_readable(given_);
  }

  static bool is_file(const Change& change) { return change.kind == Change::Kind::write; }

  void check_configuration() const {
    if (auto problem = problem_of(read_config(read_.line))) throw Error(*std::move(problem));
  }

  bool wants_certificate() const {
    return std::ranges::count(plan_.changes, Change::Kind::certificate, &Change::kind) > 0;
  }

  void agree() {
    warn();
    if (!given_.yes) {
      if (!can_ask()) {
        throw Error(ErrorCode::config,
                    "setup changes this machine, and there is no terminal to ask whether it may",
                    "add --yes; --plan says what would change");
      }
      for (const Change& change : plan_.changes) output_.step(change.what);
      if (!agreed("Do this?", true, output_)) throw Error(ErrorCode::canceled, "nothing changed");
    }
    if (!wants_certificate() || found_.certificate.account || given_.agree_to_terms) return;
    agree_to_terms();
  }

  void agree_to_terms() {
    const auto terms = terms_of_service(given_);
    if (!terms) return;
    if (given_.yes || !can_ask()) {
      throw Error(ErrorCode::config, "the CA's terms of service are not agreed to",
                  "read " + *terms + " and add --agree-tos");
    }
    if (!agreed("The CA's terms of service: " + *terms + "\nDo you agree to them?", false,
                output_)) {
      throw Error(ErrorCode::canceled,
                  "without agreeing to the CA's terms there is no certificate");
    }
    given_.agree_to_terms = true;
    plan_.site.agree_to_terms = true;
  }

  Exit get_certificate() {
    if (!wants_certificate()) return Exit::done;
    Settings wish = plan_.site;
    // These go into the site's file, which is ours; a wish in the store is its owner's.
    const acme::ConfiguredHooks hooks{{},
                                      parse_identifiers(wish.names),
                                      {std::exchange(wish.pre, {}), std::exchange(wish.deploy, {}),
                                       std::exchange(wish.failed, {})},
                                      ::getuid()};
    for (const char* kind : {"pre", "deploy", "failed"}) wish.told.erase(kind);
    std::vector<acme::Outcome> outcomes;
    {
      const Interruption interruption;
      outcomes = obtain_certificates(wish, {hooks}, output_, interruption.token());
    }
    given_.force = false;  // of this run, it is done
    bool good = true;
    for (acme::Outcome& outcome : outcomes) {
      if (outcome.action != Action::failed && outcome.action != Action::deferred) continue;
      good = false;
      explain(outcome);
    }
    if (good) return Exit::done;
    return finish("setup", given_, store_path(given_), outcomes, output_);
  }

  void explain(acme::Outcome& outcome) const {
    const ErrorCode code = outcome.error ? outcome.error->code() : ErrorCode::internal;
    if (code == ErrorCode::validation && !is_answered_by_dns(given_)) {
      std::string hint = outcome.error->hint();
      for (const std::string& warning : address_warnings(found_.names)) hint += "\n" + warning;
      outcome.error = Error(code, outcome.error->what(), hint);
    }
    if (code == ErrorCode::rate_limited || code == ErrorCode::deferred) return;
    // Nobody has to wait: the next `setup` tries at once. And a name with a typing error must not
    // be tried for ever by whoever renews.
    outcome.next_attempt.reset();
    if (!found_.certificate.known) forget_wish();
  }

  void forget_wish() const {
    const ActingAsOwner acting(given_.store);
    SystemClock clock;
    const std::unique_ptr<acme::Store> store = open_existing_store(given_, clock);
    if (!store) return;
    acme::CertificateStore certificates(*store);
    const auto lock =
        certificates.lock(found_.certificate.id, clock.steady() + given_.lock_timeout, {});
    if (!certificates.current(found_.certificate.id)) {
      certificates.remove(*lock, found_.certificate.id);
    }
  }

  void check_served() const {
    const std::string& name = given_.names.front();
    const std::string address = given_.bind.empty() ? "127.0.0.1" : given_.bind;
    SystemClock clock;
    const SteadyTime end = clock.steady() + kServedWithin;
    std::string seen;
    do {
      seen = served_fingerprint(address, given_.https_port, name, kServedTry).value_or("");
      if (seen == found_.certificate.fingerprint) return;
      clock.sleep_for(kServedPause, {});
    } while (clock.steady() < end);
    throw Error(
        ErrorCode::port,
        seen.empty()
            ? "the service was started, and port " + std::to_string(given_.https_port) +
                  " gives no certificate for " + name
            : "the service serves another certificate for " + name + " than the store has: " + seen,
        found_.systemd ? std::string("journalctl -u autohttps says why")
                       : std::string("look into ") + kServiceLog);
  }

  Exit finish_with(const std::string& word) {
    if (given_.json) {
      output_.result(to_text(json(word.empty() ? "changed" : "none")));
      return Exit::done;
    }
    if (!word.empty()) warn();
    if (!plan_.snippet.text.empty() && word.empty()) output_.result(snippet_text(plan_.snippet));
    if (!word.empty() && !given_.quiet) output_.step(word);
    if (!given_.quiet) output_.result(summary(plan_, found_));
    return Exit::done;
  }

  Json json(const std::string& action) const {
    Json object = answer("setup");
    object["action"] = action;
    object["certificate"] = found_.certificate.id;
    object["store"] = found_.certificate.store;
    object["site"] = site_path(found_.config, found_.certificate.id);
    object["changes"] = Json::array();
    for (const Change& change : plan_.changes) object["changes"].push_back(change.what);
    object["warnings"] = plan_.warnings;
    object["snippet"] = plan_.snippet.text.empty() ? Json(nullptr) : Json(plan_.snippet.text);
    return object;
  }

  const Config& read_;
  const std::string config_;
  Machine& machine_;
  const Settings above_;
  Settings given_;
  Output& output_;
  Surroundings found_;
  Plan plan_;
  bool asked_www_ = false;
};

}  // namespace

Exit setup(const Config& config, Output& output) {
  SystemMachine machine;
  return Setup(config, machine, output).run();
}

}  // namespace autohttps::tools
