#include <autohttps/server/sites/upstream_addresses.h>

#include <autohttps/server/engine/coarse_clock.h>

#include <netdb.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace autohttps {
namespace {

constexpr std::int64_t kAfterTrouble = 2'000;  // ms, before DNS is asked once more
constexpr std::size_t kMostAddresses = 16;

struct InfoDeleter {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

UpstreamAddresses::List ask(const std::string& host, std::uint16_t port, int flags,
                            std::string& trouble) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int result = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, InfoDeleter> owner(found);
  if (result != 0) {
    trouble = std::string("looking up \"") + host +
              "\": " + (result == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(result));
    return nullptr;
  }
  auto list = std::make_shared<std::vector<SocketAddress>>();
  for (const addrinfo* each = found; each != nullptr && list->size() < kMostAddresses;
       each = each->ai_next) {
    SocketAddress address;
    address.size = each->ai_addrlen;
    std::memcpy(&address.bytes, each->ai_addr,
                std::min<std::size_t>(each->ai_addrlen, sizeof address.bytes));
    list->push_back(address);
  }
  return list;
}

SocketAddress socket_at(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  SocketAddress address;
  address.size = sizeof name;
  std::memcpy(&address.bytes, &name, sizeof name);
  return address;
}

}  // namespace

UpstreamAddresses::UpstreamAddresses(const UpstreamUrl& url, std::chrono::milliseconds fresh)
    : host_(url.host), port_(url.port), fresh_(fresh.count()) {
  std::string trouble;
  if (url.kind == UpstreamUrl::Kind::socket) {
    list_ = std::make_shared<std::vector<SocketAddress>>(1, socket_at(url.path));
  } else {
    list_ = ask(host_, port_, AI_NUMERICHOST, trouble);
  }
  fixed_ = list_ != nullptr;
}

UpstreamAddresses::List UpstreamAddresses::known(bool& old) noexcept {
  old = false;
  if (fixed_) return list_;
  const std::int64_t now = coarse_milliseconds();
  const std::lock_guard lock(mutex_);
  old = now >= old_at_;
  if (old && list_) {
    old_at_ = now + kAfterTrouble;
    wanted_ = true;
  }
  return list_;
}

UpstreamAddresses::List UpstreamAddresses::look_up(std::string& trouble) {
  const std::int64_t began = coarse_milliseconds();
  const std::lock_guard asking(asking_);
  wanted_ = false;
  {
    const std::lock_guard lock(mutex_);
    const bool asked_meanwhile = list_ ? old_at_ >= began + fresh_ : old_at_ > began;
    if (asked_meanwhile) {
      trouble = trouble_;
      return list_;
    }
  }
  List list = ask(host_, port_, 0, trouble);
  const std::lock_guard lock(mutex_);
  old_at_ = coarse_milliseconds() + (list ? fresh_ : kAfterTrouble);
  trouble_ = trouble;
  if (list) list_ = std::move(list);
  return list_;
}

}  // namespace autohttps
