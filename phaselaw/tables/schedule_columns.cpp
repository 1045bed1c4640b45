// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/schedule_columns.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/number.h"

namespace phaselaw::tables {

namespace {

constexpr std::size_t kFewestRates = 3;    // fewer records of a run are settings, and not its schedule
constexpr double kLongGap = 1000;          // steps: the memory of S2
constexpr double kLateFirstRecord = 0.02;  // share of the run

using Indices = std::vector<std::size_t>;

class Cells {
 public:
  Cells(const Table& table, const Recognised& found, const std::map<std::size_t, double>& factors)
      : table_(table), found_(found), factors_(factors) {}
  [[nodiscard]] bool has(const std::string& name) const { return found_.column.contains(name); }
  // NaN for a cell without a finite number.
  [[nodiscard]] double at(std::size_t row, std::size_t column) const {
    const base::Number number = table_.count(row, column);
    if (number.kind != base::NumberKind::finite) return base::kNaN;
    const auto factor = factors_.find(column);
    return factor == factors_.end() ? number.value : number.value * factor->second;
  }
  [[nodiscard]] double at(std::size_t row, const std::string& name) const { return at(row, found_.column.at(name)); }
  [[nodiscard]] double step(std::size_t row) const {
    return has("step") ? at(row, "step") : at(row, "tokens") / at(row, "batch");
  }

 private:
  const Table& table_;
  const Recognised& found_;
  const std::map<std::size_t, double>& factors_;
};

// The rows of each run by increasing step, runs by their first row. Rows without a step are left out.
std::vector<Indices> rows_by_run(const std::vector<std::string>& run, const Cells& cells) {
  std::unordered_map<std::string, std::size_t> place;
  std::vector<Indices> runs;
  std::vector<double> step(run.size());
  for (std::size_t row = 0; row < run.size(); ++row) {
    step[row] = cells.step(row);
    if (!std::isfinite(step[row]) || step[row] < 0) continue;
    const auto [at, is_new] = place.emplace(run[row], runs.size());
    if (is_new) runs.emplace_back();
    runs[at->second].push_back(row);
  }
  for (Indices& rows : runs)
    std::stable_sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) { return step[a] < step[b]; });
  return runs;
}

LearningRates recorded(const Cells& cells, const Indices& rows) {
  LearningRates rates;
  for (const std::size_t row : rows) {
    const double step = cells.step(row), lr = cells.at(row, "lr");
    if (!std::isfinite(lr) || lr < 0) continue;
    if (!rates.step.empty() && step == rates.step.back()) {
      rates.lr.back() = lr;  // a restarted run records a step twice: the later record counts
      continue;
    }
    rates.step.push_back(step);
    rates.lr.push_back(lr);
  }
  return rates;
}

void note_gaps(const LearningRates& rates, const std::string& run, std::vector<std::string>& notes) {
  double gap = 0;
  for (std::size_t i = 1; i < rates.step.size(); ++i) gap = std::max(gap, rates.step[i] - rates.step[i - 1]);
  const bool late = rates.step.front() > kLateFirstRecord * rates.step.back();
  if (gap <= kLongGap && !late) return;
  notes.push_back(fmt::format(
      "lr_sum and lr_drop interpolate the learning rate of {} between records {} steps apart{}; if it is a cosine or a "
      "linear decay, state it with --decay",
      run.empty() ? "the run" : "run " + run, base::format_count(gap),
      late ? fmt::format(", and take it as constant before step {}", base::format_count(rates.step.front())) : ""));
}

// A number, or the column of that name.
struct PeakRate {
  double number = 1;
  std::optional<std::size_t> column;
};

PeakRate peak_of(const Table& table, const Recognised& found, const std::string& text) {
  if (text.empty()) return {};
  const base::Number number = base::parse_number(text);
  if (number.kind != base::NumberKind::finite) return {1, found.find(table.header, text, "--peak-lr")};
  if (!(number.value > 0))
    throw base::InputError({"--peak-lr"}, fmt::format("expected a learning rate > 0, found {}", text));
  return {number.value, {}};
}

double required(const Table& table, const Cells& cells, std::size_t row, std::size_t column, const char* what) {
  const double value = cells.at(row, column);
  if (!(value > 0))
    throw base::InputError(table.place(row, column), fmt::format("expected a {} > 0 in {}, found '{}'", what,
                                                                 table.header[column], table.text(row, column)));
  return value;
}

struct Sums {
  std::vector<double> lr_sum, lr_drop;  // of each row; NaN if unknown
  bool varies = false;
};

