// What sites answer, put into cpp-httplib's responses (not installed).
#pragma once

#include <httplib.h>

#include <autohttps/common/event.h>
#include <autohttps/server/engine/request_head.h>
#include <autohttps/server/sites/file_answer.h>
#include <autohttps/server/sites/upstream.h>

#include <memory>
#include <string>

namespace autohttps {

// A status with a line of text that says it, for people.
void answer_status(httplib::Response&, int status);

void answer_redirect(httplib::Response&, const std::string& method, const std::string& location);

void answer_file(httplib::Response&, FileAnswer);

struct ProxyQuestion {
  const RequestHead& head;
  std::string client;                  // its address
  const httplib::ContentReader* body;  // null: none follows
};

// Reads the client's body, waits for the upstream's head, and leaves its body to be streamed. A
// failure is answered, and its text returned for the operator.
std::string answer_by_proxy(httplib::Response&, const ProxyQuestion&, Upstream&);

}  // namespace autohttps
