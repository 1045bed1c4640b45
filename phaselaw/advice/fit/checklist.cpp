// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/fit_tables.h"

#include <algorithm>
#include <set>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

using base::format_number;

class List {
 public:
  void heading(const char* text) { text_ += fmt::format("{}{}\n", text_.empty() ? "" : "\n", text); }
  void item(const std::string& name, const std::string& value) {
    text_ += fmt::format("  {:<21} {}\n", name, value.empty() ? "not stated; please add it" : value);
  }
  [[nodiscard]] std::string text() const { return text_; }

 private:
  std::string text_;
};

std::string column_of(const tables::Rows& table, const std::string& name) {
  const auto found = table.column_of.find(name);
  return found == table.column_of.end() ? "" : found->second;
}

bool has_column(const tables::Rows& table, const std::string& name) {
  try {
    return !table.data.columns.get(name).empty();
  } catch (const base::InputError&) {
    return false;
  }
}

bool uses(const fitting::Fit& fit, const std::string& name) {
  const auto& columns = fit.law.columns();
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

std::string joined(const std::vector<std::string>& lines) {
  return lines.empty() ? "none" : fmt::format("{}", fmt::join(lines, "; "));
}

std::string range_of(const tables::Rows& table, const std::string& name) {
  const std::vector<double> x = table.data.columns.get(name);
  const auto [lo, hi] = std::minmax_element(x.begin(), x.end());
  const std::string column = column_of(table, name);
  const base::Notation notation = base::notation_of(tables::unit_of(name));
  return fmt::format("{} to {}, {} distinct, {}", format_number(*lo, 3, notation), format_number(*hi, 3, notation),
                     std::set<double>(x.begin(), x.end()).size(),
                     column.empty() ? "computed from other columns" : fmt::format("column '{}'", column));
}

std::string rows_of(const tables::Rows& table, const fitting::Fit& fit) {
  if (table.run_column.empty())
    return fmt::format(
        "{} fitted; the table does not say which belong to one run; name that column with --col run=COLUMN",
        fit.n_points);
  return fmt::format("{} fitted, of {} runs (column '{}')", fit.n_points, table.n_runs(), table.run_column);
}

std::string parameter_count(const tables::Rows& table) {
  const std::string column = column_of(table, "n_params");
  if (column.empty()) return "the table has no parameter count";
  return fmt::format("column '{}'; not stated; please say whether embeddings are counted", column);
}

std::string precision_of(const tables::Rows& table) {
  std::vector<std::string> parts;
  for (const auto& [name, rows] : table.precisions()) parts.push_back(fmt::format("{} ({} rows)", name, rows));
  return fmt::format("{}", fmt::join(parts, ", "));  // empty if not stated
}

std::string compute_convention(const tables::Rows& table, const fitting::Fit& fit) {
  const std::string column = column_of(table, "compute");
  const char* use = uses(fit, "compute") ? "an input of the law" : "only orders the rows for the held-out test";
  if (!column.empty()) return fmt::format("column '{}', {}; not stated; please say how they were counted", column, use);
  if (!has_column(table, "compute"))
    return "the table has no compute column, and compute cannot be derived from the others";
  const bool product = has_column(table, "n_params") && has_column(table, "tokens");
  return fmt::format("{}, {}", product ? "6 n_params tokens" : "flops_per_step step", use);
}

std::string objective_of(const fitting::FitOptions& options) {
  using fitting::Objective;
  const bool raw = options.objective == Objective::l2_raw || options.objective == Objective::l1_raw;
  std::string text = fmt::format("{} on the residual of {}, summed over rows", base::enum_name(options.objective),
                                 raw ? "the value itself" : "its logarithm");
  if (options.objective == Objective::huber || options.objective == Objective::asymmetric)
    text += options.delta ? fmt::format("; delta {}", format_number(*options.delta, 6))
                          : std::string("; delta is 1.345 times the robust scale of the residuals");
  if (options.objective == Objective::asymmetric)
    text += fmt::format("; rows below the law have {} times the weight", format_number(options.asymmetry, 6));
  return text;
}

std::string intervals_of(const fitting::Fit& fit, const fitting::FitOptions& options) {
  if (fit.method == fitting::IntervalMethod::none) return "no intervals were computed";
  std::string text = fmt::format("{} at {}", base::enum_name(fit.method), base::format_percent(fit.level, 4));
  if (fit.resamples > 0)
    text += fmt::format(", {} resamples used of {}, seed {}", fit.resamples, options.resamples, options.seed);
  if (!fit.clustered) return text + "; rows are assumed independent";
  return fmt::format("{}; rows of one cluster are resampled together, {} clusters", text,
                     std::set<std::string>(options.cluster.begin(), options.cluster.end()).size());
}

std::string held_out_error(const std::optional<fitting::Holdout>& held_out) {
  if (!held_out) return "not tested, because no rows were held out or too few remained";
  return fmt::format(
      "the largest {} rows predicted from the other {}, at {} times the compute: "
      "mean absolute error {}, bias {} (above 0: predicted too high){}",
      held_out->n_predicted, held_out->n_fitted, format_number(held_out->compute_factor),
      base::format_percent(held_out->mean_abs_rel_error), base::format_percent(held_out->bias),
      held_out->certified ? "" : "; that fit is not certified");
}

// The range of the measurements, beyond which every prediction extrapolates.
std::string reach_of(const tables::Rows& table, const fitting::Fit& fit) {
  std::vector<std::string> parts;
  for (const auto& name : fit.law.columns()) {
    const std::vector<double> x = table.data.columns.get(name);
    parts.push_back(
        fmt::format("{} = {}", name,
                    format_number(*std::max_element(x.begin(), x.end()), 3, base::notation_of(tables::unit_of(name)))));
  }
  return fmt::format("measured up to {}; not stated; please say how far beyond it is predicted",
                     fmt::join(parts, ", "));
}

std::string undetermined(const fitting::Fit& fit) {
  std::vector<std::string> names;
  for (const auto& e : fit.parameters)
    if (!e.identified && !e.fixed) names.push_back(e.name);
  return joined(names);
}

void say_law(const tables::Rows& table, const fitting::Fit& fit, List& list) {
  list.heading("What is fitted");
  list.item("law", law_line(fit));
  list.item("source of the law", fit.law.source);
  list.item("predicts", fmt::format("{}, column '{}', as in the table; nothing is subtracted", fit.law.output,
                                    table.output_column));
  std::vector<std::string> fixed;
  for (const auto& [name, value] : fit.fixed) fixed.push_back(fmt::format("{} = {}", name, format_number(value, 6)));
  list.item("held fixed", joined(fixed));
}

void say_data(const tables::Rows& table, const fitting::Fit& fit, List& list) {
  list.heading("The data");
  list.item("file",
            table.table.source().empty() ? "not stated; please say where the rows come from" : table.table.source());
  list.item("rows", rows_of(table, fit));
  list.item("removed, suspicious", joined(table.warnings));
  list.item("removed by hand",
            "not stated; please say which runs or steps were removed, by --where or before, and why");
  list.item("taken for", joined(table.notes));
  std::vector<std::string> names = fit.law.columns();
  for (const char* name : {"n_params", "tokens", "compute"})
    if (!uses(fit, name) && has_column(table, name)) names.emplace_back(name);
  for (const auto& name : names) list.item(name, range_of(table, name));
  const auto [least, most] = std::minmax_element(table.data.output.begin(), table.data.output.end());
  list.item(fit.law.output, fmt::format("{} to {}", format_number(*least, 4), format_number(*most, 4)));
  list.item("precision", precision_of(table));
  list.item(
      "models and training",
      "not stated; "
      "please say architecture, tokenizer, data, schedule, and whether losses are taken at the end of the schedule or during it");
}

void say_optimum(const fitting::Fit& fit, const fitting::FitOptions& options, List& list) {
  const fitting::Convergence& c = fit.convergence;
  list.heading("The optimisation");
  list.item("objective", objective_of(options));
  list.item("weights", options.weights.empty() ? "all rows have equal weight" : "given for each row");
  list.item("measurement errors", options.sd.empty() ? "unknown, assumed equal" : "given for each row");
  list.item("optimiser",
            "Levenberg-Marquardt with exact derivatives, Newton steps at the end, checked by a second solver");
  list.item("starts", fmt::format("{} refined, chosen from {} grid points; {} reach the same optimum", c.starts,
                                  c.grid_points, c.agreed));
  list.item("optimum",
            fmt::format("objective {}, scaled gradient {}, condition number {}", format_number(fit.objective_value, 10),
                        format_number(c.gradient_norm, 2, base::Notation::power),
                        format_number(c.condition, 2, base::Notation::power)));
  list.item("certified", fmt::format("{}: {}", c.certified ? "yes" : "no", c.status));
}

}  // namespace

std::string fitting_checklist(const FitAnswer& answer) {
  const tables::Rows& table = answer.rows;
  const fitting::Fit& fit = answer.best().fit;
  const fitting::FitOptions& options = answer.options;
  List list;
  say_law(table, fit, list);
  say_data(table, fit, list);
  list.heading("Conventions");
  list.item("parameters", parameter_count(table));
  list.item("FLOP", compute_convention(table, fit));
  say_optimum(fit, options, list);

  list.heading("The result");
  for (const auto& row : parameter_table(fit).rows)
    list.item(row[0], row[1] + (row[2] == "no" ? ": not identified" : ""));
  list.item("residuals", base::format_percent(fit.residual_scale) + ", standard deviation of the logarithm");

  list.heading("Reliability");
  list.item("intervals", intervals_of(fit, options));
  list.item("poorly constrained", undetermined(fit));
  list.item("held out", held_out_error(answer.best().holdout));
  list.item("extrapolation", reach_of(table, fit));
  list.item("limits", joined(limit_sentences(answer.limits)));
  return list.text();
}

}  // namespace phaselaw::advice
