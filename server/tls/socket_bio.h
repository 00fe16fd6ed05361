// OpenSSL's way to a non-blocking socket, with as few system calls as can be.
#pragma once

typedef struct bio_st BIO;

namespace autohttps {

// What is known about the socket. Its owner clears `dry` and `starved` when epoll reports it, and
// sets `peer_ended` when it reports the peer's end with it (RDHUP, HUP, ERR).
struct SocketState {
  int fd = -1;              // borrowed
  bool dry = false;         // the last recv took all there was: no other before the next event
  bool peer_ended = false;  // no event will come for it: read on until the end is there
  bool at_end = false;      // recv has returned 0
  bool starved = false;     // OpenSSL has asked for bytes and there were none: it has none to read
  bool more = false;        // what is sent now may wait for what is sent next
};

// Reads with one recv a time, and none while the socket is dry; writes with one send, never with
// SIGPIPE. SSL_get_fd() finds the descriptor; nobody closes it. `state` outlives the BIO. Null: no
// memory.
BIO* make_socket_bio(SocketState& state) noexcept;

}  // namespace autohttps
