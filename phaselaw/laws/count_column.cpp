// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/count_column.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "phaselaw/base/errors.h"

namespace phaselaw::laws {

namespace {

constexpr double kSmallCount = 1e4;   // a model or a corpus below it is a toy, or in thousands, millions or billions
constexpr double kScalesApart = 1e4;  // between neighbouring sizes of one table

std::string place(const Table& table, std::size_t row, std::size_t column) {
  const Table::Field& field = table.rows[row][column];
  return base::to_string({table.source, field.line, field.column});
}

// 70M, 1.4B, 300 B: the number with its unit.
std::optional<double> with_suffix(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  static constexpr std::pair<char, double> kUnits[] = {{'K', 1e3}, {'M', 1e6},  {'B', 1e9},
                                                       {'G', 1e9}, {'T', 1e12}, {'k', 1e3}};
  for (const auto& [letter, factor] : kUnits)
    if (text.back() == letter) {
      const FieldNumber number = parse_number(text.substr(0, text.size() - 1));
      if (number.kind == NumberKind::finite) return number.value * factor;
    }
  return std::nullopt;
}

// What to multiply by so that small counts become plausible ones.
double factor_for(const std::string& name, double value) {
  if (name == "n_params") return value < 1000 && std::floor(value) != value ? 1e9 : 1e6;
  return 1e9;
}

}  // namespace

std::string factor_text(double factor) {
  std::string text = fmt::format("{:g}", factor);
  for (const char* padding : {"e+0", "e+"})
    if (const auto at = text.find(padding); at != std::string::npos)
      text.replace(at, std::string_view(padding).size(), "e");
  return text;
}

bool is_count(const std::string& name) { return name == "n_params" || name == "tokens" || name == "unique_tokens"; }

NumericColumn numeric_column(const Table& table, std::size_t column, const std::string& name, const double* factor) {
  NumericColumn out;
  // Before the first step these are 0; every other quantity is a size.
  const bool zero_allowed = !is_count(name) || name == "tokens";
  const auto fault = [&](std::size_t row, const std::string& what) {
    out.values.clear();
    out.fault = fmt::format("{}: {}", place(table, row, column), what);
    return out;
  };
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const std::string& text = table.rows[row][column].text;
    FieldNumber number = parse_number(text);
    if (number.kind == NumberKind::not_a_number && is_count(name))
      if (const auto value = with_suffix(text)) {
        if (factor != nullptr && *factor != 1)
          return fault(row, fmt::format("{} has a unit of its own in a column that is multiplied by {}; write the "
                                        "unit once, or --scale {}=1",
                                        text, factor_text(*factor), name));
        number = {NumberKind::finite, *value};
      }
    if (factor != nullptr) number.value *= *factor;
    switch (number.kind) {
      case NumberKind::missing:
        return fault(row, fmt::format("expected a number for {}, found nothing; fill it in, or leave such rows out "
                                      "with --where '{}!='",
                                      name, table.header[column]));
      case NumberKind::not_finite:
        return fault(row, fmt::format("expected a finite number for {}, found {}; leave such rows out with --where "
                                      "'{}>=0'",
                                      name, text, table.header[column]));
      case NumberKind::out_of_range:
        return fault(row, fmt::format("expected a number within double precision for {}, found {}", name, text));
      case NumberKind::not_a_number:
        return fault(row, fmt::format("expected a number for {}, found '{}'", name, text));
      case NumberKind::finite:
        break;
    }
    if (!std::isfinite(number.value)) return fault(row, fmt::format("{} is beyond double precision", name));
    if (number.value < 0 || (number.value == 0 && !zero_allowed))
      return fault(row, fmt::format("expected {} {}, found {}", name, zero_allowed ? ">= 0" : "> 0", text));
    out.values.push_back(number.value);
  }
  return out;
}

std::string unit_fault(const Table& table, std::size_t column, const std::string& name,
                       std::span<const double> values) {
  if (!is_count(name)) return "";
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  const auto field = [&](std::size_t row) { return table.rows[row][column].text; };
  // Two scales: at the widest gap between neighbours above zero.
  for (std::size_t i = 1; i < order.size(); ++i) {
    const double below = values[order[i - 1]], above = values[order[i]];
    const bool whole = std::floor(below) == below;
    if (below > 0 && below < kSmallCount && above >= kScalesApart * below && (name == "n_params" || !whole))
      return fmt::format("{}: mixed units in {}: {} here, {} in line {}; write every row in single {}",
                         place(table, order[i - 1], column), name, field(order[i - 1]), field(order[i]),
                         table.rows[order[i]][column].line, name == "n_params" ? "parameters" : "tokens");
  }
  for (std::size_t row = 0; row < values.size(); ++row)
    if (values[row] < kSmallCount && std::floor(values[row]) != values[row]) {
      const double factor = factor_for(name, values[row]);
      return fmt::format(
          "{}: expected a number of {} such as 1.4e9, found {}; if it is in {}, multiply it by {}: "
          "--scale {}={} (--scale {}=1 to take it as it is)",
          place(table, row, column), name == "n_params" ? "parameters" : "tokens", field(row),
          factor == 1e9 ? "billions" : "millions", factor_text(factor), name, factor_text(factor), name);
    }
  return "";
}

}  // namespace phaselaw::laws
