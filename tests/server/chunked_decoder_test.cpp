#include <autohttps/server/engine/chunked_decoder.h>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace autohttps {
namespace {

using State = ChunkedDecoder::State;

struct Decoded {
  State state = State::more;
  std::string data;
  std::string rest;
};

Decoded decode(std::string_view input) {
  ChunkedDecoder decoder;
  Decoded decoded;
  while (decoded.state == State::more && !input.empty()) {
    std::string_view data;
    decoded.state = decoder.decode(input, data);
    decoded.data += data;
  }
  decoded.rest = input;
  return decoded;
}

TEST(ChunkedDecoderTest, PutsChunksTogetherAndLeavesWhatFollows) {
  const Decoded decoded = decode("3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX: y\r\n\r\nGET /");
  EXPECT_EQ(decoded.state, State::done);
  EXPECT_EQ(decoded.data, "abc0123456789");
  EXPECT_EQ(decoded.rest, "GET /");
}

TEST(ChunkedDecoderTest, GivesDataAsViewsIntoTheInput) {
  const std::string input = "5\r\nhello\r\n";
  std::string_view rest = input;
  std::string_view data;
  ChunkedDecoder decoder;
  EXPECT_EQ(decoder.decode(rest, data), State::more);
  EXPECT_EQ(data.data(), input.data() + 3);
  EXPECT_EQ(data, "hello");
  EXPECT_EQ(rest, "\r\n");
}

TEST(ChunkedDecoderTest, TakesDataAsItComes) {
  ChunkedDecoder decoder;
  std::string_view input = "a\r\n01234";
  std::string_view data;
  EXPECT_EQ(decoder.decode(input, data), State::more);
  EXPECT_EQ(data, "01234");
  EXPECT_EQ(decoder.decode(input, data), State::more);
  EXPECT_EQ(data, "");
  input = "56789\r\n0\r\n\r";
  EXPECT_EQ(decoder.decode(input, data), State::more);
  EXPECT_EQ(data, "56789");
  EXPECT_EQ(decoder.decode(input, data), State::more);
  EXPECT_EQ(input, "");
  input = "\n";
  EXPECT_EQ(decoder.decode(input, data), State::done);
}

TEST(ChunkedDecoderTest, KnowsTheLargestChunk) {
  EXPECT_EQ(decode("7fffffffffffffff\r\nabc").data, "abc");
  EXPECT_EQ(decode("8000000000000000\r\nabc").state, State::bad);
}

TEST(ChunkedDecoderTest, IsDoneOrBadForGood) {
  ChunkedDecoder done;
  std::string_view input = "0\r\n\r\n";
  std::string_view data;
  EXPECT_EQ(done.decode(input, data), State::done);
  input = "5\r\nhello";
  EXPECT_EQ(done.decode(input, data), State::done);
  EXPECT_EQ(input, "5\r\nhello");
  EXPECT_EQ(data, "");

  ChunkedDecoder bad;
  input = "x0\r\n\r\n";
  EXPECT_EQ(bad.decode(input, data), State::bad);
  EXPECT_EQ(input, "x0\r\n\r\n");
  input = "0\r\n\r\n";
  EXPECT_EQ(bad.decode(input, data), State::bad);
}

TEST(ChunkedDecoderTest, BoundsWhatIsNotData) {
  const std::string name(16 * 1024 - 2, 'a');
  EXPECT_EQ(decode("1;" + name + "\r\nb\r\n0\r\n\r\n").state, State::done);
  EXPECT_EQ(decode("1;" + name + "aaa\r\nb\r\n0\r\n\r\n").state, State::bad);
  std::string many;
  for (int i = 0; i < 17 * 1024 / 4; ++i) many += "1;abc\r\nd\r\n";
  EXPECT_EQ(decode(many).state, State::bad) << "of the whole body, not of each chunk";
}

}  // namespace
}  // namespace autohttps
