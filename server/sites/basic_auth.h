// RFC 7617: who may in, by a file of users.
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/event.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/server/engine/head_view.h>
#include <autohttps/server/sites/password_file.h>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace autohttps {

// Thread-safe. The file is looked at with each request and read again when it has changed; while it
// cannot be used nobody comes in. A password that was right is remembered for a while, by a digest
// that is worth nothing outside of this process: its hash is meant to take long.
class BasicAuth {
 public:
  // `realm`: what the browser shows. Throws Error(config | permission) for a file that cannot be
  // used.
  BasicAuth(std::filesystem::path file, std::string realm, EventSink);

  enum class Verdict {
    let_in,
    unknown,  // 401, with challenge()
    broken,   // 500: the file
    busy      // 503: more passwords to be looked at than there are processors for
  };
  // Waits where a hash has to be made, and gives the lead away before.
  Verdict ask(const HeadView&);

  const std::string& challenge() const noexcept { return challenge_; }  // of WWW-Authenticate

 private:
  using Stamp = std::array<std::int64_t, 6>;
  struct Loaded {
    Stamp stamp{};
    bool settled = false;  // written long enough ago that another write would be seen
    std::shared_ptr<const PasswordFile> users;  // null: it cannot be used
    std::string trouble{};
  };
  Loaded load() const;
  std::shared_ptr<const PasswordFile> users();
  bool remembers(const std::string& digest) const;  // under mutex_
  void remember(const std::string& digest);         // under mutex_
  Verdict verify(const PasswordFile&, std::string_view user, std::string_view password,
                 const std::string& digest);

  const std::filesystem::path file_;
  const std::string challenge_;
  const EventSink events_;
  const std::string key_;  // of the digests

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::shared_ptr<const Loaded> loaded_;
  std::map<std::string, SteadyTime> remembered_;  // until when
  std::size_t hashing_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace autohttps
