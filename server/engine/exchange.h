// One request and its answer, as those who answer see it: an HTTP/1.1 message now, an HTTP/2 stream
// later.
#pragma once

#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/server/engine/request_head.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

typedef struct ssl_st SSL;

namespace autohttps {

// Without fields of framing (Content-Length, Transfer-Encoding, Connection): those are the
// engine's. Date is added where there is none.
struct ResponseHead {
  int status = 200;
  HeaderFields fields{};
};

// A body that is pulled, on a thread that must not wait: files, memory.
struct BodySource {
  virtual ~BodySource() = default;
  virtual std::optional<std::uint64_t> length() const noexcept = 0;  // none: sent in chunks
  // The next bytes; 0: the end. No value: what was promised cannot be had, the connection ends.
  virtual std::optional<std::size_t> read(std::span<char>) noexcept = 0;
};

struct Peer {
  std::string remote_ip{};  // canonical text, IPv4 also where the socket is an IPv6 one
  std::string local_ip{};
  int remote_port = 0;  // of a Unix socket: the process at the other end
  int local_port = 0;
};

// One user at a time. It is answered by respond(), or by begin() and write() or begin_text() and
// write_text(), and then finish(); dropped before that, its connection is ended without one.
// The head's views live until it is dropped.
class Exchange {
 public:
  virtual const HeadView& head() const noexcept = 0;
  virtual const Peer& peer() noexcept = 0;
  virtual SSL* ssl() const noexcept = 0;  // null: plain, or not one connection's alone
  virtual int descriptor() const noexcept = 0;

  // The body, decoded; 0: its end, or a failure of a streamed one (see RequestSink), for which it
  // waits and gives the lead away.
  virtual std::size_t read(std::span<char>) noexcept = 0;
  virtual bool body_failed() const noexcept = 0;

  // Never waits.
  virtual void respond(ResponseHead, std::unique_ptr<BodySource>) noexcept = 0;

  // These may wait for a slow reader, and give the lead away before. False: the client is gone.
  virtual bool begin(const ResponseHead&, std::optional<std::uint64_t> length) noexcept = 0;
  virtual bool write(std::string_view) noexcept = 0;
  // For those who have the answer as HTTP/1.1 text: a whole head (also an interim 1xx, before the
  // final one), then the body framed as that head says.
  virtual bool begin_text(std::string_view head) noexcept = 0;
  virtual bool write_text(std::string_view) noexcept = 0;
  // `keep`: the connection may take another request. False: not all was sent.
  virtual bool finish(bool keep) noexcept = 0;

  virtual bool must_close() const noexcept = 0;  // after this answer, e.g. since the server stops
  virtual bool client_is_there() noexcept = 0;   // asks the socket
  virtual bool wait_writable() noexcept = 0;     // until something may be written; see write()

 protected:
  virtual ~Exchange() = default;  // dropped, not destroyed

 private:
  friend struct DropExchange;
  virtual void drop() noexcept = 0;
};

struct DropExchange {
  void operator()(Exchange* exchange) const noexcept { exchange->drop(); }
};
using ExchangePtr = std::unique_ptr<Exchange, DropExchange>;

// Thread-safe. Called on a thread that leads: whoever may take longer than some hundred
// microseconds calls give_lead_away() first, or keeps the exchange and answers elsewhere.
struct RequestSink {
  virtual ~RequestSink() = default;
  virtual void handle(ExchangePtr) noexcept = 0;  // framing is strict, the body complete
  // True: handle() before the body has come; it is read() as it comes. Only then is "Expect:
  // 100-continue" the sink's to answer; the engine does it otherwise.
  virtual bool wants_stream(const HeadView&) noexcept { return false; }
};

// Lets another thread wait for the network, where the calling one does. True: the calling thread
// may take its time now (or might all along). False: there is no other thread to be had, and
// everybody waits for this one.
bool give_lead_away() noexcept;

}  // namespace autohttps
