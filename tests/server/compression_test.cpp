#include <autohttps/server/sites/compression.h>

#include <gtest/gtest.h>
#include <zlib.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

// Says one after the other what it was told to.
class ScriptedSource final : public BodySource {
 public:
  struct Say {
    Pulled::Kind kind;
    std::string text{};
  };
  explicit ScriptedSource(std::deque<Say> script, std::optional<std::uint64_t> length = {})
      : script_(std::move(script)), length_(length) {}
  std::optional<std::uint64_t> length() const noexcept override { return length_; }
  Pulled read(std::span<char> into) noexcept override {
    if (script_.empty()) return {Pulled::Kind::end};
    Say& next = script_.front();
    if (next.kind != Pulled::Kind::bytes) {
      const Pulled::Kind kind = next.kind;
      if (kind == Pulled::Kind::later) script_.pop_front();
      return {kind};
    }
    const std::size_t count = std::min(into.size(), next.text.size());
    std::copy_n(next.text.begin(), count, into.begin());
    next.text.erase(0, count);
    if (next.text.empty()) script_.pop_front();
    return Pulled::some(count);
  }

 private:
  std::deque<Say> script_;
  const std::optional<std::uint64_t> length_;
};

constexpr auto kBytes = Pulled::Kind::bytes;
constexpr auto kLater = Pulled::Kind::later;
constexpr auto kBroken = Pulled::Kind::broken;

class Inflater {
 public:
  Inflater() { ::inflateInit2(&zlib_, 15 + 16); }
  ~Inflater() { ::inflateEnd(&zlib_); }
  std::string operator()(std::string text) {
    std::string out;
    zlib_.next_in = reinterpret_cast<Bytef*>(text.data());
    zlib_.avail_in = static_cast<uInt>(text.size());
    while (true) {
      char room[4'096];
      zlib_.next_out = reinterpret_cast<Bytef*>(room);
      zlib_.avail_out = sizeof room;
      const int result = ::inflate(&zlib_, Z_NO_FLUSH);
      out.append(room, sizeof room - zlib_.avail_out);
      ended = result == Z_STREAM_END;
      if (result != Z_OK || zlib_.avail_out > 0) return out;
    }
  }
  bool ended = false;

 private:
  z_stream zlib_{};
};

struct Read {
  std::string bytes;
  Pulled::Kind then;
};

Read read_on(BodySource& source, std::size_t room = 4'096) {
  Read read;
  std::string into(room, '\0');
  while (true) {
    const Pulled pulled = source.read(into);
    read.then = pulled.kind;
    if (pulled.kind != kBytes) return read;
    EXPECT_GT(pulled.bytes, 0);
    read.bytes.append(into, 0, pulled.bytes);
  }
}

HeadView asking(const char* coding, const char* more_name = nullptr, const char* value = "") {
  HeadView head;
  if (coding != nullptr) head.fields.push_back({"Accept-Encoding", coding});
  if (more_name != nullptr) head.fields.push_back({more_name, value});
  return head;
}

std::string page() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i * 7919 % 10'007) + "\n";
  return text;
}

Answer answer_of(std::string type, std::string text, HeaderFields fields = {}, int status = 200) {
  fields.emplace_back("Content-Type", std::move(type));
  return {{status, std::move(fields)}, text_body(std::move(text))};
}

bool is_compressed(const Answer& answer) {
  return first_field(answer.head.fields, "Content-Encoding") == "gzip";
}

