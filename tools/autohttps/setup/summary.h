// How setup ends: five lines.
#pragma once

#include <autohttps/tools/autohttps/setup/plan.h>

#include <string>

namespace autohttps::tools {

// What is served, where the files are, when it renews, how to look, how to undo.
std::string summary(const Plan&, const Surroundings&);

std::string plan_text(const Plan&);        // --plan: a line a change
std::string snippet_text(const Snippet&);  // what to paste where; empty: nothing

}  // namespace autohttps::tools
