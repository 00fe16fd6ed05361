// What a site answers: made by its files, redirects and refusals, dressed by its settings, sent by
// whoever has the exchange.
#pragma once

#include <autohttps/server/engine/exchange.h>

#include <functional>
#include <memory>
#include <string>

namespace autohttps {

// For Exchange::respond(). To HEAD the body is given too, and not pulled: its length is told.
struct Answer {
  ResponseHead head{};
  std::unique_ptr<BodySource> body{};  // null: none
  bool foreign = false;  // an upstream's, who has its own words for what went wrong: no error page
};

std::unique_ptr<BodySource> text_body(std::string);

// A status with a line of text that says it, for people.
Answer status_answer(int status, HeaderFields fields = {});

// What a site does to each of its answers before it is sent: fields, compression, error pages. May
// be called on any thread that has the exchange; does not wait.
using AnswerDresser = std::function<void(const HeadView&, Answer&)>;

}  // namespace autohttps
