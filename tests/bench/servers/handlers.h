// What every cpp-httplib server of the bench answers, ours and stock alike.
#pragma once

#include <autohttps/tests/bench/servers/bodies.h>

#include <httplib.h>

#include <chrono>
#include <string>
#include <thread>

namespace autohttps::bench {

inline constexpr std::chrono::milliseconds kSlowHandler{20};

template <typename Server>  // ours learns by handler, where it sees them registered
void add_handlers(Server& server) {
  server.Get("/1k", [body = std::string(kSmallBody, 'x')](const httplib::Request&,
                                                          httplib::Response& response) {
    response.set_content(body, "text/plain");
  });
  server.Get("/big", [body = std::string(kBigBody, 'x')](const httplib::Request&,
                                                         httplib::Response& response) {
    response.set_content(body, "text/plain");
  });
  server.Get("/slow", [body = std::string(kSmallBody, 'x')](const httplib::Request&,
                                                            httplib::Response& response) {
    std::this_thread::sleep_for(kSlowHandler);
    response.set_content(body, "text/plain");
  });
  server.Post("/post", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(std::to_string(request.body.size()), "text/plain");
  });
}

}  // namespace autohttps::bench
