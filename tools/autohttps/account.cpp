#include <autohttps/acme/account_binding.h>
#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/acme/store/file_store.h>
#include <autohttps/common/error.h>
#include <autohttps/common/files.h>
#include <autohttps/common/key_elsewhere.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/tools/autohttps/ca_connection.h>
#include <autohttps/tools/autohttps/ca_settings.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/question.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <fcntl.h>

#include <system_error>

namespace autohttps::tools {
namespace {

constexpr const char* kLabel = "default";
constexpr const char* kUsage = "autohttps account list|show|update|rollover|deactivate|import FILE";

std::string quoted(const std::string& text) { return "\"" + printable(text, 300) + "\""; }

std::string contact_text(const std::vector<std::string>& contact) {
  std::string text;
  for (const std::string& one : contact) text += (text.empty() ? "" : ", ") + printable(one, 200);
  return text.empty() ? "none" : text;
}

// Before the store's owner is acted for: the file is of whoever runs this.
PrivateKey key_in(const std::string& path) {
  constexpr std::size_t kLargest = 64 * 1024;
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string pem;
  try {
    if (!file) throw std::system_error(errno, std::generic_category());
    pem = read_all(file.get(), kLargest);
  } catch (const std::system_error& error) {
    throw Error(ErrorCode::config,
                "reading the account's key " + quoted(path) + ": " + error.code().message());
  }
  PrivateKey key = PrivateKey::from_pem(pem);
  wipe(pem);
  if (is_elsewhere(key)) {
    throw Error(ErrorCode::config, quoted(path) + " is a certificate request, not a private key");
  }
  return key;
}

// One command on the account of one CA.
class AccountCommand {
 public:
  AccountCommand(const Settings& settings, Output& output)
      : settings_(settings),
        output_(output),
        ca_(first_ca(settings)),
        store_(open_store()),
        accounts_(*store_, ca_.server, kLabel),
        reached_(clock_, ca_.server, ca_.ca_bundle, ca_.ca_proxy) {}

  Exit show() {
    const auto client = sign_in();
    const acme::Account account = client->account(interruption_.token());
    Json object = answer("account");
    object["account"] = about(account.url);
    object["account"]["status"] = account.status;
    object["account"]["contact"] = account.contact;
    object["account"]["key_type"] = key_type_name(client->key().key().type());
    object["account"]["thumbprint"] = client->key().thumbprint();
    object["account"]["bound_to"] = bound_to();
    std::string text =
        labelled("CA", ca_.server) + labelled("account", printable(account.url, 300)) +
        labelled("status", account.status) + labelled("contact", contact_text(account.contact)) +
        labelled("key", std::string(key_type_name(client->key().key().type())) + ", thumbprint " +
                            client->key().thumbprint());
    if (!bound_to().is_null()) text += labelled("bound to", bound_to().get<std::string>());
    return finish(object, text);
  }

  Exit update() {
    keep_binding();
    const bool bound = !ca_.external_account.key_id.empty();
    if (ca_.email.empty() && !bound) {
      throw Error(ErrorCode::config, "\"account update\" changes the contact: to which?",
                  "autohttps account update --email me@example.com");
    }
    if (ca_.email.empty()) {
      Json object = answer("account");
      object["account"] = {{"ca", ca_.server}, {"label", kLabel}, {"bound_to", bound_to()}};
      return finish(object,
                    "the binding is kept: an account that has to be made anew is bound by it");
    }
    acme::CaSpec spec;
    spec.email = ca_.email;
    const std::vector<std::string> contact = acme::contact_of(spec);
    const auto client = sign_in();
    const std::string url = accounts_.load()->url;
    const acme::Account account = client->update_contact(contact, interruption_.token());
    accounts_.put_account(url, contact);
    Json object = answer("account");
    object["account"] = about(url);
    object["account"]["contact"] = account.contact;
    return finish(object, account.contact.empty()
                              ? "the CA was told, and keeps no contacts"
                              : "the contact is now " + contact_text(account.contact));
  }

  Exit roll_over() {
    acme::roll_over(accounts_, reached_.connection(), settings_.key_types.front(),
                    interruption_.token());
    Json object = answer("account");
    object["account"] = about(accounts_.load()->url);
    object["account"]["key_type"] = key_type_name(settings_.key_types.front());
    return finish(object, "the account has a new key (" +
                              std::string(key_type_name(settings_.key_types.front())) + ")");
  }

  Exit deactivate() {
    const auto stored = accounts_.load();
    if (!settings_.yes && stored) {
      ask_whether("deactivating the account " + quoted(stored->url),
                  "this is for ever; certificates stay valid and are not renewed by it any more",
                  output_);
    }
    acme::deactivate_account(accounts_, reached_.connection(), interruption_.token());
    Json object = answer("account");
    object["account"] = about(accounts_.load()->url);
    object["account"]["status"] = "deactivated";
    return finish(object, "the account is deactivated; its key stays in " + accounts_.folder() +
                              " of the store");
  }

