// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/units.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/number.h"

namespace phaselaw::tables {

namespace {

std::string factor_text(double factor) { return base::format_number(factor, 3, base::Notation::power); }
using base::NumberKind;

using Units = std::span<const std::pair<std::string_view, double>>;

constexpr std::pair<std::string_view, double> kCounts[] = {
    {"k", 1e3},        {"thousand", 1e3}, {"thousands", 1e3}, {"m", 1e6},         {"million", 1e6},
    {"millions", 1e6}, {"mio", 1e6},      {"b", 1e9},         {"bn", 1e9},        {"g", 1e9},
    {"billion", 1e9},  {"billions", 1e9}, {"t", 1e12},        {"trillion", 1e12}, {"trillions", 1e12}};
// Prefixes of FLOP: SI letters and words, and the numbers that people say.
constexpr std::pair<std::string_view, double> kPrefixes[] = {
    {"", 1},        {"k", 1e3},  {"kilo", 1e3},    {"m", 1e6},  {"mega", 1e6},   {"million", 1e6},   {"g", 1e9},
    {"giga", 1e9},  {"b", 1e9},  {"billion", 1e9}, {"t", 1e12}, {"tera", 1e12},  {"trillion", 1e12}, {"p", 1e15},
    {"peta", 1e15}, {"e", 1e18}, {"exa", 1e18},    {"z", 1e21}, {"zetta", 1e21}, {"y", 1e24},        {"yotta", 1e24}};
constexpr double kSecondsPerDay = 86400;

std::optional<double> among(Units units, const std::string& key) {
  for (const auto& [name, factor] : units)
    if (key == name) return factor;
  return std::nullopt;
}
constexpr double kSmallCount =
    1e4;  // a model or corpus below it is a toy, or is given in thousands, millions or billions
constexpr double kScalesApart = 1e4;  // smallest gap between neighbouring sizes of one table

std::string place(const Table& table, std::size_t row, std::size_t column) {
  return base::to_string(table.place(row, column));
}

// The factor by which small counts become plausible.
double factor_for(const std::string& name, double value) {
  if (name == "n_params") return value < 1000 && std::floor(value) != value ? 1e9 : 1e6;
  return 1e9;
}

}  // namespace

Heading heading_of(std::string_view header) {
  while (!header.empty() && header.back() == ' ') header.remove_suffix(1);
  if (header.empty() || (header.back() != ')' && header.back() != ']')) return {std::string(header), ""};
  const std::size_t open = header.rfind(header.back() == ')' ? '(' : '[');
  if (open == std::string_view::npos || open == 0) return {std::string(header), ""};
  std::string_view name = header.substr(0, open);
  while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
  return {std::string(name), std::string(header.substr(open + 1, header.size() - open - 2))};
}

namespace {

bool counts_things(const KnownColumn& known) {
  return known.unit == "parameters" || known.unit == "tokens" || known.unit == "steps" || known.unit == "sequences";
}

// PF-days and EFLOP, with any prefix. A rate, PFLOP/s, is no cost.
std::optional<double> cost_factor(std::string_view unit) {
  std::string key = plain_name(unit);
  double factor = 1;
  const bool days = key.ends_with("days") || key.ends_with("day");
  if (days) {
    factor = kSecondsPerDay;
    key.resize(key.rfind("day"));
    for (const std::string_view ending : {"flopss", "flops", "flop", "fs", "f"})
      if (key.ends_with(ending)) {
        key.resize(key.size() - ending.size());
        const auto prefix = among(kPrefixes, key);
        return prefix ? std::optional(*prefix * factor) : std::nullopt;
      }
    return std::nullopt;
  }
  if (unit.find("/s") != std::string_view::npos) return std::nullopt;
  for (const std::string_view ending : {"flops", "flop"})
    if (key.ends_with(ending)) {
      key.resize(key.size() - ending.size());
      break;
    }
  return among(kPrefixes, key);
}

// A power of ten at the beginning of a unit: "1e18", "10^18 FLOP", "x1e9 tokens". `rest`: what follows it.
std::optional<double> leading_power(std::string_view unit, std::string_view& rest) {
  const auto skip = [&](std::string_view characters) {
    while (!unit.empty() && characters.find(unit.front()) != std::string_view::npos) unit.remove_prefix(1);
  };
  skip(" x*");
  if (unit.starts_with("1e") || unit.starts_with("1E"))
    unit.remove_prefix(2);
  else if (unit.starts_with("10^"))
    unit.remove_prefix(3);
  else
    return std::nullopt;
  skip("+");
  int exponent = 0;
  const auto [end, error] = std::from_chars(unit.data(), unit.data() + unit.size(), exponent);
  constexpr int kLargest = 30;
  if (error != std::errc() || std::abs(exponent) > kLargest) return std::nullopt;
  unit.remove_prefix(static_cast<std::size_t>(end - unit.data()));
  skip(" ");
  rest = unit;
  return std::pow(10.0, exponent);
}

}  // namespace

std::optional<double> unit_factor(const KnownColumn& known, std::string_view unit) {
  std::string_view rest;
  if (const auto power = leading_power(unit, rest); power && (counts_things(known) || known.unit == "FLOP")) {
    const auto of_rest = rest.empty() ? std::optional(1.0) : unit_factor(known, rest);
    return of_rest ? std::optional(*power * *of_rest) : std::nullopt;
  }
  const std::string key = plain_name(unit);
  if (key.empty()) return std::nullopt;
  if (key == plain_name(known.unit) || key + "s" == plain_name(known.unit)) return 1;
  if (counts_things(known)) {
    if (const auto factor = among(kCounts, key)) return factor;
    if (!key.ends_with(known.unit)) return std::nullopt;
    return among(kCounts, key.substr(0, key.size() - known.unit.size()));  // "B tokens"
  }
  return known.unit == "FLOP" ? cost_factor(unit) : std::nullopt;
}

namespace {

// Whether the end of a heading is a unit, and not a word of the name: M, 1e18, millions, PF-days, EFLOP.
bool is_suffix(const KnownColumn& known, std::string_view name, std::string_view unit) {
  if (unit.size() == 1) {
    const char c = unit.front();
    if ((c >= 'A' && c <= 'Z') || c == 'k') return true;
    return name.size() > 1 && counts_things(known) && canonical_column(name) == known.name;
  }
  if (unit.starts_with("1e") || unit.starts_with("1E") || unit.starts_with("10^")) return true;
  const std::string key = plain_name(unit);
  if (among(kCounts, key)) return true;
  return known.unit == "FLOP" && (key.find("flop") != std::string::npos || key.ends_with("days"));
}

}  // namespace

std::optional<HeadingSuffix> suffix_unit(const KnownColumn& known, std::string_view header) {
  constexpr std::size_t kMostSplits = 3;  // PF-days has a sign within itself
  std::size_t at = header.size();
  std::optional<HeadingSuffix> found;
  for (std::size_t split = 0; split < kMostSplits && at > 0; ++split) {
    at = header.find_last_of("_ -/", at - 1);
    if (at == std::string_view::npos || at == 0) break;
    const std::string_view name = header.substr(0, at), unit = header.substr(at + 1);
    if (unit.empty() || !is_suffix(known, name, unit)) continue;
    if (const auto factor = unit_factor(known, unit)) found = HeadingSuffix{std::string(name), *factor};
  }
  return found;
}

std::optional<double> heading_factor(const KnownColumn& known, std::string_view header) {
  if (const Heading heading = heading_of(header); !heading.unit.empty()) return unit_factor(known, heading.unit);
  const auto suffix = suffix_unit(known, header);
  return suffix ? std::optional(suffix->factor) : std::nullopt;
}

std::string units_text(const KnownColumn& known) {
  if (counts_things(known)) return " (known: k, M, B, T, their words, and powers such as 1e6)";
  if (known.unit == "FLOP")
    return " (known: FLOP with k, M, G, T, P, E, Z, Y before it, PF-days, and powers such as 1e18)";
  return "";
}

bool looks_like_a_unit(std::string_view text) {
  const std::string key = plain_name(text);
  constexpr std::size_t kLongestLetters = 4;  // M, Mio, GB, nats; a longer word says what is counted
  if (key.size() <= kLongestLetters) return !key.empty();
  if (key.find_first_of("0123456789") != std::string::npos) return true;
  for (const std::string_view part : {"flop", "byte", "day", "hour", "illion", "thousand"})
    if (key.find(part) != std::string::npos) return true;
  return false;
}

bool is_count(const std::string& name) { return name == "n_params" || name == "tokens" || name == "unique_tokens"; }

bool has_own_unit(const Table& table, std::size_t row, std::size_t column) {
  return table.count(row, column).kind == NumberKind::finite && !table.holds_numbers(column) &&
         base::parse_count(table.view(row, column)).kind == NumberKind::finite &&
         base::parse_number(table.view(row, column)).kind == NumberKind::not_a_number;
}

std::string own_unit_text(const Table& table, std::size_t row, std::size_t column, const std::string& name,
                          double factor) {
  return fmt::format(
      "{} has its own unit, but its column is multiplied by {}; give the unit only once, or use --scale {}=1",
      table.text(row, column), factor_text(factor), name);
}

NumericColumn numeric_column(const Table& table, std::size_t column, const std::string& name, const double* factor,
                             bool any_sign) {
  NumericColumn out;
  // These are 0 before the first step; every other quantity is a size.
  const bool zero_allowed = !is_count(name) || name == "tokens";
  const auto fault = [&](std::size_t row, const std::string& what) {
    out.values.clear();
    out.fault = fmt::format("{}: {}", place(table, row, column), what);
    return out;
  };
  out.values.reserve(table.n_rows());
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    base::Number number = table.number(row, column);
    const auto written = [&] { return table.text(row, column); };
    if (number.kind == NumberKind::not_a_number && !table.ambiguity(column).empty())
      return fault(row, table.ambiguity(column));
    if (number.kind == NumberKind::not_a_number && is_count(name)) number = table.count(row, column);
    if (factor != nullptr && *factor != 1 && has_own_unit(table, row, column))
      return fault(row, own_unit_text(table, row, column, name, *factor));
    if (factor != nullptr) number.value *= *factor;
    switch (number.kind) {
      case NumberKind::missing:
        return fault(
            row,
            fmt::format("expected a number for {}, found nothing; fill it in, or skip such rows with --where '{}!='",
                        name, table.header[column]));
      case NumberKind::not_finite:
        return fault(row, fmt::format("expected a finite number for {}, found {}; skip such rows with --where '{}>=0'",
                                      name, written(), table.header[column]));
      case NumberKind::out_of_range:
        return fault(row, fmt::format("expected a number within double precision for {}, found {}", name, written()));
      case NumberKind::not_a_number:
        return fault(row, fmt::format("expected a number for {}, found '{}'", name, written()));
      case NumberKind::finite:
        break;
    }
    if (!std::isfinite(number.value)) return fault(row, fmt::format("{} is beyond double precision", name));
    if (!any_sign && (number.value < 0 || (number.value == 0 && !zero_allowed)))
      return fault(row, fmt::format("expected {} {}, found {}", name, zero_allowed ? ">= 0" : "> 0", written()));
    out.values.push_back(number.value);
  }
  return out;
}

