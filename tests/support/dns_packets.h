// DNS messages put together by hand (RFC 1035 4.1), right ones and wrong ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

inline std::string dns_16(unsigned number) {
  return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)};
}

// "a.test" as labels behind their lengths.
inline std::string dns_labels(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    wire += static_cast<char>(label.size());
    wire += label;
    name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  }
  return wire + '\0';
}

inline std::string dns_string(std::string_view text) {
  return static_cast<char>(text.size()) + std::string(text);
}

inline std::string dns_record(const std::string& owner, unsigned type, const std::string& data,
                              unsigned of_class = 1) {
  return owner + dns_16(type) + dns_16(of_class) + std::string(4, '\0') +
         dns_16(static_cast<unsigned>(data.size())) + data;
}

struct DnsPacket {
  unsigned id = 0x1234;
  unsigned flags = 0x8180;  // an answer, recursion desired and available, NOERROR
  std::string question_name = dns_labels("a.test");
  unsigned question_type = 16;
  unsigned questions = 1;
  std::vector<std::string> answers{}, authorities{};

  std::string text() const {
    std::string packet = dns_16(id) + dns_16(flags) + dns_16(questions) +
                         dns_16(static_cast<unsigned>(answers.size())) +
                         dns_16(static_cast<unsigned>(authorities.size())) + dns_16(0);
    if (questions > 0) packet += question_name + dns_16(question_type) + dns_16(1);
    for (const std::string& record : answers) packet += record;
    for (const std::string& record : authorities) packet += record;
    return packet;
  }
};

}  // namespace autohttps
