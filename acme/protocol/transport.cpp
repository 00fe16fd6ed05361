#include <autohttps/acme/protocol/transport.h>

#include <autohttps/acme/protocol/url.h>
#include <autohttps/common/error.h>

namespace autohttps::acme {

std::string_view HttpResponse::header(std::string_view lower_case_name) const noexcept {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

HttpResponse BudgetedTransport::send(const HttpRequest& request, std::stop_token stop) {
  if (left_ <= 0) {
    throw Error(ErrorCode::protocol,
                "asking \"" + host_of(request.url) +
                    "\": the CA needs more requests than one attempt may cost",
                "the CA may be refusing nonces or answering in circles: try again later");
  }
  --left_;
  return inner_.send(request, stop);
}

}  // namespace autohttps::acme
