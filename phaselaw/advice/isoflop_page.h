// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/laws/isoflop.h"
#include "phaselaw/report/page.h"

// The three methods for people: tables for the terminal and the page of `phaselaw isoflop --out`.
namespace phaselaw::advice {

// One row a method: exponents with intervals, budgets used, the method's own bias under the fitted law.
[[nodiscard]] std::vector<std::vector<std::string>> isoflop_methods(const laws::IsoflopResult& result);
// One row a budget: the optimum by each method.
[[nodiscard]] std::vector<std::vector<std::string>> isoflop_vertices(const laws::IsoflopResult& result);
// One sentence: what the methods agree on, or that they do not.
[[nodiscard]] std::string isoflop_answer(const laws::IsoflopResult& result);
[[nodiscard]] report::Page isoflop_page(const laws::IsoflopResult& result);

}  // namespace phaselaw::advice
