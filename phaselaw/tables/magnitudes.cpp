// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/magnitudes.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "phaselaw/base/format.h"
#include "phaselaw/tables/output_kind.h"

namespace phaselaw::tables {

namespace {

double median(std::vector<double> x) {
  const auto middle = x.begin() + static_cast<long>(x.size() / 2);
  std::nth_element(x.begin(), middle, x.end());
  return *middle;
}

// A column of the rows; nothing if there is none, or if its factor was given.
std::vector<double> as_written(const Rows& rows, const Factors& factors, const char* name) {
  const auto own = rows.column_of.find(name);
  if (own == rows.column_of.end() || !rows.data.columns.has(name)) return {};
  const auto column = rows.table.find(own->second);
  const bool computed = std::find(rows.computed.begin(), rows.computed.end(), own->second) != rows.computed.end();
  if (!column || computed || factor_of(factors, *column) != nullptr) return {};
  return rows.data.columns.get(name);
}

std::vector<double> ratios(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] > 0 && b[i] > 0) out.push_back(a[i] / b[i]);
  return out;
}

std::string power_text(double factor) { return base::format_number(factor, 3, base::Notation::power); }

// The column is not used; the message has both readings and the flag for each.
void refuse(Rows& out, const std::string& name, const std::string& why, double factor) {
  Columns& columns = out.data.columns;
  const auto at = std::find(columns.names.begin(), columns.names.end(), name) - columns.names.begin();
  columns.names.erase(columns.names.begin() + at);
  columns.values.erase(columns.values.begin() + at);
  out.unusable[name] = fmt::format(
      "{}: {}; multiply the column by {} with --scale {}={}, or take it as it is with "
      "--scale {}=1",
      base::to_string(out.place(name, 0)), why, power_text(factor), name, power_text(factor), name);
}

// The power of 1,000 nearest to a ratio.
double thousands(double ratio) { return std::pow(1000.0, std::max(1.0, std::round(std::log10(ratio) / 3))); }

// The smallest power of 1,000 that is at least this.
double thousands_above(double ratio) { return std::pow(1000.0, std::max(1.0, std::ceil(std::log10(ratio) / 3))); }

// The same for a cost, which may also be in PF-days.
double cost_unit(double ratio) {
  constexpr double kPetaflopDay = 1e15 * 86400, kNear = 3;
  return ratio > kPetaflopDay / kNear && ratio < kPetaflopDay * kNear ? kPetaflopDay : thousands(ratio);
}

bool all_within(const std::vector<double>& x, double low, double high) {
  return std::all_of(x.begin(), x.end(), [&](double value) { return value >= low && value <= high; });
}
bool all_whole(const std::vector<double>& x) {
  return std::all_of(x.begin(), x.end(), [](double value) { return std::floor(value) == value; });
}

std::string range_of(const std::vector<double>& x) {
  const auto [low, high] = std::minmax_element(x.begin(), x.end());
  return fmt::format("{} to {}", base::format_number(*low, 6), base::format_number(*high, 6));
}

// Costs and counts that no run of a language model has.
bool is_small_study(const Columns& columns) {
  constexpr double kCheapest = 1e14, kFewestTokens = 1e6;
  const auto all_below = [&](const char* name, double limit) {
    if (!columns.has(name)) return false;
    const std::vector<double> values = columns.get(name);
    return std::all_of(values.begin(), values.end(), [&](double value) { return value < limit; });
  };
  return all_below("compute", kCheapest) || all_below("tokens", kFewestTokens);
}