void add_sums(const LearningRates& rates, double peak, const Cells& cells, const Indices& rows, Sums& sums) {
  std::vector<double> steps;
  for (const std::size_t row : rows) steps.push_back(cells.step(row));
  const ScheduleSums own = schedule_sums(rates, steps);
  sums.varies = sums.varies || own.varies;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sums.lr_sum[rows[i]] = peak * own.lr_sum[i];
    sums.lr_drop[rows[i]] = peak * own.lr_drop[i];
  }
}

void add_stated(const Table& table, const Recognised& found, const Cells& cells, const std::vector<Indices>& runs,
                const RunSchedules& schedules, Sums& sums) {
  const PeakRate peak = peak_of(table, found, schedules.peak_lr);
  std::optional<std::size_t> planned;
  if (!schedules.run_steps.empty()) planned = found.find(table.header, schedules.run_steps, "--run-steps");
  for (const Indices& rows : runs) {
    const double reached = cells.step(rows.back());
    const double last = planned ? required(table, cells, rows.back(), *planned, "number of steps") : reached;
    if (last < reached)
      throw base::InputError(table.place(rows.back()),
                             fmt::format("the run is at step {}, beyond its {} steps in column {}", reached, last,
                                         table.header[*planned]));
    const double own = peak.column ? required(table, cells, rows.back(), *peak.column, "learning rate") : peak.number;
    add_sums(rates_of(schedules.stated, std::round(last)), own, cells, rows, sums);
  }
}

void add_column(Table& table, Recognised& found, const std::string& name, const std::vector<double>& values) {
  found.column[name] = table.add_numbers(name, values);
  for (std::size_t row = 0; row < values.size(); ++row)
    if (std::isnan(values[row])) table.set_empty(row, table.n_columns() - 1);
}

}  // namespace

void RunSchedules::validate() const {
  stated.validate();
  const auto unused = [&](const std::string& value, const char* flag) {
    if (!value.empty() && !stated.given())
      throw base::InputError({flag}, "belongs to a stated schedule; give its shape, for example --decay cosine");
  };
  unused(peak_lr, "--peak-lr");
  unused(run_steps, "--run-steps");
}

std::string add_schedule_columns(Table& table, Recognised& found, const std::vector<std::string>& run,
                                 const std::map<std::size_t, double>& factors, const RunSchedules& schedules,
                                 std::vector<std::string>& notes) {
  const Cells cells(table, found, factors);
  const bool stated = schedules.stated.given();
  if (cells.has("lr_sum") || cells.has("lr_drop")) {
    if (stated)
      throw base::InputError({"--decay"}, "the table has lr_sum or lr_drop; omit the schedule, or drop these columns");
    return "";
  }
  if (!cells.has("step") && !(stated && cells.has("tokens") && cells.has("batch"))) {
    if (stated)
      throw base::InputError(
          {table.source(), 1},
          "a schedule counts steps: a column step is needed, or tokens and batch (tokens of a step); "
          "name them with --col step=COLUMN");
    return "lr_sum and lr_drop follow from the columns run, step and lr, but no step was found; name it with --col "
           "step=COLUMN";
  }
  if (!stated && !cells.has("lr"))
    return "lr_sum and lr_drop follow from the columns run, step and lr, but no lr was found; name it with --col "
           "lr=COLUMN, or state the schedule, for example --decay cosine --warmup 0.01";
  const std::vector<Indices> runs = rows_by_run(run, cells);
  Sums sums{std::vector<double>(table.n_rows(), base::kNaN), std::vector<double>(table.n_rows(), base::kNaN)};
  if (stated) {
    add_stated(table, found, cells, runs, schedules, sums);
  } else {
    for (const Indices& rows : runs) {
      const LearningRates rates = recorded(cells, rows);
      if (found.run.empty() && rates.step.size() < rows.size())
        return "lr_sum and lr_drop follow from lr along each run, but rows share their step and no column names the run; "
               "name it with --col run=COLUMN";
      if (rates.step.size() < kFewestRates)
        return fmt::format(
            "lr_sum and lr_drop follow from lr along each run, but run {} has it at {} step{}; state the schedule, for "
            "example --decay cosine --peak-lr lr",
            run[rows.front()], rates.step.size(), rates.step.size() == 1 ? "" : "s");
      if (&rows == &runs.front()) note_gaps(rates, run[rows.front()], notes);
      add_sums(rates, 1, cells, rows, sums);
    }
  }
  if (!sums.varies)
    return "lr_sum and lr_drop follow from lr along each run, but it does not change; use a law of step or tokens";
  add_column(table, found, "lr_sum", sums.lr_sum);
  add_column(table, found, "lr_drop", sums.lr_drop);
  return "";
}

}  // namespace phaselaw::tables
