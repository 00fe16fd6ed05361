// Another web server, with a document root, on the port that the CA asks.
#pragma once

#include <autohttps/server/engine/listener.h>
#include <autohttps/server/httplib/http_server.h>

#include <cstdint>
#include <string>
#include <thread>

namespace autohttps {

class OtherServer {
 public:
  OtherServer(const std::string& root, std::uint16_t port) {
    server_.set_mount_point("/", root);
    server_.adopt(listen_tcp("", port));
    thread_ = std::jthread([this] { server_.serve_adopted(); });
  }
  ~OtherServer() { server_.stop(); }

 private:
  HttpServer server_;
  std::jthread thread_;
};

}  // namespace autohttps
