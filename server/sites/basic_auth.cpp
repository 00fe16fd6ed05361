#include <autohttps/common/base64url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/files.h>
#include <autohttps/common/random.h>
#include <autohttps/common/secret.h>
#include <autohttps/common/sha256.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/engine/exchange.h>
#include <autohttps/server/sites/basic_auth.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

namespace autohttps {
namespace {

constexpr std::size_t kLargestFile = 1 << 20;  // some ten thousand users
constexpr std::chrono::minutes kRemembered{10};
constexpr std::size_t kMostRemembered = 10'000;
constexpr std::size_t kMostWaiting = 64;  // beyond, guessing is what it is
constexpr std::chrono::seconds kLongestWait{5};
// Two writes within one tick of the file system's clock have one time.
constexpr std::chrono::seconds kSettled{2};

std::size_t most_at_once() { return std::max<std::size_t>(std::thread::hardware_concurrency(), 1); }

// RFC 4648 4, which RFC 7617 wants. Empty: it is none.
std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string other(text);
  if (other.find_first_of("-_") != std::string::npos) return std::nullopt;
  std::ranges::replace(other, '+', '-');
  std::ranges::replace(other, '/', '_');
  std::optional<std::string> bytes = base64url_decode(other);
  wipe(other);
  return bytes;
}

std::array<std::int64_t, 6> stamp_of(const struct stat& status) {
  return {static_cast<std::int64_t>(status.st_dev),
          static_cast<std::int64_t>(status.st_ino),
          status.st_size,
          status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
          status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec,
          status.st_mode};
}

struct Named {
  std::string user, password;
  Named() = default;
  Named(Named&&) = default;
  Named& operator=(Named&&) = default;
  ~Named() { wipe(password); }
};

// RFC 7617 2. Empty: none is named, or in a way that is none.
std::optional<Named> named_in(const HeadView& head) {
  constexpr std::string_view kScheme = "Basic ";
  std::string_view credentials;
  for (const auto& [name, value] : head.fields) {
    if (!equals_ignoring_case(name, "Authorization")) continue;
    if (!credentials.empty()) return std::nullopt;  // two: whose are we to take?
    credentials = value;
  }
  if (!equals_ignoring_case(credentials.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  std::optional<std::string> text = decode_base64(trim(credentials.substr(kScheme.size())));
  if (!text) return std::nullopt;
  std::optional<Named> named;
  const std::size_t colon = text->find(':');
  if (colon != std::string::npos) {
    named.emplace();
    named->user = text->substr(0, colon);
    named->password = text->substr(colon + 1);
  }
  wipe(*text);
  return named;
}

std::string random_key() {
  std::string key(32, '\0');
  SystemRandom().fill(std::as_writable_bytes(std::span(key)));
  return key;
}

std::string digest_of(const std::string& key, const Named& named, std::string_view hash) {
  std::string text = key + named.user;
  text += '\0';
  text += hash;
  text += '\0';
  text += named.password;
  std::string digest = sha256(text);
  wipe(text);
  return digest;
}

}  // namespace

BasicAuth::BasicAuth(std::filesystem::path file, std::string realm, EventSink events)
    : file_(std::move(file)),
      challenge_("Basic realm=\"" + realm + "\", charset=\"UTF-8\""),
      events_(std::move(events)),
      key_(random_key()),
      loaded_(std::make_shared<const Loaded>(load())) {
  if (loaded_->users) return;
  throw Error(ErrorCode::config, loaded_->trouble,
              "the server's own user has to be able to read it, and nobody else needs to");
}

BasicAuth::Loaded BasicAuth::load() const {
  Loaded loaded;
  const std::string what = "password file \"" + printable(file_.string(), 300) + "\": ";
  const OwnedFd file(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    loaded.trouble = what + std::generic_category().message(errno);
    return loaded;
  }
  loaded.stamp = stamp_of(status);
  const auto written = std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec);
  loaded.settled = SystemClock().wall() - written > kSettled;
  try {
    loaded.users = std::make_shared<const PasswordFile>(
        PasswordFile::parse(read_all(file.get(), kLargestFile)));
  } catch (const Error& error) {
    loaded.trouble = what + error.what() + (error.hint().empty() ? "" : " (" + error.hint() + ")");
  } catch (const std::system_error& error) {
    loaded.trouble = what + error.code().message();
  }
  return loaded;
}

std::shared_ptr<const PasswordFile> BasicAuth::users() {
  std::shared_ptr<const Loaded> known;
  {
    const std::lock_guard lock(mutex_);
    known = loaded_;
  }
  struct stat status {};
  const bool there = ::stat(file_.c_str(), &status) == 0;
  if (there && known->settled && known->stamp == stamp_of(status)) return known->users;
  if (!there && !known->users && known->stamp == Stamp{}) return nullptr;
  const auto next = std::make_shared<const Loaded>(load());
  {
    const std::lock_guard lock(mutex_);
    loaded_ = next;
  }
  if (events_ && next->trouble != known->trouble) {
    if (next->users) {
      events_({Event::Level::step,
               {},
               "password file \"" + printable(file_.string(), 300) + "\" is in order again",
               {}});
    } else {
      events_({Event::Level::error,
               {},
               next->trouble,
               "whoever asks for what it guards gets 500 until it is in order"});
    }
  }
  return next->users;
}

bool BasicAuth::remembers(const std::string& digest) const {
  const auto found = remembered_.find(digest);
  return found != remembered_.end() && SystemClock().steady() < found->second;
}

void BasicAuth::remember(const std::string& digest) {
  const SteadyTime now = SystemClock().steady();
  if (remembered_.size() >= kMostRemembered) {
    std::erase_if(remembered_, [&](const auto& entry) { return entry.second <= now; });
    if (remembered_.size() >= kMostRemembered) remembered_.clear();
  }
  remembered_[digest] = now + kRemembered;
}

BasicAuth::Verdict BasicAuth::ask(const HeadView& head) {
  const std::shared_ptr<const PasswordFile> known = users();
  if (!known) return Verdict::broken;
  const std::optional<Named> named = named_in(head);
  if (!named) return Verdict::unknown;
  const std::string digest = digest_of(key_, *named, known->hash_of(named->user));
  {
    const std::lock_guard lock(mutex_);
    if (remembers(digest)) return Verdict::let_in;
  }
  if (!give_lead_away()) return Verdict::busy;
  return verify(*known, named->user, named->password, digest);
}

BasicAuth::Verdict BasicAuth::verify(const PasswordFile& known, std::string_view user,
                                     std::string_view password, const std::string& digest) {
  {
    // A page's pictures come at once, with one password: one of them has it looked at.
    std::unique_lock lock(mutex_);
    if (waiting_ >= kMostWaiting) return Verdict::busy;
    ++waiting_;
    const bool come = changed_.wait_for(
        lock, kLongestWait, [&] { return hashing_ < most_at_once() || remembers(digest); });
    --waiting_;
    if (remembers(digest)) return Verdict::let_in;
    if (!come) return Verdict::busy;
    ++hashing_;
  }
  bool right = false;
  try {
    right = known.has(user, password);
  } catch (const std::bad_alloc&) {
    // Not looked at: not let in.
  }
  const std::lock_guard lock(mutex_);
  --hashing_;
  if (right) remember(digest);
  changed_.notify_all();
  return right ? Verdict::let_in : Verdict::unknown;
}

}  // namespace autohttps
