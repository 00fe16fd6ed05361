#include <autohttps/server/tls/certificate_cache.h>

#include <algorithm>
#include <cstddef>
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

void CertificateCache::on_challenge(
    std::function<bool(std::string_view name,
                       std::function<void(std::shared_ptr<const CertifiedKey>)>)>
        load) {
  on_challenge_ = std::move(load);
}

void CertificateCache::set_default(std::string certificate) {
  const std::unique_lock lock(mutex_);
  default_ = std::move(certificate);
}

void CertificateCache::on_drop(std::function<void(std::string_view certificate)> dropped) {
  on_drop_ = std::move(dropped);
}

void CertificateCache::install(std::shared_ptr<const Credentials> credentials) {
  if (!credentials || credentials->keys.empty()) return;
  const std::vector<std::string> names = names_of(*credentials);
  const auto entry = std::make_shared<Entry>(std::move(credentials));
  Held replaced;  // freed after the lock
  bool is_full = false;
  {
    const std::unique_lock lock(mutex_);
    const auto before = by_id_.find(entry->credentials->certificate);
    const bool is_real = before != by_id_.end() && !before->second->credentials->placeholder;
    if (is_real && entry->credentials->placeholder) return;
    replaced = remove(entry->credentials->certificate);
    entry->used = ++installs_;
    by_id_.emplace(entry->credentials->certificate, entry);
    for (const std::string& name : names) by_name_[name].push_back(entry);
    if (entry->credentials->loads_again) is_full = ++loaded_ > most_;
  }
  if (is_full) drop_surplus();
}

void CertificateCache::withdraw(std::string_view certificate) {
  Held withdrawn;  // freed after the lock
  const std::unique_lock lock(mutex_);
  withdrawn = remove(certificate);
}

CertificateCache::Held CertificateCache::remove(std::string_view certificate) {
  const auto found = by_id_.find(certificate);
  if (found == by_id_.end()) return nullptr;
  Held removed = std::move(found->second);
  by_id_.erase(found);
  forget_names(removed);
  if (removed->credentials->loads_again) --loaded_;
  return removed;
}

void CertificateCache::forget_names(const Held& old) {
  for (const std::string& name : names_of(*old->credentials)) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) continue;
    std::erase(found->second, old);
    if (found->second.empty()) by_name_.erase(found);
  }
}

// Some more than must go, so that it is not done at each install. Chosen while others look up, and
// freed while nobody waits.
void CertificateCache::drop_surplus() {
  for (const Held& idle : least_used()) {
    const std::string& id = idle->credentials->certificate;
    {
      const std::unique_lock lock(mutex_);
      const auto found = by_id_.find(id);
      if (found == by_id_.end() || found->second != idle) continue;
      remove(id);
    }
    if (on_drop_) on_drop_(id);
  }
}

std::vector<CertificateCache::Held> CertificateCache::least_used() const {
  constexpr std::size_t kMoreThanMust = 16;  // a sixteenth of what is held
  std::vector<std::pair<std::uint64_t, Held>> candidates;
  const std::shared_lock lock(mutex_);
  for (const auto& [id, held] : by_id_) {
    // The newest stays: a handshake waits for it. No name leads to the default one.
    if (held->credentials->loads_again && held->used != installs_ && id != default_) {
      candidates.emplace_back(held->used, held);
    }
  }
  const std::size_t surplus = loaded_ > most_ ? loaded_ - most_ + most_ / kMoreThanMust : 0;
  const std::size_t count = std::min(surplus, candidates.size());
  const auto last = candidates.begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(candidates.begin(), last, candidates.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Held> chosen;
  for (auto candidate = candidates.begin(); candidate != last; ++candidate) {
    chosen.push_back(std::move(candidate->second));
  }
  return chosen;
}

std::shared_ptr<const Credentials> CertificateCache::find(const ClientHello& hello) const noexcept {
  const std::shared_lock lock(mutex_);
  if (hello.server_name.empty()) {
    if (const auto* by_address = best(hello.local_ip)) return use(*by_address);
    const auto found = by_id_.find(std::string_view(default_));
    return found == by_id_.end() ? nullptr : use(found->second);
  }
  const auto* exact = best(hello.server_name);
  if (exact != nullptr && !(*exact)->credentials->placeholder) return use(*exact);
  const auto* wildcard = best_wildcard(hello.server_name);
  if (wildcard != nullptr && (exact == nullptr || !(*wildcard)->credentials->placeholder)) {
    return use(*wildcard);
  }
  return exact == nullptr ? nullptr : use(*exact);
}

// Written only where it changes anything: threads that serve one name do not fight for its line.
std::shared_ptr<const Credentials> CertificateCache::use(const Held& held) const noexcept {
  if (held->credentials->loads_again && held->used.load(std::memory_order_relaxed) != installs_) {
    held->used.store(installs_, std::memory_order_relaxed);
  }
  return held->credentials;
}

// The last installed real one, else the last installed.
const CertificateCache::Held* CertificateCache::best(std::string_view name) const noexcept {
  const auto found = by_name_.find(name);
  if (name.empty() || found == by_name_.end()) return nullptr;
  const auto& held = found->second;
  const auto real = std::find_if(held.rbegin(), held.rend(), [](const Held& held_one) {
    return !held_one->credentials->placeholder;
  });
  return real == held.rend() ? &held.back() : &*real;
}

const CertificateCache::Held* CertificateCache::best_wildcard(
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

bool CertificateCache::fetch_challenge(
    const ClientHello& hello,
    std::function<void(std::shared_ptr<const CertifiedKey>)> ready) noexcept {
  if (!on_challenge_ || hello.server_name.empty()) return false;
  try {
    return on_challenge_(hello.server_name, std::move(ready));
  } catch (...) {
    return false;
  }
}

std::shared_ptr<const Credentials> CertificateCache::fallback() const noexcept {
  return find(ClientHello{});
}

std::shared_ptr<const Credentials> CertificateCache::certificate(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second->credentials;
}

std::size_t CertificateCache::size() const {
  const std::shared_lock lock(mutex_);
  return by_id_.size();
}

}  // namespace autohttps
