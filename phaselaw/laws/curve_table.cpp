// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/curve_table.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/columns.h"

namespace phaselaw::laws {

namespace {

constexpr std::size_t kFewestRows = 5;  // of a loss column that a run is read from

// Losses and runs have an order of preference here; the other meanings are known columns (columns.h).
const std::vector<std::string> kLosses = {"excessrisk", "valloss",     "validationloss", "validloss",
                                          "testloss",   "evalloss",    "lossvalidation", "loss",
                                          "trainloss",  "trainingloss"};
const std::vector<std::string> kRuns = {"run", "runid", "runname", "hyperid", "model", "exp", "name"};
const std::vector<std::string> kAxes = {"step",     "tokens", "compute",       "lr",
                                        "n_params", "n_data", "unique_tokens", "flops_per_step"};

// train/loss is a training loss; config.lr a learning rate.
std::string plain(std::string_view name) {
  std::string text(name);
  std::erase(text, '/');
  return plain_name(text);
}
std::string axis_of(std::string_view header) {
  const std::string whole = canonical_column(header);
  if (const auto at = header.find_last_of("/."); whole == header && at != std::string_view::npos)
    return canonical_column(header.substr(at + 1));
  return whole;
}

using ColumnsOf = std::map<std::string, std::vector<std::size_t>>;  // by meaning, in order of preference

ColumnsOf find_columns(const Table& table, const std::map<std::string, std::string>& columns) {
  ColumnsOf found;
  const auto by_name = [&](const std::vector<std::string>& names) {
    std::vector<std::size_t> list;
    for (const std::string& name : names)
      for (std::size_t c = 0; c < table.header.size(); ++c)
        if (plain(table.header[c]) == name) list.push_back(c);
    return list;
  };
  found["loss"] = by_name(kLosses);
  found["grad_norm"] = by_name({"gradnorm", "gradientnorm", "traingradnorm"});
  found["run"] = by_name(kRuns);
  if (found["run"].size() > 1) found["run"].erase(found["run"].begin() + 1, found["run"].end());
  for (const std::string& axis : kAxes) {
    auto& list = found[axis];
    for (std::size_t c = 0; c < table.header.size(); ++c)
      if (axis_of(table.header[c]) == axis) list.push_back(c);
    // A column of just that name goes before one that may mean it.
    std::stable_partition(list.begin(), list.end(),
                          [&](std::size_t c) { return plain_name(table.header[c]) == plain_name(axis); });
  }
  if (found["n_data"].empty()) found["n_data"] = found["unique_tokens"];
  for (const auto& [meaning, own] : columns) {
    std::vector<std::size_t> list;
    std::string_view rest = own;
    for (bool more = true; more;) {
      const auto plus = meaning == "run" ? rest.find('+') : std::string_view::npos;
      list.push_back(table.column(rest.substr(0, plus)));
      more = plus != std::string_view::npos;
      if (more) rest.remove_prefix(plus + 1);
    }
    found[meaning] = std::move(list);
  }
  return found;
}

// The cell as a number; std::nullopt where nothing was recorded. NaN and infinity are numbers here.
std::optional<double> recorded(const Table& table, std::size_t row, std::size_t column) {
  const Table::Field& field = table.rows[row][column];
  const FieldNumber number = parse_number(field.text);
  switch (number.kind) {
    case NumberKind::finite:
      return number.value;
    case NumberKind::missing:
      return {};
    case NumberKind::not_finite:
      return field.text.find_first_of("iI") != std::string::npos ? INFINITY : kNotKnown;
    case NumberKind::out_of_range:
      return INFINITY;
    case NumberKind::not_a_number:
      break;
  }
  throw base::InputError({table.source, field.line, field.column},
                         fmt::format("expected a number in {}, found '{}'", table.header[column], field.text));
}

double number_or_nan(const Table& table, std::size_t row, const std::vector<std::size_t>& columns) {
  for (const std::size_t column : columns)
    if (const auto value = recorded(table, row, column)) return *value;
  return kNotKnown;
}

struct Series {
  std::vector<std::size_t> rows;
  std::vector<double> value;
};

// The recorded values of a column over a run's rows.
Series series_of(const Table& table, const std::vector<std::size_t>& rows, std::size_t column) {
  Series series;
  std::size_t not_finite = 0;
  bool finite_after = false;
  for (const std::size_t row : rows) {
    const auto value = recorded(table, row, column);
    if (!value) continue;
    series.rows.push_back(row);
    series.value.push_back(*value);
    if (std::isnan(*value)) ++not_finite;
    if (not_finite > 0 && std::isfinite(*value)) finite_after = true;
  }
  if (finite_after && 2 * not_finite > series.value.size()) {
    Series kept;
    for (std::size_t i = 0; i < series.rows.size(); ++i)
      if (!std::isnan(series.value[i])) {
        kept.rows.push_back(series.rows[i]);
        kept.value.push_back(series.value[i]);
      }
    return kept;
  }
  return series;
}

struct Clock {
  const Table& table;
  const ColumnsOf& columns;
  [[nodiscard]] bool has(const char* meaning) const { return !columns.at(meaning).empty(); }
  [[nodiscard]] double at(const char* meaning, std::size_t row) const {
    return number_or_nan(table, row, columns.at(meaning));
  }
  [[nodiscard]] std::vector<double> all(const char* meaning, const std::vector<std::size_t>& rows) const {
    std::vector<double> out;
    if (has(meaning))
      for (const std::size_t row : rows) out.push_back(at(meaning, row));
    const bool known = std::any_of(out.begin(), out.end(), [](double x) { return std::isfinite(x); });
    return known ? out : std::vector<double>();
  }
  [[nodiscard]] double position(std::size_t row) const {
    for (const char* meaning : {"step", "tokens", "compute"})
      if (has(meaning)) return at(meaning, row);
    return kNotKnown;
  }
};

CurveData curve_of(const Clock& clock, const std::string& name, std::vector<std::size_t> rows) {
  const Table& table = clock.table;
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::size_t a, std::size_t b) { return clock.position(a) < clock.position(b); });
  CurveData curve;
  curve.name = name;
  std::vector<std::pair<std::size_t, Series>> losses;
  for (const std::size_t column : clock.columns.at("loss")) {
    Series series = series_of(table, rows, column);
    if (!series.rows.empty()) losses.emplace_back(column, std::move(series));
  }
  if (losses.empty()) {
    curve.notes.push_back("no loss was recorded");
    return curve;
  }
  auto chosen =
      std::find_if(losses.begin(), losses.end(), [](const auto& l) { return l.second.rows.size() >= kFewestRows; });
  if (chosen == losses.end()) chosen = losses.begin();
  const Series& main = chosen->second;
  curve.quantity = table.header[chosen->first];
  curve.loss = main.value;
  curve.step = clock.all("step", main.rows);
  curve.tokens = clock.all("tokens", main.rows);
  curve.compute = clock.all("compute", main.rows);
  if (curve.compute.empty() && clock.has("flops_per_step") && !curve.step.empty()) {
    for (std::size_t i = 0; i < main.rows.size(); ++i)
      curve.compute.push_back(curve.step[i] * clock.at("flops_per_step", main.rows[i]));
  }
  for (const auto& [column, series] : losses) {
    if (column == chosen->first || !is_training_loss(plain(table.header[column]))) continue;
    if (series.rows.size() < 2 * main.rows.size()) continue;
    curve.dense_quantity = table.header[column];
    curve.dense_loss = series.value;
    for (const std::size_t row : series.rows) curve.dense_step.push_back(clock.position(row));
    curve.notes.push_back(
        fmt::format("{} is recorded {} times more often and is looked at for instabilities; to fit it, "
                    "--col loss={}",
                    curve.dense_quantity, series.rows.size() / main.rows.size(), curve.dense_quantity));
    break;
  }
  for (const std::size_t row : rows) {
    const double position = clock.position(row);
    if (const double lr = clock.at("lr", row); std::isfinite(lr) && lr >= 0 && std::isfinite(position) &&
                                               (curve.rates.step.empty() || position > curve.rates.step.back())) {
      curve.rates.step.push_back(position);
      curve.rates.lr.push_back(lr);
    }
    if (const double norm = clock.at("grad_norm", row); !std::isnan(norm)) {
      curve.grad_step.push_back(position);
      curve.grad_norm.push_back(norm);
    }
  }
  if (std::all_of(curve.rates.lr.begin(), curve.rates.lr.end(), [](double lr) { return lr == 0; })) curve.rates = {};
  curve.n_params = clock.at("n_params", rows.front());
  curve.n_data = clock.at("n_data", rows.front());
  return curve;
}

