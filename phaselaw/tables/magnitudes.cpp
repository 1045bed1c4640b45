// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/magnitudes.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"

namespace phaselaw::tables {

namespace {

double median(std::vector<double> x) {
  const auto middle = x.begin() + static_cast<long>(x.size() / 2);
  std::nth_element(x.begin(), middle, x.end());
  return *middle;
}

}  // namespace

// Columns that contradict each other by orders of magnitude are in different units.
void warn_of_units(Rows& out) {
  const Columns& columns = out.data.columns;
  if (!columns.has("n_params") || !columns.has("tokens")) return;
  const std::vector<double> n = columns.get("n_params"), d = columns.get("tokens");
  std::vector<double> ratio;
  for (std::size_t i = 0; i < n.size(); ++i)
    if (d[i] > 0) ratio.push_back(d[i] / n[i]);
  if (ratio.empty()) return;
  const double per_parameter = median(ratio);
  if (per_parameter > 1e5 || per_parameter < 1e-3)
    out.warnings.push_back(fmt::format(
        "{} tokens per parameter (median) are implausible; "
        "check that {} and {} have the same units, and set one with --scale n_params=1e6 or --scale tokens=1e9",
        base::format_number(per_parameter, 2), out.column_of.at("n_params"), out.column_of.at("tokens")));
  if (!columns.has("compute")) return;
  const std::vector<double> c = columns.get("compute");
  ratio.clear();
  for (std::size_t i = 0; i < n.size(); ++i)
    if (d[i] > 0 && c[i] > 0) ratio.push_back(c[i] / (6 * n[i] * d[i]));
  if (ratio.empty()) return;
  const double convention = median(ratio);
  if (convention > 20 || convention < 0.05)
    out.warnings.push_back(fmt::format(
        "{} is {} times 6 n_params tokens (median), which is implausible; check that the units are FLOP, parameters and tokens",
        out.column_of.at("compute"), base::format_number(convention, 2)));
  else if (std::abs(convention - 1) > 0.005)
    out.notes.push_back(fmt::format("{} is {} times 6 n_params tokens (median; {} to {})", out.column_of.at("compute"),
                                    base::format_number(convention),
                                    base::format_number(*std::min_element(ratio.begin(), ratio.end())),
                                    base::format_number(*std::max_element(ratio.begin(), ratio.end()))));
}

}  // namespace phaselaw::tables
