#include <autohttps/acme/account_binding.h>

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/protocol/external_account.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/common/error.h>
#include <autohttps/common/files.h>
#include <autohttps/common/strings.h>

#include <fcntl.h>

#include <system_error>

namespace autohttps::acme {
namespace {

constexpr std::size_t kLargestFile = 4096;  // CAs give keys of 32 to 64 bytes

Secret read_secret(const std::string& path) {
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  try {
    if (!file) throw std::system_error(errno, std::generic_category());
    return Secret(read_all(file.get(), kLargestFile));
  } catch (const std::system_error& error) {
    throw Error(ErrorCode::config,
                "reading the HMAC key \"" + printable(path, 300) + "\": " + error.code().message(),
                "--eab-key-file wants a file that this user may read, or /dev/stdin");
  }
}

}  // namespace

void AccountBindings::keep(const std::string& directory_url,
                           const autohttps::ExternalAccount& account) {
  if (account.key_id.empty() && account.key_file.empty()) return;
  if (account.key_id.empty() || account.key_file.empty()) {
    throw Error(ErrorCode::config,
                std::string("an external account binding lacks its ") +
                    (account.key_id.empty() ? "key id" : "HMAC key"),
                "--eab-kid and --eab-key-file belong together");
  }
  const Secret key = read_once(account.key_file);
  read_external_account(account.key_id, account.algorithm,
                        key);  // what is wrong with it is said now
  AccountStore(store_, directory_url, CaSpec().account_label)
      .put_binding({account.key_id, account.algorithm, key});
}

Secret AccountBindings::read_once(const std::string& file) {
  const std::lock_guard lock(mutex_);
  auto& known = read_[file];
  if (known.empty()) known = read_secret(file);
  return known;
}

}  // namespace autohttps::acme
