// What a client sends, cut into pieces wherever the input says, against our end of TLS. The first
// byte says how far an honest client has come before: nowhere, to our flight, or through the
// handshake, in TLS 1.2 or 1.3, and whether the pieces then go out as they are or as its data.
// A piece: two bytes of length (big-endian) and its bytes; one that begins like a record is its own
// length.
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/placeholder.h>
#include <autohttps/server/tls/tls_session.h>

#include <openssl/err.h>
#include <sys/socket.h>

#include "fuzz.h"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

using namespace autohttps;

namespace {

using Need = TlsSession::Need;

struct Plan {
  explicit Plan(std::uint8_t byte)
      : stage((byte & 0x03) % 3),
        tls12((byte & 0x40) != 0),
        sealed((byte & 0x80) != 0 && stage == 2) {}
  int stage;
  bool tls12;
  bool sealed;
};

const TlsContext& context() {
  static const TlsContext* const made = [] {
    auto cache = std::make_shared<CertificateCache>();
    cache->install(make_placeholder("a.test", parse_identifiers({"a.test"}),
                                    std::chrono::system_clock::now()));
    cache->set_default("a.test");
    return new TlsContext(TlsPolicy{}, std::move(cache));
  }();
  return *made;
}

class Connection {
 public:
  explicit Connection(bool tls12) {
    std::array<int, 2> ends{-1, -1};
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
    client_end_ = OwnedFd(ends[0]);
    server_end_ = OwnedFd(ends[1]);
    static SSL_CTX* const kContext = SSL_CTX_new(TLS_client_method());
    client_.reset(SSL_new(kContext));
    if (tls12) SSL_set_max_proto_version(client_.get(), TLS1_2_VERSION);
    SSL_set_fd(client_.get(), client_end_.get());
    SSL_set_connect_state(client_.get());
    require(server_.open(context(), server_end_.get()));
  }

  void come_to(int stage) {
    if (stage == 0) return;
    SSL_do_handshake(client_.get());
    turn(false);
    for (int flight = 0; stage == 2 && flight < 3; ++flight) {
      SSL_do_handshake(client_.get());
      turn(false);
    }
    require(stage != 2 || done_);
  }
  void send(std::string_view piece, bool sealed) {
    if (sealed) {
      SSL_write(client_.get(), piece.data(), static_cast<int>(piece.size()));
    } else {
      static_cast<void>(::send(client_end_.get(), piece.data(), piece.size(), MSG_NOSIGNAL));
    }
  }
  void end() { ::shutdown(client_end_.get(), SHUT_WR); }

  // What the engine does for an event.
  void turn(bool peer_ended) {
    constexpr int kMost = 100'000;  // of calls for what one socket holds
    server_.note_event(peer_ended);
    need_ = Need::nothing;
    if (!done_) {
      need_ = server_.handshake();
      done_ = need_ == Need::nothing;
    }
    int calls = 0;
    while (done_ && need_ == Need::nothing && !server_.drained()) {
      require(++calls < kMost);
      std::array<char, 1000> part;
      const TlsSession::Moved moved = server_.read(part);
      require(moved.bytes <= part.size() && (moved.bytes == 0) == (moved.need != Need::nothing));
      need_ = moved.need;
      read_.append(part.data(), moved.bytes);
    }
    require(ERR_peek_error() == 0 || need_ != Need::failed);
  }
  // Something to say, and somebody who takes it off the socket.
  void answer() {
    if (!done_) return;
    server_.write(std::string_view("fine"));
    std::array<char, 4096> taken;
    while (::recv(client_end_.get(), taken.data(), taken.size(), 0) > 0) continue;
  }

  Need need() const { return need_; }
  const std::string& was_read() const { return read_; }

 private:
  OwnedFd client_end_, server_end_;
  SslPtr client_;
  TlsSession server_;
  bool done_ = false;
  Need need_ = Need::nothing;
  std::string read_;
};

std::size_t two_bytes(std::string_view text) {
  return static_cast<std::size_t>(static_cast<unsigned char>(text[0])) << 8 |
         static_cast<unsigned char>(text[1]);
}

std::string_view next_piece(std::string_view& rest) {
  constexpr std::size_t kHeader = 5;
  const bool is_record =
      rest.size() >= kHeader && rest[0] >= 0x14 && rest[0] <= 0x18 && rest[1] == 3;
  std::size_t size = 0;
  if (is_record) {
    size = kHeader + two_bytes(rest.substr(3));
  } else {
    if (rest.size() < 2) return std::exchange(rest, {});
    size = two_bytes(rest);
    rest.remove_prefix(2);
  }
  const std::string_view piece = rest.substr(0, size);
  rest.remove_prefix(piece.size());
  return piece;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Plan plan(data[0]);
  Connection connection(plan.tls12);
  connection.come_to(plan.stage);
  std::string_view rest = text_of(data + 1, size - 1);
  std::string sealed;
  while (!rest.empty()) {
    const std::string_view piece = next_piece(rest);
    if (piece.empty()) continue;
    connection.send(piece, plan.sealed);
    if (plan.sealed) sealed += piece;
    connection.turn(false);
    connection.answer();
  }
  connection.end();
  connection.turn(true);
  // A peer that has ended leaves nothing to wait for; and what it did not seal is never data.
  require(connection.need() == Need::closed || connection.need() == Need::failed);
  require(connection.was_read() == sealed);
  return 0;
}
