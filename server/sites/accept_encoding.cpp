#include <autohttps/common/strings.h>
#include <autohttps/server/sites/accept_encoding.h>

#include <algorithm>
#include <optional>

namespace autohttps {
namespace {

constexpr int kFull = 1000;
constexpr std::string_view kIdentity = "identity";

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// RFC 9110 12.4.2: 0 or 1, and up to three decimals. Empty: it is none.
std::optional<int> parse_weight(std::string_view text) noexcept {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int weight = text[0] == '1' ? kFull : 0;
  if (text.size() == 1) return weight;
  if (text[1] != '.' || text.size() > 5) return std::nullopt;
  int unit = kFull / 10;
  for (const char digit : text.substr(2)) {
    if (!is_digit(digit)) return std::nullopt;
    weight += (digit - '0') * unit;
    unit /= 10;
  }
  return weight > kFull ? std::nullopt : std::optional<int>(weight);
}

struct Member {
  std::string_view coding;
  int weight = kFull;
};

// "gzip;q=0.5". A weight that is none makes the member nobody's wish: 0.
Member parse_member(std::string_view text) noexcept {
  const std::size_t semicolon = std::min(text.find(';'), text.size());
  Member member{trim(text.substr(0, semicolon))};
  if (semicolon == text.size()) return member;
  const std::string_view parameter = trim(text.substr(semicolon + 1));
  const bool is_weight = parameter.size() > 2 && parameter[1] == '=' &&
                         equals_ignoring_case(parameter.substr(0, 1), "q");
  member.weight = is_weight ? parse_weight(parameter.substr(2)).value_or(0) : 0;
  return member;
}

// "x-gzip" is what "gzip" was called (RFC 9110 8.4.1.3).
bool names(std::string_view member, std::string_view coding) noexcept {
  return equals_ignoring_case(member, coding) ||
         (coding == "gzip" && equals_ignoring_case(member, "x-gzip"));
}

struct Wish {
  std::optional<int> own, others;  // "*"
};

Wish wish_for(const HeadView& head, std::string_view coding) noexcept {
  Wish wish;
  for (const auto& [name, value] : head.fields) {
    if (!equals_ignoring_case(name, "Accept-Encoding")) continue;
    std::string_view list = value;
    while (!list.empty()) {
      const std::size_t end = std::min(list.find(','), list.size());
      const Member member = parse_member(list.substr(0, end));
      list.remove_prefix(std::min(end + 1, list.size()));
      if (names(member.coding, coding)) {
        wish.own = std::max(wish.own.value_or(0), member.weight);
      } else if (member.coding == "*") {
        wish.others = member.weight;
      }
    }
  }
  return wish;
}

// Where it is not named: as little as can be, so that any coding that is wanted wins.
int weight_of_identity(const HeadView& head) noexcept {
  const Wish wish = wish_for(head, kIdentity);
  if (wish.own) return *wish.own;
  return wish.others == 0 ? 0 : 1;
}

}  // namespace

int weight_of_coding(const HeadView& head, std::string_view coding) noexcept {
  if (coding == kIdentity) return weight_of_identity(head);
  const Wish wish = wish_for(head, coding);
  return wish.own.value_or(wish.others.value_or(0));
}

std::string_view preferred_coding(const HeadView& head,
                                  std::span<const std::string_view> offered) noexcept {
  std::string_view best;
  int most = 0;
  for (const std::string_view coding : offered) {
    const int weight = weight_of_coding(head, coding);
    if (weight <= most) continue;
    most = weight;
    best = coding;
  }
  return most >= weight_of_identity(head) ? best : std::string_view();
}

}  // namespace autohttps
