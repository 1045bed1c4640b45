// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/runs.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <unordered_map>

#include "phaselaw/base/errors.h"

namespace phaselaw::tables {

namespace {

constexpr std::size_t kFewestRows = 5;  // values of a loss needed to use it for a run

using Indices = std::vector<std::size_t>;

// Columns of rows by name; NaN for a missing column.
class Axes {
 public:
  explicit Axes(const Rows& rows) : rows_(rows) {
    for (const char* name : {"step", "tokens", "compute"})
      if (position_ == nullptr) position_ = find(name);
  }
  [[nodiscard]] bool has_position() const { return position_ != nullptr; }
  [[nodiscard]] double position(std::size_t i) const { return (*position_)[i]; }
  [[nodiscard]] const std::vector<double>* find(std::string_view name) const {
    const Columns& columns = rows_.data.columns;
    const auto at = std::find(columns.names.begin(), columns.names.end(), name);
    return at == columns.names.end() ? nullptr : &columns.values[static_cast<std::size_t>(at - columns.names.begin())];
  }
  // The values at these rows; empty if all are missing.
  [[nodiscard]] std::vector<double> at(std::string_view name, const Indices& chosen) const {
    const std::vector<double>* column = find(name);
    if (column == nullptr) return {};
    std::vector<double> out = picked(*column, chosen);
    const bool known = std::any_of(out.begin(), out.end(), [](double x) { return std::isfinite(x); });
    return known ? out : std::vector<double>();
  }
  [[nodiscard]] double first(std::string_view name, const Indices& chosen) const {
    const std::vector<double> values = at(name, chosen);
    return values.empty() ? base::kNaN : values.front();
  }