// Sizes in millions beside losses of language models.
void check_parameters(const Factors& factors, const std::string& output, Rows& out) {
  const std::vector<double> n = as_written(out, factors, "n_params");
  if (n.empty() || output != "loss" || is_small_study(out.data.columns)) return;
  constexpr double kSmallest = 10, kLargest = 2e4, kMedian = 100, kSpread = 2, kLowLoss = 1.2, kHighLoss = 8;
  const auto [low, high] = std::minmax_element(n.begin(), n.end());
  const Role role = role_of(out.output_column);
  if (!all_whole(n) || !all_within(n, kSmallest, kLargest) || median(n) < kMedian || *high < kSpread * *low) return;
  if (role == Role::excess_risk || !all_within(out.data.output, kLowLoss, kHighLoss)) return;
  refuse(out, "n_params",
         fmt::format("{} parameters ({}) are implausible for a model with losses of {}; they may be in millions",
                     range_of(n), out.own_name("n_params"), range_of(out.data.output)),
         1e6);
}

void check_tokens(const Factors& factors, Rows& out) {
  if (!out.data.columns.has("n_params") || !out.data.columns.has("tokens")) return;
  const std::vector<double> n = out.data.columns.get("n_params"), d = out.data.columns.get("tokens");
  const std::vector<double> ratio = ratios(d, n);
  if (ratio.empty()) return;
  const double per_parameter = median(ratio);
  constexpr double kMost = 1e6, kFewTokens = 1e5, kLargeModel = 1e6;
  constexpr double kManyTokens = 1e4, kFew = 0.1;  // per parameter, of published models
  if (per_parameter > kMost && !as_written(out, factors, "n_params").empty())
    return refuse(out, "n_params",
                  fmt::format("{} tokens per parameter (median of {} and {}) are implausible",
                              base::format_number(per_parameter, 2), out.own_name("tokens"), out.own_name("n_params")),
                  thousands_above(per_parameter / kManyTokens));
  if (*std::max_element(d.begin(), d.end()) < kFewTokens && *std::min_element(n.begin(), n.end()) >= kLargeModel &&
      !as_written(out, factors, "tokens").empty())
    return refuse(out, "tokens",
                  fmt::format("{} tokens ({}) are implausible for models of {} parameters", range_of(d),
                              out.own_name("tokens"), range_of(n)),
                  thousands_above(kFew / per_parameter));
  if (per_parameter > 1e5 || per_parameter < 1e-3)
    out.warnings.push_back(fmt::format(
        "{} tokens per parameter (median) are implausible; "
        "check that {} and {} have the same units, and set one with --scale n_params=1e6 or --scale tokens=1e9",
        base::format_number(per_parameter, 2), out.own_name("n_params"), out.own_name("tokens")));
}

void check_compute(const Factors& factors, Rows& out) {
  const Columns& columns = out.data.columns;
  if (!columns.has("n_params") || !columns.has("tokens") || !columns.has("compute")) return;
  std::vector<double> cost = columns.get("n_params");
  const std::vector<double> d = columns.get("tokens");
  for (std::size_t i = 0; i < cost.size(); ++i) cost[i] *= 6 * d[i];
  const std::vector<double> ratio = ratios(columns.get("compute"), cost);
  if (ratio.empty()) return;
  const double convention = median(ratio);
  constexpr double kFar = 1e-3;
  const std::string times = fmt::format("{} is {} times 6 n_params tokens (median", out.own_name("compute"),
                                        base::format_number(convention, 2));
  if (convention < kFar && !as_written(out, factors, "compute").empty())
    return refuse(out, "compute", fmt::format("{}), which is implausible for a cost in FLOP", times),
                  cost_unit(1 / convention));
  if (convention > 20 || convention < 0.05)
    out.warnings.push_back(
        fmt::format("{}), which is implausible; check that the units are FLOP, parameters and tokens", times));
  else if (std::abs(convention - 1) > 0.005)
    out.notes.push_back(fmt::format("{} is {} times 6 n_params tokens (median; {} to {})", out.own_name("compute"),
                                    base::format_number(convention),
                                    base::format_number(*std::min_element(ratio.begin(), ratio.end())),
                                    base::format_number(*std::max_element(ratio.begin(), ratio.end()))));
}

}  // namespace

void check_magnitudes(const Factors& factors, const std::string& output, Rows& out) {
  check_parameters(factors, output, out);
  check_tokens(factors, out);
  check_compute(factors, out);
}

}  // namespace phaselaw::tables
