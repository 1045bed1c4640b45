// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

// Numbers for people: the terminal, pages, warnings and the Python module print their numbers with these functions.
// JSON, CSV and other files for programs do not use them; they keep every digit.
//
//                                plain            suffix              power
//   format_number(126'247)       126,247          126k                1.26e5
//   format_value(v, lo, hi)      8.0 [4.2, 4400]  160k [48k, 1.7M]    7.9e7 [2.6e6, 2.1e9]
//
// Digits. An interval decides them: value, lo and hi are rounded to the second significant digit of its half width, and
// keep their trailing zeros. Two kinds of intervals share no sensible last digit, and each of their numbers has two
// significant digits instead: ends of one sign more than a factor 10 apart, and ends around zero one of which is more
// than 10 times nearer to the value than the other. Beside an interval no number has thousands separators. A value
// without an interval has `digits` significant digits, or all those before the point, without trailing zeros.
//
// Order. lo <= value <= hi holds between the printed numbers too. A value outside its interval is printed with as many
// digits as show it there, up to eight.
//
// Unknown (NaN) is an en dash, infinity is ∞. Where one end is NaN and the other is not, the data do not bound that
// side: "0.21 [0.065, unbounded]". Where both are, there is no interval.
namespace phaselaw::base {

enum class Notation {
  plain,   // losses, exponents, ratios, seconds: 0.0163; exponents below 1e-3 and from 1e6
  suffix,  // parameters, tokens, steps: k, M, B and T for 1e3, 1e6, 1e9 and 1e12; exponents from 1e15
  power,   // FLOP, condition numbers, gradients: 3.2e13; exponents below 1e-3 and from 1e3
};

// How quantities of this unit are written: suffixes for parameters, tokens, sequences and steps, powers for FLOP.
[[nodiscard]] Notation notation_of(std::string_view unit);

[[nodiscard]] std::string format_number(double value, int digits = 3, Notation notation = Notation::plain);

[[nodiscard]] std::string format_value(double value, double lo, double hi, Notation notation = Notation::plain);

// The interval alone: "[0.151, 0.176]".
[[nodiscard]] std::string format_interval(double lo, double hi, Notation notation = Notation::plain);

// A number of things that were counted, with all its digits: "1,250,000". A double is rounded to a whole number.
[[nodiscard]] std::string format_whole(double count);
template <class T>
requires std::is_arithmetic_v<T>
[[nodiscard]] std::string format_count(T count) { return format_whole(static_cast<double>(count)); }

[[nodiscard]] std::string format_flop(double flop);                      // "3.2e13 FLOP"
[[nodiscard]] std::string format_percent(double share, int digits = 2);  // 0.026: "2.6 %"

}  // namespace phaselaw::base
