// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/heading.h"

#include <span>
#include <utility>

namespace phaselaw::laws {

namespace {

using Units = std::span<const std::pair<std::string_view, double>>;

constexpr std::pair<std::string_view, double> kCounts[] = {
    {"k", 1e3},        {"thousand", 1e3}, {"thousands", 1e3}, {"m", 1e6},         {"million", 1e6},
    {"millions", 1e6}, {"mio", 1e6},      {"b", 1e9},         {"bn", 1e9},        {"g", 1e9},
    {"billion", 1e9},  {"billions", 1e9}, {"t", 1e12},        {"trillion", 1e12}, {"trillions", 1e12}};
constexpr std::pair<std::string_view, double> kCosts[] = {{"flop", 1},
                                                          {"flops", 1},
                                                          {"gflop", 1e9},
                                                          {"gflops", 1e9},
                                                          {"tflop", 1e12},
                                                          {"tflops", 1e12},
                                                          {"pflop", 1e15},
                                                          {"pflops", 1e15},
                                                          {"eflop", 1e18},
                                                          {"eflops", 1e18},
                                                          {"zflop", 1e21},
                                                          {"zflops", 1e21},
                                                          {"pfdays", 8.64e19},
                                                          {"petaflopdays", 8.64e19},
                                                          {"petaflopsdays", 8.64e19}};  // a day of 1e15 FLOP a second

std::optional<double> among(Units units, const std::string& key) {
  for (const auto& [name, factor] : units)
    if (key == name) return factor;
  return std::nullopt;
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

std::optional<double> unit_factor(const KnownColumn& known, std::string_view unit) {
  const std::string key = plain_name(unit);
  if (key.empty()) return std::nullopt;
  if (key == plain_name(known.unit) || key + "s" == plain_name(known.unit)) return 1;
  if (known.unit == "parameters" || known.unit == "tokens") {
    if (const auto factor = among(kCounts, key)) return factor;
    if (!key.ends_with(known.unit)) return std::nullopt;
    return among(kCounts, key.substr(0, key.size() - known.unit.size()));  // "B tokens"
  }
  return known.unit == "FLOP" ? among(kCosts, key) : std::nullopt;
}

}  // namespace phaselaw::laws
