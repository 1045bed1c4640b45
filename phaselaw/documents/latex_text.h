// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "phaselaw/documents/span_grid.h"

// The words of LaTeX in one cell of a tabular environment.
namespace phaselaw::documents {

// The end of the group {...} or [...] that begins at `at`, behind its last sign; `at` if none begins there, the size of
// the text if it does not end. Blanks before the group are skipped. Cost: linear in the group, without recursion.
[[nodiscard]] std::size_t after_group(std::string_view text, std::size_t at);
// The name of the command that begins at `at` with a backslash: letters and a star, or one other sign.
[[nodiscard]] std::string_view command_at(std::string_view text, std::size_t at);

// The words of a cell without commands of style: "\textbf{3.4}" is "3.4", "$2\times10^{9}$" is "2e9", "3 \pm 1" is
// "3±1". A part of `cell` where that is possible, otherwise a copy in `table`. Also \multicolumn and \multirow.
[[nodiscard]] SpanCell latex_cell(std::string_view cell, ProseTable& table);

}  // namespace phaselaw::documents
