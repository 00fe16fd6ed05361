// What a reverse proxy passes on of the fields of requests and of answers. Pure.
#pragma once

#include <autohttps/server/engine/request_head.h>

#include <string>
#include <string_view>

namespace autohttps {

struct ForwardedFor {
  std::string client;  // its address
  std::string host;    // as the client wrote it
};

// RFC 9110 7.6.1: fields of one hop go, and those that Connection names. What says where a request
// comes from (X-Forwarded-*, Forwarded, X-Real-IP; also spelled with "_", which some programs take
// for "-") is ours alone to say: who reads it trusts it. Length and coding of the body are left to
// who sends it.
HeaderFields fields_for_upstream(const HeaderFields&, const ForwardedFor&);

// Without fields of one hop, the length, and what is no field by RFC 9110 5.
HeaderFields fields_for_client(const HeaderFields&);

// More proxies of ours than a request can have passed but in a circle.
bool goes_in_a_circle(const HeaderFields&);

bool asks_for_upgrade(const HeaderFields&);  // RFC 9110 7.8

}  // namespace autohttps
