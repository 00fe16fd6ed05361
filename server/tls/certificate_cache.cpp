#include <autohttps/server/tls/certificate_cache.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace autohttps {
namespace {

std::vector<std::string> names_of(const Credentials& credentials) {
  std::vector<std::string> names;
  for (const auto& key : credentials.keys) {
    for (const Identifier& name : key->names()) {
      if (std::find(names.begin(), names.end(), name.value) == names.end()) {
        names.push_back(name.value);
      }
    }
  }
  return names;
}

}  // namespace

void CertificateCache::on_miss(
    std::function<bool(std::string_view name, std::function<void()> ready)> load) {
  on_miss_ = std::move(load);
}

void CertificateCache::set_default(std::string certificate) {
  const std::unique_lock lock(mutex_);
  default_ = std::move(certificate);
}

void CertificateCache::install(std::shared_ptr<const Credentials> credentials) {
  if (!credentials || credentials->keys.empty()) return;
  const std::vector<std::string> names = names_of(*credentials);
  std::shared_ptr<const Credentials> replaced;  // freed after the lock
  const std::unique_lock lock(mutex_);
  std::shared_ptr<const Credentials>& slot = by_id_[credentials->certificate];
  if (slot && credentials->placeholder && !slot->placeholder) return;
  replaced = std::exchange(slot, credentials);
  if (replaced) forget_names(*replaced);
  for (const std::string& name : names) by_name_[name].push_back(credentials);
}

void CertificateCache::withdraw(std::string_view certificate) {
  std::shared_ptr<const Credentials> withdrawn;
  const std::unique_lock lock(mutex_);
  const auto found = by_id_.find(certificate);
  if (found == by_id_.end()) return;
  withdrawn = std::move(found->second);
  by_id_.erase(found);
  forget_names(*withdrawn);
}

void CertificateCache::forget_names(const Credentials& old) {
  for (const std::string& name : names_of(old)) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) continue;
    std::erase_if(found->second, [&](const auto& held) { return held.get() == &old; });
    if (found->second.empty()) by_name_.erase(found);
  }
}

std::shared_ptr<const Credentials> CertificateCache::find(const ClientHello& hello) const noexcept {
  const std::shared_lock lock(mutex_);
  if (hello.server_name.empty()) {
    if (const auto* by_address = best(hello.local_ip)) return *by_address;
    const auto found = by_id_.find(std::string_view(default_));
    return found == by_id_.end() ? nullptr : found->second;
  }
  const auto* exact = best(hello.server_name);
  if (exact != nullptr && !(*exact)->placeholder) return *exact;
  const auto* wildcard = best_wildcard(hello.server_name);
  if (wildcard != nullptr && (exact == nullptr || !(*wildcard)->placeholder)) return *wildcard;
  return exact == nullptr ? nullptr : *exact;
}

// The last installed real one, else the last installed.
const std::shared_ptr<const Credentials>* CertificateCache::best(
    std::string_view name) const noexcept {
  const auto found = by_name_.find(name);
  if (name.empty() || found == by_name_.end()) return nullptr;
  const auto& held = found->second;
  const auto real = std::find_if(held.rbegin(), held.rend(),
                                 [](const auto& candidate) { return !candidate->placeholder; });
  return real == held.rend() ? &held.back() : &*real;
}

const std::shared_ptr<const Credentials>* CertificateCache::best_wildcard(
    std::string_view name) const noexcept {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0) return nullptr;
  char pattern[1 + 255];  // no longer name is in a certificate
  const std::string_view rest = name.substr(dot);
  if (rest.size() > sizeof pattern - 1) return nullptr;
  pattern[0] = '*';
  std::copy(rest.begin(), rest.end(), pattern + 1);
  return best(std::string_view(pattern, rest.size() + 1));
}

bool CertificateCache::fetch(const ClientHello& hello, std::function<void()> ready) noexcept {
  const std::string_view name = hello.server_name.empty() ? hello.local_ip : hello.server_name;
  if (!on_miss_ || name.empty()) return false;
  try {
    return on_miss_(name, std::move(ready));
  } catch (...) {
    return false;  // a store that cannot be read now: the name is not there now
  }
}

std::shared_ptr<const Credentials> CertificateCache::fallback() const noexcept {
  return find(ClientHello{});
}

std::shared_ptr<const Credentials> CertificateCache::certificate(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::size_t CertificateCache::size() const {
  const std::shared_lock lock(mutex_);
  return by_id_.size();
}

}  // namespace autohttps
