// One request and its answer, as those who answer see it: an HTTP/1.1 message now, an HTTP/2 stream
// later.
#pragma once

#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/server/engine/header_fields.h>

#include <chrono>
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
  // More fields as they are sent, "Name: value\r\n" each, that are known to be sound and are no
  // Date: of an answer that is given often. Lives until the head is taken.
  std::string_view ready{};
};

// What asking for bytes has brought, without waiting.
struct Pulled {
  enum class Kind : std::uint8_t {
    bytes,  // so many, at least one
    end,
    later,  // none yet: ask again when the exchange is next advanced
    broken  // no more, and that was not the end
  } kind = Kind::end;
  std::size_t bytes = 0;

  static Pulled some(std::size_t count) noexcept { return {Kind::bytes, count}; }
};

// A body that is pulled, on a thread that must not wait: files, memory, what somebody else sends.
struct BodySource {
  virtual ~BodySource() = default;
  virtual std::optional<std::uint64_t> length() const noexcept = 0;  // none: sent in chunks
  // Broken: what was promised cannot be had, the connection ends. Later: only with something that
  // wakes the exchange, see watch() and set_alarm().
  virtual Pulled read(std::span<char>) noexcept = 0;
  // All of it, before anything is read, where it lies in memory anyway; empty: it is to be read.
  virtual std::string_view whole() const noexcept { return {}; }
};

class Exchange;

// Answers a request without a thread of its own. One thread at a time. Lives until its request
// ends, longer than the source of its answer's body; destroyed with the request it was made for,
// also when the client has gone away.
struct Relay {
  virtual ~Relay() = default;
  // Something that it may wait for has changed, or nothing has: looks, does what can be done now,
  // and returns. Not called any more once it has answered: then the source is read.
  virtual void advance(Exchange&) noexcept = 0;
};

// Whom a descriptor's events go to; kept beside it, and made anew with it.
struct WatchTag {
  const void* where = nullptr;
  std::uint64_t whom = 0;
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
  // That the handshake asked for (RFC 6066 3), as it came; empty: none, or no TLS.
  virtual std::string_view server_name() const noexcept = 0;

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

  // ---- for those who never wait

  // Answers from now on, whenever something happens: to the client's connection, to a watched
  // descriptor, at the alarm. Whoever calls this drops the exchange, and that is the first time.
  virtual void relay(std::unique_ptr<Relay>) noexcept = 0;
  // One descriptor beside the client's, told of both ways at each edge, until it is closed or
  // watched by another exchange. False: it cannot be.
  virtual bool watch(int fd, WatchTag&) noexcept = 0;
  // The relay, or the source, is asked again then at the latest. 0: never.
  virtual void set_alarm(std::chrono::milliseconds from_now) noexcept = 0;
  // The request's body, decoded, with Intake::pulled as it comes. Says "100 Continue" to whom waits
  // for it. Broken: the client broke off, was too slow or sent too much; respond() then says which,
  // whatever it is given.
  virtual Pulled pull(std::span<char>) noexcept = 0;
  // 101 (RFC 9110 7.8): from now on pull() gives the client's bytes as they are, and end when it
  // has sent its last; the source's go to it. The source's end is the connection's.
  virtual void tunnel(ResponseHead, std::unique_ptr<BodySource>) noexcept = 0;
  virtual void abandon() noexcept = 0;  // the connection ends without (the rest of) an answer

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

// What a request came to, when its answer is out or will not be.
struct RequestRecord {
  const HeadView& head;  // empty: it was refused before its end, as malformed, late or too large
  const Peer& peer;
  std::string_view server_name;  // see Exchange
  // Whom a proxy in front, that is trusted, speaks for; empty: it is the peer. Not the engine's.
  std::string_view client{};
  bool secure = false;
  int status = 0;                     // 0: none was sent
  std::uint64_t body_bytes = 0;       // of the answer, as far as they were taken
  std::chrono::microseconds took{0};  // since its head was there
  bool whole = false;                 // the answer, as far as we know
};

// How a request's body is had.
enum class Intake : std::uint8_t {
  whole,     // handle() when it has come
  streamed,  // handle() before; it is read() as it comes
  pulled     // handle() before, on whichever thread: for pull(), never read()
};

// Thread-safe. Called on a thread that leads: whoever may take longer than some hundred
// microseconds calls give_lead_away() first, or keeps the exchange and answers elsewhere.
struct RequestSink {
  virtual ~RequestSink() = default;
  virtual void handle(ExchangePtr) noexcept = 0;  // framing is strict, the body complete
  // Of a request with a body. "Expect: 100-continue" is the sink's to answer with `streamed`, the
  // engine's otherwise.
  virtual Intake intake(const HeadView&, std::string_view /*server_name*/) noexcept {
    return Intake::whole;
  }
  // Called once for each request, also for those the engine refused, if keeps_records().
  virtual bool keeps_records() const noexcept { return false; }
  virtual void answered(const RequestRecord&) noexcept {}
};

// Lets another thread wait for the network, where the calling one does. True: the calling thread
// may take its time now (or might all along). False: there is no other thread to be had, and
// everybody waits for this one.
bool give_lead_away() noexcept;

}  // namespace autohttps
