#include <autohttps/tests/support/hostile_requests.h>

namespace autohttps {

HostileRequest refused(std::string name, const std::string& raw, int status) {
  return {std::move(name), raw + kNextRequest, {status}, true};
}

HostileRequest accepted(std::string name, const std::string& raw, std::optional<std::string> body) {
  return {std::move(name), raw + kNextRequest, {{200, std::move(body)}, 200}, false};
}

const std::vector<HostileRequest>& hostile_requests() {
  static const std::vector<HostileRequest> kAll = [] {
    std::vector<HostileRequest> all;
    for (auto* part : {hostile_request_lines, hostile_fields, hostile_lengths, hostile_chunks}) {
      for (HostileRequest& row : part()) all.push_back(std::move(row));
    }
    return all;
  }();
  return kAll;
}

}  // namespace autohttps
