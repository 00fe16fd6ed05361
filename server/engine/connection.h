// One HTTP/1.1 connection: handshake, head, body, handler, answer, and again.
#pragma once

#include <autohttps/server/engine/address_counts.h>
#include <autohttps/server/engine/buffer.h>
#include <autohttps/server/engine/chunked_decoder.h>
#include <autohttps/server/engine/counters.h>
#include <autohttps/server/engine/exchange.h>
#include <autohttps/server/engine/request_body.h>
#include <autohttps/server/engine/wire.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace autohttps {

class Shard;

// Belongs to one thread at a time: to whoever took `owner`, or to who holds its exchange. The
// object is never freed while its shard lives, so a late event for it is harmless (`generation`).
class Connection final : public Exchange {
 public:
  explicit Connection(Shard& shard) : shard_(shard) {}
  ~Connection() override = default;

  struct Arrival {
    OwnedFd fd;
    const TlsContext* tls = nullptr;
    AddressKey address;
  };
  bool open(Arrival) noexcept;  // false: no memory

  // What happened to it, for advance(); nothing of it: look again, something else has changed.
  static constexpr unsigned kSocket = 1;  // epoll reported it
  static constexpr unsigned kEnded = 2;   // and that the peer has sent its last
  static constexpr unsigned kDue = 4;     // its deadline may have passed
  static constexpr unsigned kOther = 8;   // epoll reported what it watches beside its socket

  enum class Next : std::uint8_t {
    wait,  // for another event
    kept,  // somebody has the exchange, or a job has; the connection stays theirs
    over,  // to be closed
  };
  Next advance(unsigned what) noexcept;
  Next run_handler() noexcept;  // of a queued request, then on
  void close() noexcept;

  // Owner's; see Shard.
  std::atomic<std::uint32_t> owner{0};
  std::atomic<std::uint32_t> generation{0};
  std::uint32_t index = 0;
  bool watches_output = false;
  // Read by others too: steady milliseconds; kNever: none. When the next reminder will come.
  static constexpr std::int64_t kNever = INT64_MAX;
  std::atomic<std::int64_t> deadline{kNever};
  std::atomic<std::int64_t> reminder{kNever};
  std::atomic<bool> is_idle{false};  // between requests, and may be closed to make room

  int fd() const noexcept { return wire_.fd(); }
  bool in_handshake() const noexcept { return shaking_; }
  const AddressKey& address() const noexcept { return address_; }

  // Exchange
  const HeadView& head() const noexcept override { return request_->head; }
  const Peer& peer() noexcept override;
  SSL* ssl() const noexcept override { return wire_.is_tls() ? wire_.tls().handle() : nullptr; }
  int descriptor() const noexcept override { return wire_.fd(); }
  std::size_t read(std::span<char>) noexcept override;
  bool body_failed() const noexcept override;
  void respond(ResponseHead, std::unique_ptr<BodySource>) noexcept override;
  bool begin(const ResponseHead&, std::optional<std::uint64_t> length) noexcept override;
  bool write(std::string_view) noexcept override;
  bool begin_text(std::string_view head) noexcept override;
  bool write_text(std::string_view) noexcept override;
  bool finish(bool keep) noexcept override;
  bool must_close() const noexcept override;
  bool client_is_there() noexcept override;
  bool wait_writable() noexcept override;
  std::string_view server_name() const noexcept override;
  void relay(std::unique_ptr<Relay>) noexcept override;
  bool watch(int fd, WatchTag&) noexcept override;
  void set_alarm(std::chrono::milliseconds from_now) noexcept override;
  Pulled pull(std::span<char>) noexcept override;
  void tunnel(ResponseHead, std::unique_ptr<BodySource>) noexcept override;
  void abandon() noexcept override { lose(); }

 private:
  void drop() noexcept override;

  enum class Phase : std::uint8_t { handshake, head, body, handler, relay, answer, linger, over };
  enum class Step : std::uint8_t { again, wait, kept };