std::string stem_of(const std::string& source) {
  std::filesystem::path path = std::filesystem::path(source).filename();
  if (path.extension() == ".gz") path = path.stem();
  return path.stem().string();
}

}  // namespace

const std::vector<std::string>& curve_meanings() {
  static const std::vector<std::string> names = {"loss", "run",       "step",     "tokens", "compute",
                                                 "lr",   "grad_norm", "n_params", "n_data", "flops_per_step"};
  return names;
}

std::vector<CurveData> curve_data_from(const Table& table, const std::map<std::string, std::string>& columns) {
  const ColumnsOf found = find_columns(table, columns);
  const auto need = [&](bool present, const char* what, const char* example) {
    if (!present)
      throw base::InputError({table.source, 1, 0},
                             fmt::format("expected a column of {}, found: {}; name it with --col {}=COLUMN", what,
                                         fmt::join(table.header, ", "), example));
  };
  need(!found.at("loss").empty(), "the loss (val_loss, test_loss, loss, train_loss, excess_risk)", "loss");
  need(!found.at("step").empty() || !found.at("tokens").empty() || !found.at("compute").empty(),
       "what has been spent (step, tokens or compute)", "step");
  if (table.rows.empty()) throw base::InputError({table.source}, "expected rows below the header, found none");

  std::vector<std::string> names;
  std::map<std::string, std::vector<std::size_t>> rows;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    std::string name;
    for (const std::size_t column : found.at("run")) name += (name.empty() ? "" : " ") + table.rows[i][column].text;
    auto& own = rows[name];
    if (own.empty()) names.push_back(name);
    own.push_back(i);
  }
  const Clock clock{table, found};
  std::vector<CurveData> curves;
  for (const std::string& name : names)
    curves.push_back(curve_of(clock, name.empty() ? stem_of(table.source) : name, rows[name]));
  return curves;
}

std::vector<CurveData> read_curve_data(const std::string& path, const std::map<std::string, std::string>& columns) {
  return curve_data_from(read_table(path), columns);
}

}  // namespace phaselaw::laws
