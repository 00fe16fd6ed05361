// Objects of ours that an SSL_CTX owns (not installed: OpenSSL types).
#pragma once

#include <autohttps/common/openssl_owners.h>

#include <memory>
#include <string>

namespace autohttps {

template <typename T>
void free_owned_data(void*, void* data, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<T*>(data);  // ex_data is a C owner
}

// One T a context.
template <typename T>
struct OwnedByContext {
  static int index() {
    static const int number =
        SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_owned_data<T>);
    return number;
  }
  static T* of(const SSL_CTX* context) {
    return static_cast<T*>(SSL_CTX_get_ex_data(context, index()));
  }
  // Gives back what was there before. Throws Error(crypto).
  static std::unique_ptr<T> give(SSL_CTX* context, std::unique_ptr<T> data,
                                 const std::string& doing) {
    std::unique_ptr<T> previous(of(context));
    if (SSL_CTX_set_ex_data(context, index(), data.get()) != 1) {
      static_cast<void>(previous.release());  // still the context's
      throw_openssl(doing);
    }
    static_cast<void>(data.release());
    return previous;
  }
};

}  // namespace autohttps
