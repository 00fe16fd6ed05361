// Which content codings a client takes: RFC 9110 12.5.3. Pure.
#pragma once

#include <autohttps/server/engine/head_view.h>

#include <span>
#include <string_view>

namespace autohttps {

// 0 (it must not be sent) to 1000, the weight of 12.4.2 in thousandths. Of a client that says
// nothing of codings every one is 0 but "identity": it may not know what to do with them. What is
// no list of codings is read up to where it is none.
int weight_of_coding(const HeadView&, std::string_view coding) noexcept;

// The one of `offered` (in the server's order of preference, names in lower case) that this client
// wants most; empty: the content as it is ("identity"), also where nothing of all is acceptable,
// for which 12.5.3 has servers send it all the same.
std::string_view preferred_coding(const HeadView&,
                                  std::span<const std::string_view> offered) noexcept;

}  // namespace autohttps
