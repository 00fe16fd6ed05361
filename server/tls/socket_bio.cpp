#include <autohttps/common/openssl_owners.h>
#include <autohttps/server/tls/socket_bio.h>

#include <sys/socket.h>

#include <cerrno>

namespace autohttps {
namespace {

SocketState& state_of(BIO* bio) { return *static_cast<SocketState*>(BIO_get_data(bio)); }

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

int read_socket(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  SocketState& state = state_of(bio);
  if (state.dry) {
    state.starved = true;
    BIO_set_retry_read(bio);
    return -1;
  }
  ssize_t got = 0;
  do {
    got = ::recv(state.fd, into, static_cast<std::size_t>(size), MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    // Behind the last bytes of a peer that has ended is the end itself.
    state.dry = got < size && !state.peer_ended;
  } else if (got == 0) {
    state.at_end = true;
  } else if (would_block(errno)) {
    state.dry = state.starved = true;
    state.peer_ended = false;  // so it was not the end of what it sends
    BIO_set_retry_read(bio);
  }
  return static_cast<int>(got);
}

int write_socket(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  const SocketState& state = state_of(bio);
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (state.more ? MSG_MORE : 0);
  ssize_t sent = 0;
  do {
    sent = ::send(state.fd, from, static_cast<std::size_t>(size), flags);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && would_block(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long control(BIO* bio, int command, long, void* pointer) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;  // nothing is held back
    case BIO_CTRL_EOF:
      return state_of(bio).at_end ? 1 : 0;
    case BIO_C_GET_FD:
      if (pointer != nullptr) *static_cast<int*>(pointer) = state_of(bio).fd;
      return state_of(bio).fd;
    default:
      return 0;
  }
}

BIO_METHOD* make_method() {
  // SSL_get_fd() looks for a descriptor.
  const int type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR;
  BIO_METHOD* method = BIO_meth_new(type, "autohttps socket");
  if (method == nullptr) return nullptr;
  BIO_meth_set_read(method, read_socket);
  BIO_meth_set_write(method, write_socket);
  BIO_meth_set_ctrl(method, control);
  return method;
}

}  // namespace

BIO* make_socket_bio(SocketState& state) noexcept {
  static BIO_METHOD* const method = make_method();  // for good: connections may end after main
  BIO* bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &state);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace autohttps
