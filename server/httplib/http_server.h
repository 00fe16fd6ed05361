// cpp-httplib's server on connections of ours.
#pragma once

#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#error "compile with the flags of `pkg-config --cflags cpp-httplib`: they change its classes"
#endif
#include <httplib.h>

#include <autohttps/common/owned_fd.h>
#include <autohttps/server/engine/limits.h>
#include <autohttps/server/httplib/abi_check.h>
#include <autohttps/server/httplib/route_memory.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

typedef struct ssl_st SSL;

namespace autohttps {

class Counters;
struct RequestRecord;
struct RequestSink;
class TlsContext;

// Routes, hooks and settings are httplib::Server's, also through a reference to it; its sockets,
// threads and parser are never used. Connections are served by an Engine: idle and slow clients
// cost no thread, framing is strict, every wait has an absolute limit. Handlers run where their
// request was read as long as they are quick; slow ones are found out and run on threads of their
// own.
//
// What differs from httplib::Server: requests are handed over whole (only one with "Expect:
// 100-continue", where there is a handler for that, is read as it comes); a compressed body is
// answered 415 unless accept_compressed_bodies(); exceptions of handlers become 500 and not a word
// of what(); answers have a Date; WebSocket is not served. `new_task_queue`, where set, makes the
// threads that run all handlers.
//
// Its base ignores SIGPIPE for the whole process, as every server has to.
class HttpServer : public httplib::Server {
 public:
  HttpServer();
  ~HttpServer() override;

  template <typename Handler>
  HttpServer& Get(const std::string& pattern, Handler handler) {
    httplib::Server::Get(pattern, measured(std::move(handler)));
    return *this;
  }
  template <typename Handler>
  HttpServer& Post(const std::string& pattern, Handler handler) {
    httplib::Server::Post(pattern, measured(std::move(handler)));
    return *this;
  }
  template <typename Handler>
  HttpServer& Put(const std::string& pattern, Handler handler) {
    httplib::Server::Put(pattern, measured(std::move(handler)));
    return *this;
  }
  template <typename Handler>
  HttpServer& Patch(const std::string& pattern, Handler handler) {
    httplib::Server::Patch(pattern, measured(std::move(handler)));
    return *this;
  }
  template <typename Handler>
  HttpServer& Delete(const std::string& pattern, Handler handler) {
    httplib::Server::Delete(pattern, measured(std::move(handler)));
    return *this;
  }
  template <typename Handler>
  HttpServer& Options(const std::string& pattern, Handler handler) {
    httplib::Server::Options(pattern, measured(std::move(handler)));
    return *this;
  }
  HttpServer& set_expect_100_continue_handler(Expect100ContinueHandler);

  // Hides the base's: there a factory makes the threads of connections. Before listening.
  std::function<httplib::TaskQueue*()> new_task_queue;

  // Before listening. What httplib::Server has a setter for (lengths of bodies, requests and idle
  // time of a connection, time to read and to write) is taken from there.
  EngineLimits& limits() noexcept { return limits_; }
  void set_limits(const EngineLimits&);  // all of them, those that have such a setter too
  // cpp-httplib unpacks them without a limit of their own: a kilobyte may become a megabyte.
  void accept_compressed_bodies(bool accept) noexcept { accepts_compressed_ = accept; }
  const Counters& counters() const noexcept { return *counters_; }

  // Told of every request when its answer is out, also of those that no handler has seen: a log, a
  // count. From threads that must not wait. Before listening.
  void on_answered(std::function<void(const RequestRecord&)> told) { answered_ = std::move(told); }

  // Takes a socket (see listen_tcp) instead of bind_to_port(); serve_adopted() is then
  // listen_after_bind(): it returns after stop(), when the requests under way have been answered,
  // or cut off after limits().drain.
  void adopt(OwnedFd listening);
  bool serve_adopted();
  // Any thread, any time, also from a signal handler; of an adopted socket also before
  // serve_adopted(), which then returns at once. Through a reference to httplib::Server, answers of
  // content providers are cut short.
  void stop() noexcept;

 protected:
  // Connections accepted from now on speak TLS. Before listening.
  void use_tls(std::shared_ptr<const TlsContext> context) { tls_ = std::move(context); }
  // Of a server whose base's new_task_queue is somebody else's, they may be there to its very end:
  // for the destructor of who has something that they use.
  void end_connections() noexcept;

  // Asked once, before listening: who gets the requests first, and hands on to `routes` what is
  // theirs. Outlives the serving.
  virtual RequestSink& in_front_of(RequestSink& routes);

 private:
  class Front;
  class Sink;
  class Recorder;
  RequestSink& first_sink();
  bool process_and_close_socket(socket_t) override;
  EngineLimits limits_to_serve_with() const;

  EngineLimits limits_;
  std::shared_ptr<const TlsContext> tls_;
  const std::shared_ptr<Counters> counters_;
  bool accepts_compressed_ = false;
  bool answers_expect_ = false;

  enum State : int { kIdle, kRunning, kStopping };
  std::atomic<int> state_{kIdle};
  std::atomic<bool> adopted_{false};
  std::atomic<bool> stop_wanted_{false};  // of an adopted socket, before it was served
  // Who connects to the decoy wakes the accept loop; see Front.
  std::atomic<int> doorbell_{-1};
  sockaddr_un decoy_address_{};
  socklen_t decoy_address_size_ = 0;

  std::function<void(const RequestRecord&)> answered_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Recorder> recorder_;  // where somebody wants to be told
  std::mutex mutex_;                    // guards lazy_front_
  std::unique_ptr<Front> lazy_front_;   // where the base's new_task_queue is somebody else's
};

}  // namespace autohttps
