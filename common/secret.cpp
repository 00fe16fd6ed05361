#include <autohttps/common/secret.h>

#include <openssl/crypto.h>

namespace autohttps {
namespace {

struct WipeAndDelete {
  void operator()(const std::string* text) const noexcept {
    OPENSSL_cleanse(const_cast<char*>(text->data()), text->size());
    delete text;
  }
};

}  // namespace

Secret::Secret(std::string bytes) : bytes_(new std::string(bytes), WipeAndDelete{}) { wipe(bytes); }

bool Secret::operator==(const Secret& other) const noexcept {
  return bytes().size() == other.bytes().size() &&
         CRYPTO_memcmp(bytes().data(), other.bytes().data(), bytes().size()) == 0;
}

void wipe(std::string& text) noexcept {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace autohttps
