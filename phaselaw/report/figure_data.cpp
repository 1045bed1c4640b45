// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/figure_data.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "phaselaw/base/csv.h"

namespace phaselaw::report {

namespace {

std::string csv_name(const Axis& axis) {
  return base::csv_quoted(axis.unit.empty() ? axis.label : fmt::format("{} ({})", axis.label, axis.unit));
}

// Bytes of a row at least, beside the label: two quotes and a line break as %XX, six commas, two digits.
constexpr std::size_t kShortestRow = 17;

// Points of the longest series that a thinned table still has; with fewer it would say nothing.
constexpr std::size_t kFewestPoints = 10;

// Bytes that a URI may hold stay, all others become %XX.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kPlain = "-_.~,:;/()+*=!@$", kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15U];
  }
  return out;
}

}  // namespace

std::string figure_csv(const Figure& figure, std::size_t every) {
  std::string out =
      fmt::format("series,{},{},band_lo,band_hi,error_lo,error_hi\n", csv_name(figure.x), csv_name(figure.y));
  const auto at = [](const std::vector<double>& values, std::size_t i) {
    return values.empty() ? std::string() : base::csv_number(values[i]);
  };
  for (const Series& s : figure.series) {
    const std::string label = base::csv_quoted(s.label);
    for (std::size_t i = 0; i < s.x.size(); ++i)
      if (i % every == 0 || i + 1 == s.x.size())
        out += fmt::format("{},{},{},{},{},{},{}\n", label, base::csv_number(s.x[i]), base::csv_number(s.y[i]),
                           at(s.band_lo, i), at(s.band_hi, i), at(s.error_lo, i), at(s.error_hi, i));
  }
  return out;
}

DataLink figure_data_link(const Figure& figure, std::size_t limit) {
  DataLink link;
  std::size_t longest = 0, least = 0;
  for (const Series& s : figure.series) {
    longest = std::max(longest, s.x.size());
    least += s.x.size() * (s.label.size() + kShortestRow);
  }
  if (limit > 0) link.every = std::max<std::size_t>(1, least / limit);
  for (;;) {
    link.uri = "data:text/csv;charset=utf-8," + percent_encoded(figure_csv(figure, link.every));
    if (link.uri.size() <= limit) return link;
    if (kFewestPoints * link.every >= longest) return {};
    link.every = std::max(link.every + 1, link.every * link.uri.size() / std::max<std::size_t>(limit, 1));
  }
}

}  // namespace phaselaw::report
