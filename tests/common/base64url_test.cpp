#include <autohttps/common/base64url.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

TEST(Base64urlTest, AgreesWithTheVectorsOfTheRfcs) {
  const std::pair<std::string, std::string> table[] = {
      // RFC 4648 10, padding removed
      {"", ""},
      {"f", "Zg"},
      {"fo", "Zm8"},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg"},
      {"fooba", "Zm9vYmE"},
      {"foobar", "Zm9vYmFy"},
      // RFC 7515 C
      {"\x03\xec\xff\xe0\xc1", "A-z_4ME"},
      // RFC 7515 A.1.1
      {"{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}", "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"},
      {std::string(1, '\0'), "AA"}};
  for (const auto& [bytes, text] : table) {
    EXPECT_EQ(base64url_encode(bytes), text);
    EXPECT_EQ(base64url_decode(text), bytes) << text;
  }
}

TEST(Base64urlTest, ReadsEveryByteItWrites) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
}

TEST(Base64urlTest, RefusesAnythingElse) {
  const std::string table[] = {
      "A",     "AAAAA", "Zg==", "Zm8=",     "Zh",    "Zm9",    "Zm9v\n",  " Zm9v",
      "Zm 9v", "Zm+v",  "Zm/v", "Zm9v====", "Zm9v.", "Z\xc3m", "Zm9\xff", std::string("Zm9\0", 4)};
  for (const std::string& text : table) EXPECT_EQ(base64url_decode(text), std::nullopt) << text;
}

}  // namespace
}  // namespace autohttps
