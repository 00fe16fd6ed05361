// A server behind a reverse proxy whose every byte is the test's, and which the test may let
// misbehave in every way there is.
#pragma once

#include <autohttps/common/owned_fd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace autohttps {

// Thread-safe. A thread per connection; all end with it.
class ScriptedUpstream {
 public:
  struct Request {
    std::string method, target, head, body;
    int connection = 0;  // which one, from 1
    int number = 0;      // on this connection, from 1

    std::string field(std::string_view name) const;  // the first one's value
  };

  // One connection, for the script.
  class Line {
   public:
    explicit Line(int fd) : fd_(fd) {}
    bool write(std::string_view bytes);  // false: the proxy is gone
    void drip(std::string_view bytes);   // byte by byte, each in a segment of its own
    void simple(std::string_view body, std::string_view fields = "", int status = 200);
    std::string read_some(std::size_t most = 65'536);  // empty: the proxy has sent its last
    bool read_until(std::string_view text);            // taken in up to its end
    void wait_for_proxy();                             // until it has closed
    void finish_sending();                             // FIN, and go on reading
    void close();                                      // after this answer
    void reset();                                      // RST, now

    int fd() const noexcept { return fd_; }
    std::string in;  // read and not used

   private:
    friend class ScriptedUpstream;
    const int fd_;
    bool keep_ = true;
  };

  enum class Takes { body, head };  // before the script is called
  using Script = std::function<void(const Request&, Line&)>;

  explicit ScriptedUpstream(Script, Takes = Takes::body);
  ScriptedUpstream(const std::string& socket_path, Script);
  ~ScriptedUpstream();
  ScriptedUpstream(const ScriptedUpstream&) = delete;
  ScriptedUpstream& operator=(const ScriptedUpstream&) = delete;

  std::string url() const;
  std::uint16_t port() const noexcept { return port_; }
  int connections() const noexcept { return connections_; }
  int requests() const noexcept { return requests_; }
  int open() const noexcept { return open_count_; }

 private:
  void accept_all();
  void serve(int fd, int which);
  bool take_request(Line&, Request&) const;

  const Script script_;
  const Takes takes_;
  std::string path_;
  std::uint16_t port_ = 0;
  OwnedFd listening_;
  std::atomic<int> connections_{0};
  std::atomic<int> requests_{0};
  std::atomic<int> open_count_{0};
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<int> open_;
  std::thread acceptor_;
};

}  // namespace autohttps
