// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/laws/isoflop.h"
#include "phaselaw/report/page.h"

// The three methods of laws/isoflop.h for people: a table for the terminal, and the page of `phaselaw isoflop --out`.
namespace phaselaw::advice {

// One row a method: budgets with a minimum, a and b with intervals, and the bias that noise-free losses show.
[[nodiscard]] std::vector<std::vector<std::string>> isoflop_rows(const laws::IsoflopResult& result);

// Bowls with their vertices, N* and D* against compute by every method, the table of methods and of vertices.
[[nodiscard]] report::Page isoflop_page(const laws::IsoflopResult& result);

}  // namespace phaselaw::advice
