#include <autohttps/common/openssl_owners.h>
#include <autohttps/server/tls/attach.h>
#include <autohttps/server/tls/challenge_handshake.h>
#include <autohttps/server/tls/tls_session.h>

#include <openssl/err.h>

#include <utility>

namespace autohttps {
namespace {

// SSL_get_error() believes in an empty queue, and a handler on this thread may have left something
// there. Looking is cheaper than emptying.
void forget_others_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

// A record without application data (KeyUpdate, a refused renegotiation) is followed by a look for
// the next one, which may lie in OpenSSL already (since 3.2 beside its buffer, where
// SSL_has_pending() does not look, when it was sealed with the next key). But not for ever: some
// peer might send nothing else, as fast as we can read.
constexpr int kMostReadsWithoutData = 4;

// TLS 1.3: our flight is out, the client's Finished is awaited; what we send after it is a ticket.
bool only_ticket_is_left(const SSL* ssl) { return SSL_get_state(ssl) == TLS_ST_EARLY_DATA; }

}  // namespace

bool TlsSession::open(const TlsContext& context, int fd) noexcept {
  reset();
  if (!take(SSL_new(context.handle()), fd)) return false;
  SSL_set_accept_state(ssl_);
  // Clients that end without close_notify are common and do no harm: HTTP has its own framing.
  SSL_set_options(ssl_, SSL_OP_IGNORE_UNEXPECTED_EOF);
  return true;
}

bool TlsSession::open(const TlsClientContext& context, int fd) noexcept {
  reset();
  return take(context.make(), fd);
}

bool TlsSession::take(SSL* made, int fd) noexcept {
  SslPtr ssl(made);
  BIO* bio = ssl ? make_socket_bio(socket_) : nullptr;
  if (bio == nullptr) {
    ERR_clear_error();
    return false;
  }
  socket_.fd = fd;
  SSL_set_bio(ssl.get(), bio, bio);
  // What the code below relies on, also with a context of somebody else's making.
  SSL_set_read_ahead(ssl.get(), 1);  // a recv fetches all there is, not a header first
  SSL_set_mode(ssl.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_clear_mode(ssl.get(), SSL_MODE_AUTO_RETRY);
  ssl_ = ssl.release();
  return true;
}

void TlsSession::reset() noexcept {
  if (ssl_ == nullptr) return;
  // Else OpenSSL, under the context's lock, looks for the session in a cache that is not used.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(std::exchange(ssl_, nullptr));
  socket_ = {};
  ended_ = Need::nothing;
}

TlsSession::Need TlsSession::end(Need need) noexcept { return ended_ = need; }

TlsSession::Need TlsSession::need_after(int result) noexcept {
  const int error = SSL_get_error(ssl_, result);
  switch (error) {
    case SSL_ERROR_WANT_READ:
      return Need::readable;
    case SSL_ERROR_WANT_WRITE:
      return Need::writable;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      return Need::certificate;
    case SSL_ERROR_ZERO_RETURN:
      return end(Need::closed);
    default:
      ERR_clear_error();
      return end(socket_.at_end ? Need::closed : Need::failed);
  }
}

TlsSession::Need TlsSession::handshake() noexcept {
  if (ended_ != Need::nothing) return ended_;
  forget_others_errors();
  // The ticket goes out with the first response, in one segment: it alone would cost a thirtieth of
  // the handshake. (Where no request comes, TCP waits no longer than the next ACK, or 200 ms.)
  socket_.more = only_ticket_is_left(ssl_);
  const int result = SSL_do_handshake(ssl_);
  socket_.more = false;
  if (result != 1) return need_after(result);
  forget_handshake(ssl_);
  if (was_for_challenge()) end(Need::closed);
  return Need::nothing;
}

bool TlsSession::was_for_challenge() const noexcept { return has_answered_challenge(ssl_); }

std::string_view TlsSession::server_name() const noexcept {
  const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

void TlsSession::when_certificate_is_ready(std::function<void()> ready) {
  autohttps::when_certificate_is_ready(ssl_, std::move(ready));
}

TlsSession::Moved TlsSession::read(std::span<char> into) noexcept {
  if (ended_ != Need::nothing) return {0, ended_};
  if (into.empty()) return {};
  forget_others_errors();
  for (int tries = 0; tries < kMostReadsWithoutData; ++tries) {
    socket_.starved = false;
    Moved moved;
    const int result = SSL_read_ex(ssl_, into.data(), into.size(), &moved.bytes);
    if (result == 1) return moved;
    moved = {0, need_after(result)};
    if (moved.need != Need::readable || socket_.starved) return moved;
  }
  return {0, end(Need::failed)};
}

TlsSession::Moved TlsSession::write(std::span<const char> from, bool more_follows) noexcept {
  if (ended_ == Need::failed) return {0, ended_};
  if (from.empty()) return {};
  forget_others_errors();
  Moved moved;
  socket_.more = more_follows;
  const int result = SSL_write_ex(ssl_, from.data(), from.size(), &moved.bytes);
  socket_.more = false;
  if (result == 1) return moved;
  moved = {0, need_after(result)};
  if (moved.need == Need::closed) moved.need = end(Need::failed);  // it does not listen either
  return moved;
}

void TlsSession::note_event(bool peer_ended) noexcept {
  socket_.dry = socket_.starved = false;
  if (peer_ended) socket_.peer_ended = true;
}

bool TlsSession::drained() const noexcept {
  return socket_.dry && (socket_.starved || SSL_has_pending(ssl_) == 0);
}

bool TlsSession::ended_by_notice() const noexcept {
  return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void TlsSession::close_notify() noexcept {
  if (ssl_ == nullptr || ended_ == Need::failed || SSL_is_init_finished(ssl_) == 0) return;
  forget_others_errors();
  socket_.more = true;
  if (SSL_shutdown(ssl_) < 0) ERR_clear_error();
  socket_.more = false;
}

}  // namespace autohttps
