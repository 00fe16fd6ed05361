// cpp-httplib's server on a listening socket of ours: both address families, no shared port,
// TCP_NODELAY, a proper backlog.
#pragma once

#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#error "compile with the flags of `pkg-config --cflags cpp-httplib`: they change its classes"
#endif
#include <httplib.h>

#include <autohttps/common/owned_fd.h>
#include <autohttps/server/httplib/abi_check.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

typedef struct ssl_st SSL;

namespace autohttps {

class SocketStream;

// Routes, hooks and settings are httplib::Server's, and so is its accept loop; the threads (up to
// 64, none while there is nothing to do) and the connections are ours: time limits that slow
// clients cannot stretch, one packet for a small answer, nothing of an exception's text in a
// response. Its base ignores SIGPIPE for the whole process, as every server has to.
class HttpServer : public httplib::Server {
 public:
  HttpServer();
  ~HttpServer() override;

  // Takes the socket (see listen_tcp); serve_adopted() then runs the loop until stop(), and returns
  // when the requests under way have been answered, or cut off after 5 s. Once.
  void adopt(OwnedFd listening);
  bool serve_adopted();
  // Any thread, any time: also before serve_adopted(), which then returns at once.
  void stop() noexcept;

 protected:
  // A connection's requests, until it ends. `ssl`: for Request::ssl; null: plain.
  void serve_requests(SocketStream&, SSL* ssl);
  std::unique_ptr<SocketStream> make_stream(socket_t, SSL* ssl);
  bool is_stopping() const noexcept { return stopping_ || svr_sock_ == INVALID_SOCKET; }

  // After the head was read, before any handler: what is changed here, nobody sees otherwise.
  // `raw_head`: as it came. False: the connection ends with this request's answer.
  virtual bool prepare(httplib::Request&, std::string_view raw_head);

 private:
  bool process_and_close_socket(socket_t) override;
  bool reopen_accepting_end();
  template <typename AnyStream>
  bool process(AnyStream&, bool last, bool& closed,
               const std::function<void(httplib::Request&)>& setup);

  const std::shared_ptr<std::atomic<std::size_t>> waiting_;  // connections without a thread

  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;  // guards listening_
  OwnedFd
      listening_;  // svr_sock_ is a second descriptor of it: cpp-httplib closes that as it likes
};

}  // namespace autohttps