  Exit import(const PrivateKey& key) {
    const acme::Account account = imported(key);
    Json object = answer("account");
    object["account"] = about(account.url);
    object["account"]["status"] = account.status;
    return finish(object, "the account " + quoted(account.url) + " is this store's now");
  }

 private:
  // `import` may be the first that is ever done with a store.
  std::unique_ptr<acme::Store> open_store() {
    if (settings_.names.front() == "import") {
      return acme::open_file_store(store_path(settings_), clock_);
    }
    return open_store_that_exists(settings_, clock_);
  }
  std::unique_ptr<acme::Client> sign_in() {
    return acme::sign_in_existing(accounts_, reached_.connection(), interruption_.token());
  }
  acme::Account imported(const PrivateKey& key) {
    try {
      return acme::import_account(accounts_, reached_.connection(), key, interruption_.token());
    } catch (const acme::ProblemError& error) {
      if (error.problem().short_type() != "accountDoesNotExist") throw;
      throw acme::ProblemError(error.code(), "importing the account", error.problem(),
                               "the CA has no account with this key: check the file, and --server");
    }
  }
  void keep_binding() { acme::AccountBindings(*store_).keep(ca_.server, ca_.external_account); }
  Json bound_to() const {
    const auto binding = accounts_.binding();
    return binding ? Json(printable(binding->key_id, 200)) : Json(nullptr);
  }
  Json about(const std::string& url) const {
    return {{"ca", ca_.server}, {"label", kLabel}, {"url", printable(url, 500)}};
  }
  Exit finish(const Json& object, const std::string& text) {
    if (settings_.json) {
      output_.result(to_text(object));
    } else if (!settings_.quiet) {
      output_.result(text);
    }
    return Exit::done;
  }

  const Settings& settings_;
  Output& output_;
  const Interruption interruption_;
  const CaOptions ca_;
  SystemClock clock_;
  const std::unique_ptr<acme::Store> store_;
  acme::AccountStore accounts_;
  CaReached reached_;
};

Exit list_all(const Settings& settings, Output& output) {
  SystemClock clock;
  const std::unique_ptr<acme::Store> store = open_store_that_exists(settings, clock);
  Json object = answer("account");
  object["accounts"] = Json::array();
  std::string text;
  for (const acme::AccountEntry& entry : acme::list_accounts(*store)) {
    object["accounts"].push_back({{"ca", entry.ca},
                                  {"label", entry.label},
                                  {"folder", entry.folder},
                                  {"url", entry.url},
                                  {"contact", entry.contact},
                                  {"deactivated", time_json(entry.deactivated)}});
    text += printable(entry.ca, 300) + "  " +
            (entry.url.empty() ? "not registered" : printable(entry.url, 300)) + "  " +
            (entry.deactivated ? "deactivated " + format_rfc3339(*entry.deactivated)
                               : "contact: " + contact_text(entry.contact)) +
            "\n";
  }
  if (text.empty()) text = "no accounts";
  output.result(settings.json ? to_text(object) : text);
  return Exit::done;
}

Exit do_it(const Settings& settings, Output& output) {
  const std::string& word = settings.names.front();
  if (word == "list") {
    const ActingAsOwner acting(settings.store);
    return list_all(settings, output);
  }
  if (word == "import") {
    const PrivateKey key = key_in(settings.names[1]);
    const ActingAsOwner acting(settings.store, Missing::make);
    return AccountCommand(settings, output).import(key);
  }
  const ActingAsOwner acting(settings.store);
  AccountCommand command(settings, output);
  if (word == "show") return command.show();
  if (word == "update") return command.update();
  if (word == "rollover") return command.roll_over();
  return command.deactivate();
}

}  // namespace

Exit account(const Settings& settings, Output& output) {
  const std::vector<std::string>& words = settings.names;
  if (words.empty()) {
    throw Error(ErrorCode::config, "\"account\" needs to be told what to do", kUsage);
  }
  const std::string& word = words.front();
  const bool known = word == "list" || word == "show" || word == "update" || word == "rollover" ||
                     word == "deactivate" || word == "import";
  if (!known) {
    throw Error(ErrorCode::config, "\"account\" knows no " + quoted(word), kUsage);
  }
  if (word == "import" && words.size() == 1) {
    throw Error(ErrorCode::config, "\"account import\" needs the file with the account's key",
                "autohttps account import FILE [--server URL]");
  }
  if (words.size() > (word == "import" ? 2U : 1U)) {
    throw Error(ErrorCode::config, "\"account " + word + "\" takes no " + quoted(words.back()),
                "the CA whose account it is about: --server URL");
  }
  return do_it(settings, output);
}

}  // namespace autohttps::tools
