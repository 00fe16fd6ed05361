// The ways of the scripted CA to misbehave.
#include <autohttps/tests/support/scripted_ca.h>

#include <autohttps/common/json.h>

namespace autohttps {

Action Action::reply(acme::HttpResponse answer) {
  Action action;
  action.answer = std::move(answer);
  return action;
}

Action Action::problem(std::string_view type, int status, std::string_view detail,
                       const std::vector<std::string>& retry_after) {
  acme::HttpResponse answer;
  answer.status = status;
  answer.headers = {{"content-type", "application/problem+json"}};
  for (const std::string& value : retry_after) answer.headers.emplace_back("retry-after", value);
  answer.body = Json{
      {"type", "urn:ietf:params:acme:error:" + std::string(type)},
      {"detail", detail},
      {"status",
       status}}.dump();
  return reply(std::move(answer));
}

Action Action::bad_nonce() {
  Action action;
  action.bad_nonce_only = true;
  return action;
}

Action Action::busy(std::chrono::seconds retry_after) {
  return problem("rateLimited", 503, "Service busy; retry later.",
                 {std::to_string(retry_after.count())});
}

Action Action::lose_reply() {
  Action action;
  action.lost = true;
  return action;
}

Action Action::not_reached() {
  Action action;
  action.unreached = true;
  return action;
}

Action Action::change(std::function<void(acme::HttpResponse&)> change) {
  Action action;
  action.changes = std::move(change);
  return action;
}

Action Action::change_body(std::function<std::string(const std::string&)> change_text) {
  return change([change_text = std::move(change_text)](acme::HttpResponse& response) {
    response.body = change_text(response.body);
  });
}

Action Action::change_headers(std::function<void(Headers&)> change_list) {
  return change([change_list = std::move(change_list)](acme::HttpResponse& response) {
    change_list(response.headers);
  });
}

Action Action::before(std::function<void()> first) {
  Action action;
  action.first = std::move(first);
  return action;
}

}  // namespace autohttps
