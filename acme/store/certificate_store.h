// certificates/, names/ and changes/ of the store, typed. The layout is DESIGN's; this file is its
// only reader and writer.
#pragma once

#include <autohttps/acme/store/bundle.h>
#include <autohttps/acme/store/certificate_spec.h>
#include <autohttps/acme/store/certificate_state.h>
#include <autohttps/acme/store/store.h>
#include <autohttps/common/credentials.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// meta.json. A damaged one does not cost the pair beside it: ca and account are then empty.
struct GenerationMeta {
  std::string ca, account;
  std::vector<Identifier> names;
  WallTime created;
  std::string cause;               // "first issue", "due", "forced", "names changed"
  std::vector<KeyType> further{};  // of the part in the generation's folder: what lies below it
};

// One key and its chain, with where they came from.
struct GenerationPart {
  GenerationMeta meta;
  std::shared_ptr<const CertifiedKey> key;
};

// What is in place together: itself the part that lies in the generation's folder, and the parts of
// further key types, each in a folder of its own below.
struct Generation : GenerationPart {
  std::uint64_t number = 0;
  std::vector<GenerationPart> further;
  std::string damage;  // what of the further parts could not be read; empty: nothing

  const GenerationPart* part(KeyType) const;         // null: there is none of this type
  std::vector<const GenerationPart*> parts() const;  // itself first
};

struct Pending {  // pending/: the order under way
  std::string ca, account;
  std::string order_url;
  std::vector<Identifier> names;
  KeyType key_type = KeyType::ec256;
  std::string key_pem;  // as Bundle::key_pem
  WallTime created;
  // RFC 9773 5: the CA took the order as the replacement of this certificate.
  std::optional<std::string> replaces{};
};

// Thread-safe (it keeps nothing but the Store&). Throws what the Store throws. What cannot be read
// (empty, truncated, bit-flipped: RELIABILITY F33) is quarantined by the functions that say so and
// then absent; a key of a newer store version is left alone.
class CertificateStore {
 public:
  explicit CertificateStore(Store& store) : store_(store) {}

  std::vector<std::string> ids() const;  // those with a spec: a look at each
  // One look, however many there are: those with a spec, and what was never finished or half
  // deleted.
  std::vector<std::string> listed() const;
  bool has_wish(std::string_view id) const;
  bool is_empty() const;  // there is no spec
  // Another one when the spec, the state, the hooks' records or the generation in place are others.
  std::size_t stamp(std::string_view id) const;
  std::optional<CertificateSpec> spec(
      std::string_view id) const;         // throws Error(storage) naming the file when unreadable
  void put_spec(const CertificateSpec&);  // durable; also writes names/
  void index_names(const CertificateSpec&);  // those that are in names/ for no certificate

  // `further`: of this further key type (see further_type); empty: of the wish's first.
  CertificateState state(std::string_view id, std::optional<KeyType> further = {})
      const;  // unreadable: quarantined; fresh
  void put_state(std::string_view id, const CertificateState&,
                 Store::Survives = Store::Survives::power_cut, std::optional<KeyType> further = {});
  // After a change of the wish's key types: each state and order under way goes with its type,
  // those of types that are no longer wished for go. Whoever calls holds the certificate's lock.
  void rename_parts(std::string_view id, const std::vector<KeyType>& before,
                    const std::vector<KeyType>& now);

  std::optional<Pending> pending(std::string_view id, std::optional<KeyType> further = {})
      const;  // half or unreadable: quarantined; empty
  void put_pending(
      std::string_view id, const Pending&,
      std::optional<KeyType> further = {});  // the key first, then the order; both durable
  // Not synced: an order that a power cut brings back is known by its key (led_to in attempt.cpp).
  void clear_pending(std::string_view id, std::optional<KeyType> further = {});

  // What `current` leads to, parsed and proven to match. Empty when there is none. When current is
  // broken (missing or unreadable files, a folder in place of the link), falls back to the newest
  // generation that is whole, and says so in `trouble`.
  std::optional<Generation> current(std::string_view id, std::string* trouble = nullptr) const;
  std::vector<std::uint64_t> generations(std::string_view id) const;  // ascending
  std::optional<Generation> generation(std::string_view id, std::uint64_t number) const;

  // hooks.json of a generation, or, without a number, of the last failure. Unreadable: quarantined;
  // empty. Whoever writes holds the certificate's lock.
  HookRecords hook_records(std::string_view id, std::optional<std::uint64_t> generation) const;
  void put_hook_records(std::string_view id, std::optional<std::uint64_t> generation,
                        const HookRecords&);

  // Writes generation n+1 (fullchain, chain, cert, privkey, meta), then flips `current`, then
  // changes/<id>, then prunes to 5. The caller holds the certificate's lock and has checked I3. A
  // crash at any point leaves the old or the new generation.
  // `types`: those of the wish. Parts of other ones of these types that `current` has and that have
  // not expired come along. Empty: nothing does.
  std::uint64_t add(const StoreLock&, std::string_view id, const Bundle&, std::string_view cause,
                    WallTime now, const std::vector<KeyType>& types = {});

  // Points `current` at a generation that is whole and marks the change: what a caller that holds
  // the lock does when current() had `trouble` to tell, and a rollback. Its deploy hooks are to run
  // again. Throws Error(storage) when that generation is not whole.
  void flip(const StoreLock&, std::string_view id, std::uint64_t number);

  std::optional<std::string> id_for_name(
      std::string_view name) const;  // names/, one look-up; wildcards: asks for "_.rest" too
  // Both: the certificate of the name, then that of its wildcard.
  std::vector<std::string> ids_for_name(std::string_view name) const;
  void remove(const StoreLock&, std::string_view id);  // certificate, names and change mark
  std::unique_ptr<StoreLock> lock(std::string_view id, SteadyTime give_up, std::stop_token);
  std::unique_ptr<Subscription> watch(std::function<void(std::string_view id)>);

  // The served form of a generation.
  static std::shared_ptr<const Credentials> credentials(std::string_view id, const Generation&,
                                                        bool loads_again = false);

  Store& store() noexcept { return store_; }

 private:
  void discard(std::string_view id, std::uint64_t number);
  void settle(std::string_view id, std::uint64_t number, std::uint64_t before,
              const std::vector<Identifier>& names, const std::vector<Identifier>& old_names);
  void mark(std::string_view id, std::uint64_t number);
  void prune(std::string_view id, std::uint64_t current, std::uint64_t before);

  Store& store_;
};

}  // namespace autohttps::acme
