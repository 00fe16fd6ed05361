// The head of a request as an upstream gets it: written anew from the parts of the client's, so
// that no two readers can disagree about it. Pure.
#pragma once

#include <autohttps/server/engine/head_view.h>
#include <autohttps/server/sites/network.h>

#include <span>
#include <string>
#include <string_view>

namespace autohttps {

struct ForwardedRequest {
  std::string_view base{};    // the upstream's own, before the target
  std::string_view target{};  // "/a?b", "*"
  std::string_view prefix{};  // what the target was stripped of
  std::string_view host{};    // for the upstream's Host
  std::string_view peer{};    // the address of the other end of the client's connection
  bool secure = true;         // that connection is TLS
  bool believed = false;      // the peer is a proxy that we trust to say where requests come from
  bool upgrades = false;      // see wanted_upgrade()
  bool keeps_authorization = false;  // it was for us
};

// Request line, fields and the empty line, put behind what `text` has. RFC 9110 7.6.1: fields of
// one hop go, and those that Connection names. What says where a request comes from (X-Forwarded-*,
// Forwarded, X-Real-IP; also spelled with "_", which some programs take for "-") is ours alone to
// say, or added to what a believed peer has said: who reads it trusts it. The body is framed by its
// length, or chunked. False: something in it cannot be passed on (400), and `text` is as it was.
bool append_forwarded_request(std::string& text, const HeadView&, const ForwardedRequest&);

// What Upgrade names (RFC 9110 7.8), if the client asks for it and we pass it on: of a request
// without a body, and never another HTTP or TLS, in which requests would get past our own checks.
// Empty: nothing.
std::string_view wanted_upgrade(const HeadView&) noexcept;

// More proxies of ours than a request can have passed but in a circle.
bool goes_in_a_circle(const HeadView&) noexcept;

// The address a request comes from: the peer's, or, while that is a trusted proxy, the one before
// it in X-Forwarded-For. A view of either.
std::string_view client_address(const HeadView&, std::string_view peer,
                                std::span<const Network> trusted) noexcept;

}  // namespace autohttps