 private:
  const Rows& rows_;
  const std::vector<double>* position_ = nullptr;
};

// In a sparse record, NaN between values means that nothing was recorded there.
Indices without_gaps(const Rows& rows, const Indices& chosen) {
  std::size_t not_a_number = 0;
  bool finite_after = false;
  for (const std::size_t i : chosen) {
    if (std::isnan(rows.data.output[i])) ++not_a_number;
    finite_after = finite_after || (not_a_number > 0 && std::isfinite(rows.data.output[i]));
  }
  if (!finite_after || 2 * not_a_number <= chosen.size()) return chosen;
  Indices kept;
  for (const std::size_t i : chosen)
    if (!std::isnan(rows.data.output[i])) kept.push_back(i);
  return kept;
}

void add_rates(const Rows& rows, const Axes& axes, const Indices& chosen, LearningRates& rates) {
  for (const std::size_t i : chosen) {
    const double lr = rows.data.output[i], position = axes.position(i);
    if (!std::isfinite(lr) || lr < 0 || !std::isfinite(position)) continue;
    if (!rates.step.empty() && position <= rates.step.back()) continue;
    rates.step.push_back(position);
    rates.lr.push_back(lr);
  }
  if (std::all_of(rates.lr.begin(), rates.lr.end(), [](double lr) { return lr == 0; })) rates = {};
}

// `of_stream`: the run's rows in each stream, by position.
Curve curve_of(const Rows& rows, const Axes& axes, std::string name, const std::vector<Indices>& of_stream) {
  Curve curve;
  curve.name = std::move(name);
  std::vector<std::size_t> losses;
  for (std::size_t s = 0; s < rows.streams.size(); ++s) {
    const Indices& own = of_stream[s];
    if (own.empty()) continue;
    if (rows.streams[s].name == "lr") {
      add_rates(rows, axes, own, curve.rates);
    } else if (rows.streams[s].name == "grad_norm") {
      for (const std::size_t i : own) {
        if (std::isnan(rows.data.output[i])) continue;
        curve.grad_step.push_back(axes.position(i));
        curve.grad_norm.push_back(rows.data.output[i]);
      }
    } else {
      losses.push_back(s);
    }
  }
  if (losses.empty()) {
    curve.notes.emplace_back("no loss was recorded");
    return curve;
  }
  auto chosen =
      std::find_if(losses.begin(), losses.end(), [&](std::size_t s) { return of_stream[s].size() >= kFewestRows; });
  if (chosen == losses.end()) chosen = losses.begin();
  const Indices& main = of_stream[*chosen];
  curve.quantity = rows.streams[*chosen].heading;
  curve.role = rows.streams[*chosen].role;
  curve.loss = picked(rows.data.output, main);
  curve.step = axes.at("step", main);
  curve.tokens = axes.at("tokens", main);
  curve.compute = axes.at("compute", main);
  if (const auto cost = axes.at("flops_per_step", main); curve.compute.empty() && !cost.empty() && !curve.step.empty())
    for (std::size_t i = 0; i < main.size(); ++i) curve.compute.push_back(curve.step[i] * cost[i]);
  curve.n_params = axes.first("n_params", main);
  curve.n_data = axes.first("n_data", main);
  if (std::isnan(curve.n_data)) curve.n_data = axes.first("unique_tokens", main);
  for (const std::size_t s : losses) {
    const Indices& own = of_stream[s];
    if (s == *chosen || rows.streams[s].role != Role::training || own.size() < 2 * main.size()) continue;
    curve.dense_quantity = rows.streams[s].heading;
    curve.dense_loss = picked(rows.data.output, own);
    for (const std::size_t i : own) curve.dense_step.push_back(axes.position(i));
    curve.notes.push_back(fmt::format(
        "{} is recorded {} times more often and is used to find instabilities; to fit it, use --col loss={}",
        curve.dense_quantity, own.size() / main.size(), curve.dense_quantity));
    break;
  }
  return curve;
}

std::string stem_of(const std::string& source) {
  std::filesystem::path path = std::filesystem::path(source).filename();
  if (path.extension() == ".gz") path = path.stem();
  return path.stem().string();
}

}  // namespace

std::vector<Curve> curves_from(const Rows& rows) {
  const Axes axes(rows);
  if (!axes.has_position())
    throw base::InputError(
        {rows.table.source(), 1, 0},
        fmt::format(
            "a column of progress (step, tokens or compute) is needed, found: {}; name it with --col step=COLUMN",
            fmt::join(rows.table.header, ", ")));
  const std::vector<std::string>& names = rows.run_names;
  std::unordered_map<std::string, std::size_t> position;
  for (std::size_t r = 0; r < names.size(); ++r) position.emplace(names[r], r);
  std::vector<std::vector<Indices>> of_run(names.size(), std::vector<Indices>(rows.streams.size()));
  for (std::size_t i = 0; i < rows.n_rows(); ++i) of_run[position.at(rows.run[i])][rows.stream[i]].push_back(i);
  std::vector<Curve> curves;
  for (std::size_t r = 0; r < names.size(); ++r) {
    for (Indices& own : of_run[r]) {
      std::stable_sort(own.begin(), own.end(), [&](std::size_t a, std::size_t b) {
        return axes.position(a) < axes.position(b) || (std::isnan(axes.position(b)) && !std::isnan(axes.position(a)));
      });
      own = without_gaps(rows, own);
    }
    curves.push_back(curve_of(rows, axes, names[r].empty() ? stem_of(rows.table.source()) : names[r], of_run[r]));
  }
  return curves;
}

void keep_runs(std::vector<Curve>& curves, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::vector<std::string> known;
  for (const auto& curve : curves) known.push_back(curve.name);
  for (const std::string& wanted : names)
    if (std::find(known.begin(), known.end(), wanted) == known.end())
      throw base::InputError({"--run"}, base::unknown_name("run", wanted, known));
  std::erase_if(curves,
                [&](const Curve& curve) { return std::find(names.begin(), names.end(), curve.name) == names.end(); });
}

}  // namespace phaselaw::tables
