// Which challenges can be answered here, as those know who opened the listeners.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace autohttps::acme {

// Thread-safe. Until somebody says otherwise, port 80 is somebody's who reads our store (so it was
// before there were other ways), and nobody answers on port 443.
class AnsweringWays {
 public:
  void open(std::string_view type);
  void close(std::string_view type, std::string why);  // "port 80 is held by nginx": shown
  // Why nothing that is published will be seen by the CA; empty: it will be.
  std::optional<std::string> obstacle(std::string_view type) const;

 private:
  mutable std::mutex mutex_;  // guards obstacles_
  std::map<std::string, std::string, std::less<>> obstacles_{
      {"tls-alpn-01", "nobody answers for this store on the HTTPS port"}};
};

}  // namespace autohttps::acme