std::string unit_fault(const Table& table, std::size_t column, const std::string& name,
                       std::span<const double> values) {
  if (!is_count(name)) return "";
  if (std::all_of(values.begin(), values.end(), [](double value) { return value >= kSmallCount; })) return "";
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  const auto field = [&](std::size_t row) { return table.text(row, column); };
  // Two scales: divided at the widest gap between neighbours above zero.
  for (std::size_t i = 1; i < order.size(); ++i) {
    const double below = values[order[i - 1]], above = values[order[i]];
    const bool whole = std::floor(below) == below;
    if (below > 0 && below < kSmallCount && above >= kScalesApart * below && (name == "n_params" || !whole))
      return fmt::format("{}: mixed units in {}: {} here, {} in line {}; write all rows in single {}",
                         place(table, order[i - 1], column), name, field(order[i - 1]), field(order[i]),
                         table.line(order[i]), name == "n_params" ? "parameters" : "tokens");
  }
  for (std::size_t row = 0; row < values.size(); ++row)
    if (values[row] < kSmallCount && std::floor(values[row]) != values[row]) {
      const double factor = factor_for(name, values[row]);
      return fmt::format(
          "{}: expected a number of {} such as 1.4e9, found {}; "
          "if it is given in {}, multiply it by {}: --scale {}={} (use --scale {}=1 to take it as it is)",
          place(table, row, column), name == "n_params" ? "parameters" : "tokens", field(row),
          factor == 1e9 ? "billions" : "millions", factor_text(factor), name, factor_text(factor), name);
    }
  return "";
}

}  // namespace phaselaw::tables
