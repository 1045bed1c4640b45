// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/grid.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace phaselaw::sweep {

using base::InputError;
using base::Value;

namespace {

// n_params = { from = 1e4, to = 1e7, points = 7 }: equal ratios, including both ends, rounded to whole numbers.
std::vector<Value> size_range(const Value& range) {
  const std::vector<std::string> known = {"from", "to", "points"};
  for (const auto& [key, value] : range.entries())
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw InputError(value.where(), base::unknown_name("key in grid.n_params", key, known));
  const double from = range.at("from").number(), to = range.at("to").number();
  const std::int64_t points = range.at("points").integer();
  if (!(from >= 1 && to > from && to <= model::kMostParameters) || points < 2 || points > 10000)
    throw InputError(
        range.where(),
        fmt::format(
            "grid.n_params: expected 1 <= from < to <= {} and 2 <= points <= 10000; found from {}, to {}, points {}",
            model::kMostParameters, from, to, points));
  std::vector<Value> sizes;
  for (std::int64_t i = 0; i < points; ++i) {
    Value size(std::round(from * std::pow(to / from, static_cast<double>(i) / static_cast<double>(points - 1))));
    size.set_where(range.where());
    sizes.push_back(std::move(size));
  }
  return sizes;
}

std::vector<Value> sizes_of(const Value& value) {
  if (value.is_table()) return size_range(value);
  if (!value.is_list() || value.list().empty())
    throw InputError(
        value.where(),
        fmt::format(
            "grid.n_params: expected a list with at least one number, or a table with from, to and points; found {}",
            value.is_list() ? "an empty list" : value.kind()));
  for (const Value& size : value.list())
    if (const base::Domain sizes = base::at_least(1).up_to(model::kMostParameters);
        !size.is_number() || !sizes.contains(size.number()))
      throw InputError(size.where(), fmt::format("grid.n_params: expected numbers {}; found {}",
                                                 sizes.beside(size.is_number() ? size.number() : 0).to_string(),
                                                 size.is_number() ? fmt::to_string(size.number()) : size.kind()));
  return value.list();
}

std::vector<std::string> linked_keys(const std::string& name) {
  std::vector<std::string> keys(1);
  for (const char c : name) {
    if (c == ',')
      keys.emplace_back();
    else if (c != ' ')
      keys.back() += c;
  }
  return keys;
}

void require_grid_key(const std::string& name, const Value& value) {
  const auto dot = name.find('.');
  if (dot == std::string::npos)
    throw InputError(value.where(), base::unknown_name("key in [grid]", name, {"seeds", "n_params"}) +
                                        "; other keys are written section.key, such as \"data.n_data\"");
  const std::string part = name.substr(0, dot);
  if (part == "kernel" || part == "flow")
    throw InputError(
        value.where(),
        fmt::format("grid key '{}': [{}] does not affect a training run; vary keys of model, data or training", name,
                    part));
  const std::vector<std::string> varied = {"model", "data", "training"};
  if (std::find(varied.begin(), varied.end(), part) == varied.end())
    throw InputError(value.where(), base::unknown_name("section in a grid key", part, varied));
}

// A value that occurs twice would repeat the same runs with the same seeds, which would count as independent ones.
void require_distinct(const GridAxis& axis) {
  std::set<std::string> seen;
  for (const Value& value : axis.values) {
    const bool whole = value.is_number() && value.number() == std::round(value.number());
    const std::string text = whole ? fmt::format("{:.0f}", value.number()) : base::to_json(value, -1);
    if (!seen.insert(text).second)
      throw InputError(value.where(),
                       fmt::format("grid key '{}': the value {} occurs twice; remove one, or repeat every run with "
                                   "other seeds by seeds = 2",
                                   axis.key, text));
  }
}

GridAxis axis_of(const std::string& name, const Value& value) {
  GridAxis axis{.key = name, .values = {}, .keys = linked_keys(name)};
  for (const auto& key : axis.keys) require_grid_key(key, value);
  if (!value.is_list() || value.list().empty())
    throw InputError(value.where(), fmt::format("grid key '{}': expected a list with at least one value, found {}",
                                                name, value.is_list() ? "an empty list" : value.kind()));
  axis.values = value.list();
  if (axis.keys.size() > 1)
    for (const Value& item : axis.values)
      if (!item.is_list() || item.list().size() != axis.keys.size())
        throw InputError(
            item.where(),
            fmt::format("grid keys '{}' change together: expected lists of {} values, found {}", name, axis.keys.size(),
                        item.is_list() ? fmt::format("a list of {}", item.list().size()) : item.kind()));
  return axis;
}

// Both spellings of a dotted key, "data.n_data" = [..] and data.n_data = [..], mean the same axis.
void collect(const Value& node, const std::string& prefix, Grid& grid) {
  for (const auto& [key, value] : node.entries()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (name == "n_params") {
      grid.axes.push_back({name, sizes_of(value), {name}});
      continue;
    }
    if (value.is_table()) {
      collect(value, name, grid);
      continue;
    }
    if (name == "seeds") {
      grid.seeds = value.integer();
      if (grid.seeds < 1) throw InputError(value.where(), fmt::format("grid.seeds must be >= 1; found {}", grid.seeds));
      continue;
    }
    grid.axes.push_back(axis_of(name, value));
  }
}

bool has_axis(const Grid& grid, const std::string& key) {
  return std::any_of(grid.axes.begin(), grid.axes.end(), [&](const GridAxis& axis) {
    return std::find(axis.keys.begin(), axis.keys.end(), key) != axis.keys.end();
  });
}

void check_ladder(const Grid& grid, const Value* ladder) {
  if (!has_axis(grid, "n_params")) {
    if (ladder != nullptr)
      throw InputError(ladder->where(), "a [ladder] needs sizes; add n_params = [1e4, 1e5] to [grid]");
    return;
  }
  for (const auto& key : grid.set_by_ladder())
    if (has_axis(grid, key))
      throw InputError(grid.where,
                       fmt::format("grid key '{}': the ladder sets it from n_params; remove one of them", key));
}

}  // namespace

