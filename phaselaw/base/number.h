// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The only reader of numbers in text: cells of tables, flags, keys. It does not depend on the locale.
namespace phaselaw::base {

enum class NumberKind {
  finite,
  missing,       // empty, NA, N/A, null, none, -
  not_finite,    // NaN, inf
  out_of_range,  // beyond double precision, 1e999 or 1e-999
  not_a_number,
};

struct Number {
  NumberKind kind = NumberKind::missing;
  double value = 0;  // of a finite number
};

// A decimal number; surrounding blanks and a plus sign are allowed. Cost: about 20 ns.
[[nodiscard]] Number parse_number(std::string_view text);

// The same, and notations for large counts: 70M, 1.4B, 300 G; k, K = 1e3, M = 1e6, B, G = 1e9, T = 1e12.
[[nodiscard]] Number parse_count(std::string_view text);

// A number as typed by a user: a count as above, or a fraction such as 1/6. Unset for anything that is not a finite
// number.
[[nodiscard]] std::optional<double> parse_quantity(std::string_view text);

// A whole number, digits after an optional sign. Unset for anything else, and beyond 64 bits.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

// A size of memory: a number with K, M, G or T, which are powers of 1024. Unset for anything else.
[[nodiscard]] std::optional<double> parse_bytes(std::string_view text);

// The same as text: 8G if the number is a whole multiple, otherwise its digits.
[[nodiscard]] std::string bytes_text(double bytes);

}  // namespace phaselaw::base
