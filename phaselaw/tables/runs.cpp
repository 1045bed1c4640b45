// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/runs.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "phaselaw/base/errors.h"
#include "phaselaw/tables/run_columns.h"

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
void without_gaps(const Rows& rows, Indices& chosen) {
  std::size_t not_a_number = 0;
  bool finite_after = false;
  for (const std::size_t i : chosen) {
    if (std::isnan(rows.data.output[i])) ++not_a_number;
    finite_after = finite_after || (not_a_number > 0 && std::isfinite(rows.data.output[i]));
  }
  if (finite_after && 2 * not_a_number > chosen.size())
    std::erase_if(chosen, [&](std::size_t i) { return std::isnan(rows.data.output[i]); });
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

// The rows of a run, by stream.
struct RunRows {
  std::vector<std::pair<std::size_t, Indices>> streams;  // in the order of streams
};

bool is_loss(const Rows& rows, std::size_t stream) {
  return rows.streams[stream].name != "lr" && rows.streams[stream].name != "grad_norm";
}

void take_loss(const Rows& rows, const Axes& axes, std::size_t stream, const Indices& main, Curve& curve) {
  curve.quantity = rows.streams[stream].heading;
  curve.role = rows.streams[stream].role;
  curve.loss = picked(rows.data.output, main);
  curve.step = axes.at("step", main);
  curve.tokens = axes.at("tokens", main);
  curve.compute = axes.at("compute", main);
  if (const auto cost = axes.at("flops_per_step", main); curve.compute.empty() && !cost.empty() && !curve.step.empty())
    for (std::size_t i = 0; i < main.size(); ++i) curve.compute.push_back(curve.step[i] * cost[i]);
  curve.n_params = axes.first("n_params", main);
  curve.n_data = axes.first("n_data", main);
  if (std::isnan(curve.n_data)) curve.n_data = axes.first("unique_tokens", main);
}

// Whether a stream is a training loss. Beside a held-out loss a plain "loss" is one, as Keras and the trainer of Hugging
// Face write it.
bool is_training(const Rows& rows, std::size_t stream, const Curve& beside) {
  const Role role = rows.streams[stream].role;
  return role == Role::training || (role == Role::unspecified && beside.role == Role::held_out);
}

// The training loss beside a held-out one, or the other way round.
void take_partner(const Rows& rows, const Axes& axes, const RunRows& run, Curve& curve) {
  constexpr std::size_t kFewest = 3;
  const Role wanted = curve.role == Role::training ? Role::held_out : Role::training;
  for (const auto& [stream, own] : run.streams) {
    const bool fits = wanted == Role::training ? is_training(rows, stream, curve) : rows.streams[stream].role == wanted;
    if (!is_loss(rows, stream) || !fits || own.size() < kFewest) continue;
    curve.partner.quantity = rows.streams[stream].heading;
    curve.partner.role = wanted;
    curve.partner.loss = picked(rows.data.output, own);
    for (const std::size_t i : own) curve.partner.step.push_back(axes.position(i));
    return;
  }
}

void take_dense(const Rows& rows, const Axes& axes, const RunRows& run, std::size_t chosen, Curve& curve) {
  for (const auto& [stream, own] : run.streams) {
    if (!is_loss(rows, stream) || stream == chosen || !is_training(rows, stream, curve) ||
        own.size() < 2 * curve.loss.size())
      continue;
    curve.dense_quantity = rows.streams[stream].heading;
    curve.dense_loss = picked(rows.data.output, own);
    for (const std::size_t i : own) curve.dense_step.push_back(axes.position(i));
    curve.notes.push_back(fmt::format(
        "{} is recorded {} times more often and is used to find instabilities; to fit it, use --col loss={}",
        curve.dense_quantity, own.size() / curve.loss.size(), curve.dense_quantity));
    return;
  }
}

// What all curves of a run share.
Curve common_of(const Rows& rows, const Axes& axes, const std::string& name, const RunRows& run) {
  Curve curve;
  curve.name = name;
  for (const auto& [stream, own] : run.streams) {
    if (rows.streams[stream].name == "lr" && !curve.rates.known()) {
      add_rates(rows, axes, own, curve.rates);
    } else if (rows.streams[stream].name == "grad_norm") {
      for (const std::size_t i : own) {
        if (std::isnan(rows.data.output[i])) continue;
        curve.grad_step.push_back(axes.position(i));
        curve.grad_norm.push_back(rows.data.output[i]);
      }
    }
  }
  return curve;
}

// One curve of a run; of a table in long form, one for each loss.
void add_curves(const Rows& rows, const Axes& axes, const std::string& name, const RunRows& run,
                std::vector<Curve>& curves) {
  const Curve common = common_of(rows, axes, name, run);
  std::vector<const std::pair<std::size_t, Indices>*> losses, chosen;
  for (const auto& stream : run.streams)
    if (is_loss(rows, stream.first)) losses.push_back(&stream);
  for (const auto* loss : losses)
    if (loss->second.size() >= kFewestRows) chosen.push_back(loss);
  if (chosen.empty() && !losses.empty())  // too few for anything, so the longest says most
    chosen.push_back(*std::max_element(losses.begin(), losses.end(), [](const auto* a, const auto* b) {
      return a->second.size() < b->second.size();
    }));
  const bool long_form = !losses.empty() && !rows.streams[losses.front()->first].word.empty();
  if (!long_form && chosen.size() > 1) chosen.erase(chosen.begin() + 1, chosen.end());
  if (chosen.empty()) {
    curves.push_back(common);
    curves.back().notes.emplace_back("no loss was recorded");
  }
  for (const auto* loss : chosen) {
    Curve curve = common;
    take_loss(rows, axes, loss->first, loss->second, curve);
    take_partner(rows, axes, run, curve);
    if (long_form && losses.size() > 1) curve.name += fmt::format(" ({})", rows.streams[loss->first].word);
    if (!long_form) take_dense(rows, axes, run, loss->first, curve);
    curves.push_back(std::move(curve));
  }
  for (const auto* loss : losses) {
    const bool is_chosen = std::find(chosen.begin(), chosen.end(), loss) != chosen.end();
    if (is_chosen || loss->second.size() >= kFewestRows) continue;
    curves.back().notes.push_back(fmt::format("{} has {} row{}, which are too few for a curve of its own",
                                              rows.streams[loss->first].heading, loss->second.size(),
                                              loss->second.size() == 1 ? "" : "s"));
  }
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
  std::unordered_map<std::string_view, std::size_t> position;
  for (std::size_t r = 0; r < names.size(); ++r) position.emplace(names[r], r);
  std::vector<RunRows> runs(names.size());
  for (std::size_t i = 0; i < rows.n_rows(); ++i) {  // stream after stream
    auto& streams = runs[position.at(rows.run[i])].streams;
    if (streams.empty() || streams.back().first != rows.stream[i]) streams.emplace_back(rows.stream[i], Indices{});
    streams.back().second.push_back(i);
  }
  std::vector<Curve> curves;
  for (std::size_t r = 0; r < names.size(); ++r) {
    for (auto& [stream, own] : runs[r].streams) {
      const auto before = [&](std::size_t a, std::size_t b) {
        return axes.position(a) < axes.position(b) || (std::isnan(axes.position(b)) && !std::isnan(axes.position(a)));
      };
      if (!std::is_sorted(own.begin(), own.end(), before)) std::stable_sort(own.begin(), own.end(), before);
      without_gaps(rows, own);
    }
    add_curves(rows, axes, names[r].empty() ? stem_of(rows.table.source()) : names[r], runs[r], curves);
  }
  return curves;
}

CurveSet curves_of(std::vector<documents::Reading> readings, ReadOptions options) {
  options.every_stream = true;
  CurveSet out;
  std::vector<std::string> source;                                          // of each curve
  std::unordered_map<std::string, std::unordered_set<std::string>> places;  // the documents of each name
  for (documents::Reading& reading : readings) {
    const std::string path = reading.table.source();
    const Rows rows = rows_from(std::move(reading), options);
    documents::add_once(out.notes, rows.notes);
    documents::add_once(out.warnings, rows.warnings);
    documents::add_once(out.computed, rows.computed);
    for (Curve& curve : curves_from(rows)) {
      places[curve.name].insert(path);
      source.push_back(path);
      out.curves.push_back(std::move(curve));
    }
  }
  for (std::size_t i = 0; i < out.curves.size(); ++i) {
    Curve& curve = out.curves[i];
    if (places.at(curve.name).size() < 2) continue;
    const std::filesystem::path path(source[i]);
    const std::string stem = stem_of(source[i]);
    curve.name = curve.name.starts_with(stem) ? (path.parent_path() / curve.name).string()
                                              : fmt::format("{}/{}", stem, curve.name);
  }
  return out;
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
