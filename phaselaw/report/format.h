// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Numbers for people. Unknown (NaN) is an en dash.
namespace phaselaw::report {

// `digits` significant digits; plain between 1e-3 and 1e6, else with an exponent: "0.0163", "1,250", "3.2e12", "-4e-7".
[[nodiscard]] std::string format_number(double value, int digits = 3);

// The value with its interval, all to the second significant digit of the interval's half width:
// format_value(0.16349, 0.15112, 0.17553) = "0.163 [0.151, 0.176]". Without lo or hi the value alone.
// Ends of one sign more than a factor 10 apart have two digits each: "7.9e7 [2.6e6, 2.1e9]".
[[nodiscard]] std::string format_value(double value, double lo, double hi);

[[nodiscard]] std::string format_interval(double lo, double hi);  // "[0.151, 0.176]"

[[nodiscard]] std::string format_flop(double flop);          // "3.2e13 FLOP"
[[nodiscard]] std::string format_count(std::int64_t count);  // "1,250,000"

// A column table for a terminal: the first row is the heading, columns are padded to their widest character count.
[[nodiscard]] std::string text_table(const std::vector<std::vector<std::string>>& rows);

// The text as XML may hold it: control characters other than tab and line feed are dropped, broken UTF-8 is U+FFFD.
[[nodiscard]] std::string clean_text(std::string_view text);

// clean_text() as the content of an HTML or XML element or of a quoted attribute: & < > " ' are escaped.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace phaselaw::report