double Grid::combinations() const {
  double count = 1;
  for (const auto& axis : axes) count *= static_cast<double>(axis.values.size());
  return count;
}

std::vector<Value> Grid::values_at(double combination) const {
  std::vector<Value> values(axes.size());
  for (std::size_t i = axes.size(); i-- > 0;) {
    const auto size = static_cast<double>(axes[i].values.size());
    const double quotient = std::floor(combination / size);
    values[i] = axes[i].values[static_cast<std::size_t>(combination - quotient * size)];
    combination = quotient;
  }
  return values;
}

std::string Grid::in_words(double combination) const {
  const std::vector<Value> values = values_at(combination);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < axes.size(); ++i)
    parts.push_back(fmt::format("{} = {}", axes[i].key, base::to_json(values[i], -1)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::set<std::string> Grid::set_by_ladder() const {
  if (!has_axis(*this, "n_params")) return {};
  std::set<std::string> keys = {"model.d_hidden"};
  if (ladder.vary != LadderVary::d_hidden) keys.insert({"model.n_layers", "model.d_model", "model.n_heads"});
  if (ladder.tokens_per_param > 0) keys.insert("training.steps");
  return keys;
}

Grid grid_from(const Value& document) {
  Grid grid;
  const Value* ladder = document.find("ladder");
  if (ladder != nullptr) base::read_fields(*ladder, grid.ladder, "ladder");
  if (const Value* section = document.find("grid")) {
    grid.where = section->where();
    if (section->entries().empty())
      throw InputError(section->where(),
                       "the grid is empty; add keys such as \"data.n_data\" = [32, 64] or seeds = 3, or remove [grid]");
    collect(*section, "", grid);
  }
  std::sort(grid.axes.begin(), grid.axes.end(), [](const GridAxis& a, const GridAxis& b) { return a.key < b.key; });
  std::set<std::string> seen;
  for (const auto& axis : grid.axes) require_distinct(axis);
  for (const auto& axis : grid.axes)
    for (const auto& key : axis.keys)
      if (!seen.insert(key).second)
        throw InputError(grid.where, fmt::format("grid key '{}' is in two axes; keep one of them", key));
  check_ladder(grid, ladder);
  return grid;
}

}  // namespace phaselaw::sweep
