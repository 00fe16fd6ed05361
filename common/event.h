// What happened, told to whoever wants to show or count it. The library prints nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace autohttps {

struct Event {
  enum class Level { debug, step, done, warning, error } level = Level::step;
  std::string certificate;  // the certificate's id; empty where none is concerned
  std::string text;         // one line for a person, control bytes escaped, no secrets
  std::string hint;         // the next step, for warnings and errors; may be empty
  // Failures: how much of the life of the certificate in place is left, 0..1; empty: there is none.
  std::optional<double> life_left{};
};

// Called on any thread, also on several at once; must not throw and must return soon.
using EventSink = std::function<void(const Event&)>;

}  // namespace autohttps
