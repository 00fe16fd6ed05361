#include <autohttps/server/sites/compressed_source.h>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace autohttps {
namespace {

constexpr int kLevel = 5;  // 6, zlib's own choice, takes half as long again for a hundredth
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemory = 8;
constexpr std::size_t kPiece = 16 * 1024;
// A millisecond's or two: for more of it the thread that waits for everybody has no time.
constexpr std::size_t kQuick = 128 * 1024;

}  // namespace

struct CompressedSource::Stream {
  enum class Mode {
    feeding,
    flushing,   // the source has nothing for now
    finishing,  // it has come to its end
    broken,
    over
  } mode = Mode::feeding;
  std::size_t fed = 0;  // since somebody else waits for the network
  bool holds = false;   // what the source has given and nobody has got yet
  z_stream zlib{};
  std::array<char, kPiece> input;
  // Of its own: zlib ends a flush only in a call that leaves room, or it would flush for ever.
  std::array<char, kPiece> output;
  std::size_t sent = 0, made = 0;  // of the output

  Stream() {
    if (::deflateInit2(&zlib, kLevel, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Stream() { ::deflateEnd(&zlib); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void take(Pulled pulled) noexcept {
    switch (pulled.kind) {
      case Pulled::Kind::bytes:
        zlib.next_in = reinterpret_cast<Bytef*>(input.data());
        zlib.avail_in = static_cast<uInt>(pulled.bytes);
        fed += pulled.bytes;
        holds = true;
        break;
      case Pulled::Kind::later:
        mode = Mode::flushing;
        break;
      case Pulled::Kind::end:
        mode = Mode::finishing;
        break;
      case Pulled::Kind::broken:
        mode = Mode::broken;
        break;
    }
  }
  int flush() const noexcept {
    if (mode == Mode::finishing) return Z_FINISH;
    return mode == Mode::flushing ? Z_SYNC_FLUSH : Z_NO_FLUSH;
  }
};

CompressedSource::CompressedSource(std::unique_ptr<BodySource>&& source)
    : stream_(std::make_unique<Stream>()), source_(std::move(source)) {}

CompressedSource::~CompressedSource() = default;

// Compresses until there is output, or nothing more to be had for now.
void CompressedSource::produce() noexcept {
  using Mode = Stream::Mode;
  Stream& stream = *stream_;
  z_stream& zlib = stream.zlib;
  if (stream.fed > kQuick && give_lead_away()) stream.fed = 0;
  zlib.next_out = reinterpret_cast<Bytef*>(stream.output.data());
  zlib.avail_out = kPiece;
  while (zlib.avail_out > 0 && stream.mode != Mode::over) {
    if (stream.mode == Mode::feeding && zlib.avail_in == 0) {
      stream.take(source_->read(stream.input));
    }
    if (stream.mode == Mode::broken || (stream.mode == Mode::flushing && !stream.holds)) break;
    const int result = ::deflate(&zlib, stream.flush());
    if (result == Z_STREAM_END) stream.mode = Mode::over;
    if (result == Z_STREAM_ERROR) stream.mode = Mode::broken;
    // With room left, all that was held is out.
    if (stream.mode == Mode::flushing && zlib.avail_out > 0) stream.holds = false;
  }
  stream.sent = 0;
  stream.made = kPiece - zlib.avail_out;
}

Pulled CompressedSource::read(std::span<char> into) noexcept {
  using Mode = Stream::Mode;
  Stream& stream = *stream_;
  if (stream.sent == stream.made) {
    if (stream.mode == Mode::over) return {Pulled::Kind::end};
    produce();
  }
  const std::size_t count = std::min(into.size(), stream.made - stream.sent);
  if (count > 0) {
    std::copy_n(stream.output.data() + stream.sent, count, into.data());
    stream.sent += count;
    return Pulled::some(count);
  }
  if (stream.mode == Mode::broken) return {Pulled::Kind::broken};
  if (stream.mode == Mode::over) return {Pulled::Kind::end};
  stream.mode = Mode::feeding;  // asked again, the source is asked again
  return {Pulled::Kind::later};
}

}  // namespace autohttps
