#include <autohttps/tools/autohttps/serving.h>

#include <autohttps/common/error.h>
#include <autohttps/common/json.h>

namespace autohttps::tools {
namespace {

constexpr const char* kKey = "run/serve.json";
constexpr const char* kLock = "serve";

}  // namespace

ServingRecord::ServingRecord(acme::Store& store, Clock& clock, const Serving& serving)
    : store_(store), lock_(store.lock(kLock, clock.steady(), {})) {
  const Json record = {
      {"pid", serving.pid}, {"http_port", serving.http_port}, {"https_port", serving.https_port}};
  store_.put(kKey, to_text(record), acme::Store::Survives::process_end);
}

ServingRecord::~ServingRecord() {
  try {
    store_.remove(kKey);
  } catch (const std::exception&) {
    // The lock is what counts, and it goes with us.
  }
}

std::optional<Serving> who_serves(acme::Store& store, Clock& clock) {
  try {
    const auto lock = store.lock(kLock, clock.steady(), {});
    return std::nullopt;  // free: whatever the record says, its writer has gone
  } catch (const Error& error) {
    if (error.code() != ErrorCode::locked) return std::nullopt;
  }
  try {
    const auto text = store.get(kKey);
    if (!text) return std::nullopt;
    const Json record = parse_json(*text, kKey);
    return Serving{
        .pid = integer_or(record, "pid", 0, kKey),
        .http_port = static_cast<std::uint16_t>(integer_or(record, "http_port", 0, kKey)),
        .https_port = static_cast<std::uint16_t>(integer_or(record, "https_port", 0, kKey))};
  } catch (const Error&) {
    return std::nullopt;  // a record that cannot be read says nothing
  }
}

}  // namespace autohttps::tools