TEST(CompressionTest, APageComesOutAsItWentInInWhateverPieces) {
  for (const std::size_t room : {1UL, 7UL, 100UL, 16'384UL, 1UL << 20}) {
    Answer answer = answer_of("text/html; charset=utf-8", page());
    compress(asking("br, gzip"), answer);
    ASSERT_TRUE(is_compressed(answer));
    EXPECT_FALSE(answer.body->length());
    const Read read = read_on(*answer.body, room);
    EXPECT_EQ(read.then, Pulled::Kind::end);
    EXPECT_LT(read.bytes.size(), page().size() / 2);
    Inflater inflater;
    EXPECT_EQ(inflater(read.bytes), page());
    EXPECT_TRUE(inflater.ended);
  }
}

TEST(CompressionTest, SaysWhatItDid) {
  Answer answer = answer_of("application/json", page(),
                            {{"ETag", "\"a\""}, {"Accept-Ranges", "bytes"}, {"Vary", "Origin"}});
  compress(asking("gzip"), answer);
  EXPECT_EQ(first_field(answer.head.fields, "ETag"), "W/\"a\"");
  EXPECT_EQ(count_fields(answer.head.fields, "Accept-Ranges"), 0);
  EXPECT_EQ(list_members(answer.head.fields, "Vary"),
            (std::vector<std::string>{"origin", "accept-encoding"}));
}

TEST(CompressionTest, WhoDoesNotTakeItGetsItAsItIsAndCachesAreTold) {
  for (const char* coding : {"br", "gzip;q=0", "identity, gzip;q=0.5", "", "*;q=0"}) {
    Answer answer = answer_of("text/css", page(), {{"ETag", "\"a\""}});
    compress(asking(coding), answer);
    EXPECT_FALSE(is_compressed(answer)) << coding;
    EXPECT_EQ(first_field(answer.head.fields, "Vary"), "Accept-Encoding") << coding;
    EXPECT_EQ(first_field(answer.head.fields, "ETag"), "\"a\"");
    EXPECT_EQ(answer.body->length(), page().size());
  }
  Answer answer = answer_of("text/css", page(), {{"Accept-Ranges", "bytes"}});
  compress(asking("gzip", "Range", "bytes=0-1"), answer);
  EXPECT_FALSE(is_compressed(answer)) << "ranges are of the bytes as they are";
}

TEST(CompressionTest, WhatIsNotWorthItOrNotAllowedStaysAsItIs) {
  struct Case {
    const char* why;
    Answer answer;
  };
  std::vector<Case> cases;
  const auto add = [&](const char* why, Answer answer) {
    cases.push_back({why, std::move(answer)});
  };
  add("short", answer_of("text/html", std::string(kLeastToCompress - 1, 'x')));
  add("a picture", answer_of("image/png", page()));
  add("a film", answer_of("video/mp4", page()));
  add("an archive", answer_of("application/zip", page()));
  add("no type", Answer{{200, {}}, text_body(page())});
  add("encoded", answer_of("text/html", page(), {{"Content-Encoding", "br"}}));
  add("a part", answer_of("image/png", page(), {{"Content-Range", "bytes 0-1/9"}}, 206));
  add("a coded part", answer_of("text/html", page(), {{"Content-Encoding", "br"}}, 206));
  add("a whole one of parts", answer_of("text/html", page(), {{"Content-Range", "bytes 0-1/9"}}));
  add("not to be touched", answer_of("text/html", page(), {{"Cache-Control", "x, No-Transform"}}));
  add("with a digest", answer_of("text/html", page(), {{"Repr-Digest", "sha-256=:x:"}}));
  add("no content", Answer{{204, {{"Content-Type", "text/html"}}}, nullptr});
  add("a redirect", answer_of("text/html", page(), {}, 301));
  for (Case& one : cases) {
    const HeaderFields before = one.answer.head.fields;
    compress(asking("gzip"), one.answer);
    EXPECT_EQ(one.answer.head.fields, before) << one.why;
  }
}

TEST(CompressionTest, TypesThatAreText) {
  for (const char* type : {"text/plain", "TEXT/HTML ;x=y", "image/svg+xml", "application/ld+json",
                           "application/javascript", "text/event-stream", "application/wasm"}) {
    Answer answer = answer_of(type, page());
    compress(asking("gzip"), answer);
    EXPECT_TRUE(is_compressed(answer)) << type;
  }
}

TEST(CompressionTest, WhatHasNoLengthIsCompressedWhileItComesAndEventsAreNotHeldBack) {
  Answer answer{{200, {{"Content-Type", "text/event-stream"}}},
                std::make_unique<ScriptedSource>(
                    std::deque<ScriptedSource::Say>{{kLater},
                                                    {kBytes, "data: 1\n\n"},
                                                    {kLater},
                                                    {kLater},
                                                    {kBytes, "data: 2\n\n"},
                                                    {kBytes, "data: 3\n\n"},
                                                    {kLater},
                                                    {kBytes, std::string(100'000, 'e')}})};
  compress(asking("gzip"), answer);
  ASSERT_TRUE(is_compressed(answer));
  Inflater inflater;
  EXPECT_EQ(read_on(*answer.body).bytes, "");
  Read read = read_on(*answer.body);
  EXPECT_EQ(read.then, kLater);
  EXPECT_EQ(inflater(read.bytes), "data: 1\n\n");
  EXPECT_EQ(read_on(*answer.body).bytes, "") << "nothing came, nothing goes";
  read = read_on(*answer.body, 3);
  EXPECT_EQ(read.then, kLater);
  EXPECT_EQ(inflater(read.bytes), "data: 2\n\ndata: 3\n\n");
  read = read_on(*answer.body);
  EXPECT_EQ(read.then, Pulled::Kind::end);
  EXPECT_EQ(inflater(read.bytes).size(), 100'000);
  EXPECT_TRUE(inflater.ended);
  EXPECT_EQ(read_on(*answer.body).then, Pulled::Kind::end);
}

TEST(CompressionTest, WhatBreaksOffDoesNotPassForWhole) {
  Answer answer{{200, {{"Content-Type", "text/plain"}}},
                std::make_unique<ScriptedSource>(std::deque<ScriptedSource::Say>{
                    {kBytes, std::string(50'000, 'a')}, {kBroken}})};
  compress(asking("gzip"), answer);
  const Read read = read_on(*answer.body);
  EXPECT_EQ(read.then, kBroken);
  Inflater inflater;
  inflater(read.bytes);
  EXPECT_FALSE(inflater.ended);
}

TEST(CompressionTest, AFailuresPageIsCompressedToo) {
  Answer answer = answer_of("text/html", page(), {}, 404);
  compress(asking("gzip"), answer);
  EXPECT_TRUE(is_compressed(answer));
}

TEST(CompressionTest, NotModifiedNamesWhatTheClientHas) {
  Answer answer{{304, {{"ETag", "\"a\""}}}, nullptr};
  compress(asking("gzip", "If-None-Match", "\"b\", W/\"a\""), answer);
  EXPECT_EQ(first_field(answer.head.fields, "ETag"), "W/\"a\"");
  Answer plain{{304, {{"ETag", "\"a\""}}}, nullptr};
  compress(asking("gzip", "If-None-Match", "\"a\""), plain);
  EXPECT_EQ(first_field(plain.head.fields, "ETag"), "\"a\"");
}

// RFC 9110 15.3.7, 15.4.5: those have what the 200 in their place would have.
TEST(CompressionTest, WhatStandsForAWholeAnswerVariesAsThatDoes) {
  Answer part = answer_of("text/html", page(), {{"Content-Range", "bytes 0-1/9"}}, 206);
  Answer parts = answer_of("multipart/byteranges; boundary=x", page(), {}, 206);
  Answer same{{304, {{"ETag", "\"a\""}}}, nullptr};
  for (Answer* const answer : {&part, &parts, &same}) {
    compress(asking("gzip"), *answer);
    EXPECT_FALSE(is_compressed(*answer));
    EXPECT_EQ(first_field(answer->head.fields, "Vary"), "Accept-Encoding") << answer->head.status;
  }
  Answer fixed{{304, {{"ETag", "\"a\""}, {"Cache-Control", "no-transform"}}}, nullptr};
  compress(asking("gzip"), fixed);
  EXPECT_EQ(first_field(fixed.head.fields, "Vary"), "");
}

}  // namespace
}  // namespace autohttps