  // What is needed from a head's first byte to its answer's last; idle connections have none.
  struct Request {
    HeadScanner scanner;
    HeadView head;
    std::size_t in_buffer = 0;  // bytes of the head that are still in in_
    std::string text;           // the head, where a body follows it through in_
    ChunkedDecoder decoder;
    RequestBody body;
    std::uint64_t received = 0;  // of the body, decoded
    std::int64_t began = 0;
    bool body_done = true;
    int body_fault = 0;  // what a request is answered whose streamed body failed; 0: it did not
    Intake intake = Intake::whole;
    bool continue_wanted = false;  // "100 Continue" is still ours to send
    bool tunnelled = false;
    std::int64_t pulled_at = 0;        // when who pulls it took its last piece; 0: it waits
    std::int64_t body_until = kNever;  // while it is waited for
    std::int64_t alarm = kNever;
    std::unique_ptr<Relay> relay;  // before its source in life, behind it in death
    // For the record.
    bool dispatched = false;  // its head was accepted
    int status = 0;
    std::uint64_t sent = 0;  // of the answer's body
    std::chrono::steady_clock::time_point arrived{};
    // The answer.
    enum class Framing : std::uint8_t { text, length, chunked, until_close, none };
    Framing framing = Framing::text;
    bool begun = false;
    bool corked = false;  // what was written waits for more
    bool answered = false;
    bool keep = false;
    std::unique_ptr<BodySource> source;
    std::uint64_t left = 0;  // of an answer with a length
    void clear() noexcept;
  };
  static std::unique_ptr<Request> take_request();
  static void give_request_back(std::unique_ptr<Request>) noexcept;

  // ---- connection.cpp: its life; connection_request.cpp: towards the handler
  Step run_relay();
  Step shake_hands();
  Step read_head();
  Step take_head();
  Step begin_body();
  Step read_body();
  Step dispatch();
  Step after_exchange();
  Step fill();
  Step discard();
  Step expire();
  Step refuse(int status, std::string_view reason);
  Step count_refusal(int status, std::string_view reason);
  Step end_request();
  void record(bool whole) noexcept;
  Step end_connection();
  enum class Taken : std::uint8_t { piece, more, done, bad };
  Taken take_piece(std::string_view& piece, std::size_t most = std::string_view::npos);
  void keep_head_apart();
  void set_deadline(std::int64_t at) noexcept;
  void end() noexcept { phase_ = Phase::over; }

  // ---- connection_answer.cpp: from the handler; connection_output.cpp: to the socket
  Step send_answer();
  enum class Flow : std::uint8_t { done, blocked, starved, gone };
  Flow flush(bool last = false) noexcept;  // `last`: the connection ends behind it
  Flow pump_source() noexcept;
  void put_piece(std::span<char> space, std::span<char> piece);
  bool put(std::string_view) noexcept;
  bool put_directly(std::string_view) noexcept;
  bool flush_or_wait() noexcept;
  bool wait_for_reader() noexcept;
  void note_progress(std::size_t bytes) noexcept;
  void note_stall() noexcept;
  bool wait_socket(short events, std::int64_t until, Count late) noexcept;
  bool stream_more() noexcept;
  Pulled pull_more(std::span<char>);
  Pulled pull_raw(std::span<char>);
  void skim_body() noexcept;
  bool has_left() const noexcept;
  void break_body(int status) noexcept;
  bool answers_broken_body() noexcept;
  void append_head(const ResponseHead&, std::optional<std::uint64_t> length);
  bool append_whole(const BodySource&);
  void lose() noexcept { gone_ = true; }

  Shard& shard_;
  Wire wire_;
  Buffer in_, out_;
  std::unique_ptr<Request> request_;
  std::unique_ptr<Peer> peer_;
  AddressKey address_;
  enum HandOff : std::uint8_t { kRunning, kDetached, kDropped };
  std::atomic<std::uint8_t> hand_off_{kDropped};
  Phase phase_ = Phase::over;
  bool shaking_ = false;  // its handshake has not ended
  bool gone_ = false;     // the client takes nothing any more
  bool ended_ = false;    // it has sent its last
  bool lingers_ = false;  // after the answer: it still sends what nobody reads
  std::uint32_t served_ = 0;
  std::int64_t write_since_ = 0;  // when the reader last made progress; 0: nothing waits
  std::size_t write_progress_ = 0;
};

}  // namespace autohttps
