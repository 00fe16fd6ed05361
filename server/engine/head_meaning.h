// What a well-formed head asks for, and whether that is one thing: RFC 9112 3.2, 6 and 9, RFC 9110
// 7.2, 7.6.1, 7.8 and 10.1.1. Pure.
#pragma once

#include <autohttps/server/engine/head_view.h>

namespace autohttps {

// From method, target, version and fields to the rest of the view. False: refused, with the reason
// in the result.
bool find_meaning(HeadView&, const HeadLimits&, HeadResult&);

}  // namespace autohttps
