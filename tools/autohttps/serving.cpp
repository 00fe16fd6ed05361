#include <autohttps/tools/autohttps/serving.h>

#include <autohttps/common/error.h>
#include <autohttps/common/json.h>

#include <exception>
#include <utility>

namespace autohttps::tools {
namespace {

constexpr const char* kKey = "run/serve.json";
constexpr const char* kLock = "serve";

}  // namespace

ServingRecord::ServingRecord(acme::Store& store, Clock& clock, const Serving& serving)
    : store_(store), serving_(serving), lock_(store.lock(kLock, clock.steady(), {})) {
  write();
}

void ServingRecord::write() {
  const Json record = {{"pid", serving_.pid},
                       {"http_port", serving_.http_port},
                       {"https_port", serving_.https_port},
                       {"counters", serving_.counters}};
  store_.put(kKey, to_text(record), acme::Store::Survives::process_end);
}

void ServingRecord::count(const Counters& counters) noexcept {
  try {
    std::map<std::string, std::uint64_t> now = {{"open", counters.open},
                                                {"threads", counters.threads}};
    for (std::size_t i = 0; i < static_cast<std::size_t>(Count::kMany); ++i) {
      const auto what = static_cast<Count>(i);
      if (counters.get(what) > 0) now[std::string(name_of(what))] = counters.get(what);
    }
    if (now == serving_.counters) return;
    serving_.counters = std::move(now);
    write();
  } catch (const std::exception&) {
    // For people only: next time.
  }
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
    Serving serving{
        .pid = integer_or(record, "pid", 0, kKey),
        .http_port = static_cast<std::uint16_t>(integer_or(record, "http_port", 0, kKey)),
        .https_port = static_cast<std::uint16_t>(integer_or(record, "https_port", 0, kKey))};
    const auto counters = record.find("counters");
    if (counters == record.end() || !counters->is_object()) return serving;
    for (const auto& [name, count] : counters->items()) {
      if (count.is_number_unsigned()) serving.counters[name] = count.get<std::uint64_t>();
    }
    return serving;
  } catch (const Error&) {
    return std::nullopt;  // a record that cannot be read says nothing
  }
}

}  // namespace autohttps::tools
