// One request on its way to an upstream, and the answer on its way back (not installed).
#pragma once

#include <autohttps/server/engine/chunked_decoder.h>
#include <autohttps/server/sites/response_head.h>
#include <autohttps/server/sites/reverse_proxy.h>
#include <autohttps/server/sites/upstream_group.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace autohttps {

// Told when a connection is kept where none was, so that somebody closes it once it is old; and
// when an upstream's addresses are old.
struct PoolKeeper {
  virtual ~PoolKeeper() = default;
  virtual void wake() noexcept = 0;  // costs next to nothing while it is awake
};

// Of one thread at a time. Destroyed before its end, it closes the upstream's connection.
class ProxyRelay final : public Relay {
 public:
  ProxyRelay(std::shared_ptr<UpstreamGroup>, std::shared_ptr<PoolKeeper>, ProxiedRequest);
  ~ProxyRelay() override;

  void advance(Exchange&) noexcept override;
  // Of the answer's body, or of a tunnel; what is left of the request goes on its way.
  Pulled read(Exchange&, std::span<char>) noexcept;

 private:
  enum class Upload : std::uint8_t {
    none,     // nothing left: there is no body, or it has been sent
    held,     // until the upstream says 100, or has said nothing for a while
    flowing,  // as it comes
    given_up  // not all of it will be sent; what the upstream answers is still wanted
  };
  enum class Way : std::uint8_t { go_on, wait, done };
  enum class Opened : std::uint8_t { yes, nowhere, answered };
  enum class Sent : std::uint8_t { now, upstream_failed, client_failed, too_large };

  // ---- proxy_relay.cpp: towards the upstream
  Way step(Exchange&);
  bool begin(Exchange&);
  Opened connect(Exchange&);
  UpstreamAddresses::List addresses();
  Opened open_next(Exchange&);
  Opened take(Exchange&, std::unique_ptr<UpstreamConnection>);
  bool write_head(Exchange&);
  Sent send(Exchange&);
  Sent pull_piece(Exchange&, bool& more);
  Way recover(Exchange&);
  Way try_elsewhere(Exchange&);
  Way wait(Exchange&);
  void note_failure() noexcept;
  void leave() noexcept;
  Way fail(Exchange&, int status, std::string trouble);
  void answer(Exchange&, int status);

  // ---- proxy_answer.cpp: from the upstream
  Way read_head(Exchange&);
  Way take_interim(Exchange&, const ResponseView&);
  Way begin_tunnel(Exchange&, const ResponseView&, std::size_t head);
  void pass_on(Exchange&, const ResponseView&, std::size_t head);
  Pulled read_body(Exchange&, std::span<char>);
  Pulled take_buffered(const Exchange&, std::span<char>);
  Pulled take_chunks(const Exchange&, std::span<char>);
  Pulled count_body(const Exchange&, Pulled) noexcept;
  Pulled break_off() noexcept;
  Pulled wait_for_body(Exchange&) noexcept;
  void finish(const Exchange&) noexcept;
  Pulled move_tunnel(Exchange&, std::span<char>);
  bool send_tunnelled(Exchange&);

  const std::shared_ptr<UpstreamGroup> group_;
  const std::shared_ptr<PoolKeeper> keeper_;
  const ProxiedRequest request_;

  // Where it goes.
  PlacedUpstream* upstream_ = nullptr;
  std::unique_ptr<UpstreamConnection> connection_;
  UpstreamAddresses::List addresses_;
  std::size_t next_address_ = 0;
  std::uint64_t tried_ = 0;  // upstreams, as bits
  std::string trouble_;      // the last
  int status_ = 0;           // that it comes to
  bool is_again_ = false;    // sent once more, since a kept connection was dead
  bool has_sent_ = false;    // a byte, to this connection
  bool has_waited_ = false;  // since then: something may have come

  // The request's body.
  Upload upload_ = Upload::none;
  bool upload_begun_ = false;
  std::uint64_t uploaded_ = 0;

  // The answer.
  ResponseScanner scanner_;
  ChunkedDecoder decoder_;
  std::size_t heard_ = 0;  // bytes of heads
  enum class Framing : std::uint8_t { length, chunked, until_end } framing_ = Framing::length;
  bool keeps_open_ = false;
  bool finished_ = false;  // all of it has been taken
  bool is_tunnel_ = false;
  bool client_ended_ = false;   // and nothing more of it is sent
  bool closes_anyway_ = false;  // the client's connection, also where the server does not stop
  std::uint32_t idle_seconds_ = 0;
  std::uint64_t left_ = 0;

  // Steady milliseconds.
  std::int64_t connect_until_ = 0;
  std::int64_t address_until_ = 0;
  std::int64_t waits_since_ = 0;  // for the upstream; 0: it does not
  std::int64_t moved_at_ = 0;     // of a tunnel: the last byte, either way
};

}  // namespace autohttps
