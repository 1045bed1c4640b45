// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "phaselaw/base/number.h"

// How one column writes its numbers. A style is decided from all cells of a column (number_columns.h), so that "1.000"
// is never read as one and as a thousand in the same column.
namespace phaselaw::documents {

struct NumberStyle {
  char decimal = '.';
  char thousands = '\0';     // '\0': none; ' ' stands for every kind of space, also a no-break space in UTF-8
  bool marked = false;       // signs of a writer around a number are removed: ~ ≈ ** __ ` $ \textbf{} [link](url)
  bool percent = false;      // 12.5% is 0.125
  bool counts = false;       // 70M is 7e7; k, M, B, G, T as in base::parse_count, also m, b and t
  bool uncertainty = false;  // 3.41 ± 0.02, 3.41 +- 0.02 and 3.41(2) are 3.41
  std::string unit = {};     // a word behind every number that is left out: "99.1 ms" is 99.1

  [[nodiscard]] bool is_plain() const {
    return decimal == '.' && thousands == '\0' && !marked && !percent && !counts && !uncertainty && unit.empty();
  }
  friend bool operator==(const NumberStyle&, const NumberStyle&) = default;
};

// A cell in this style; not_a_number if it has a mark, a sign, a letter or a unit that the style does not have. In a
// style with a percent sign or a unit, a zero may be without. Cost: 20 ns for a plain style, 100 ns otherwise; nothing
// is allocated.
[[nodiscard]] base::Number parse_number(std::string_view text, const NumberStyle& style);

}  // namespace phaselaw::documents
