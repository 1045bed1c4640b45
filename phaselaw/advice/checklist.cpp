// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/checklist.h"

#include <algorithm>
#include <set>

#include "phaselaw/advice/fit_tables.h"
#include "phaselaw/report/format.h"

namespace phaselaw::advice {

namespace {

using report::format_number;

class List {
 public:
  void heading(const char* text) { text_ += fmt::format("{}{}\n", text_.empty() ? "" : "\n", text); }
  void item(const char* name, const std::string& value) { text_ += fmt::format("  {:<22}{}\n", name, value); }
  [[nodiscard]] std::string text() const { return text_; }

 private:
  std::string text_;
};

std::string column_of(const laws::MeasuredTable& table, const std::string& name) {
  const auto found = table.column_of.find(name);
  return found == table.column_of.end() ? "" : found->second;
}

std::string range_of(const laws::MeasuredTable& table, const std::string& name) {
  const std::vector<double> x = table.data.columns.get(name);
  const auto [lo, hi] = std::minmax_element(x.begin(), x.end());
  const std::string column = column_of(table, name);
  return fmt::format("{} to {}, {} values{}", format_number(*lo), format_number(*hi),
                     std::set<double>(x.begin(), x.end()).size(),
                     column.empty() ? ", computed" : fmt::format(", column '{}'", column));
}

std::string joined(const std::vector<std::string>& lines) {
  return lines.empty() ? "none" : fmt::format("{}", fmt::join(lines, "; "));
}

std::string undetermined(const laws::LawFit& fit) {
  std::vector<std::string> names;
  for (const auto& e : fit.parameters)
    if (!e.identified && !e.fixed) names.push_back(e.name);
  return joined(names);
}

}  // namespace

std::string fitting_checklist(const laws::MeasuredTable& table, const laws::LawFit& fit,
                              const laws::LawOptions& options, const std::optional<laws::Holdout>& held_out) {
  const auto& o = options.fit;
  const auto& c = fit.convergence;
  List list;
  list.heading("What is fitted");
  list.item("law", fmt::format("{}: {}", fit.law, fit.formula));
  list.item("source of the law", fit.form.source);
  list.item("predicts",
            fmt::format("{}, column '{}': as measured, floor included", fit.form.output, table.output_column));
  std::vector<std::string> fixed;
  for (const auto& [name, value] : fit.fixed) fixed.push_back(fmt::format("{} = {}", name, format_number(value, 6)));
  list.item("held fixed", joined(fixed));

  list.heading("The data");
  list.item("file", table.table.source);
  list.item("rows", fmt::format("{} fitted, of {} runs", fit.n_points, table.n_runs()));
  list.item("left out, and why", joined(table.warnings));
  list.item("taken for", joined(table.notes));
  for (const auto& name : fit.form.columns()) list.item(name.c_str(), range_of(table, name));
  list.item("models and training",
            "not stated: say architecture, tokenizer, data, schedule, and whether a loss is taken "
            "at the end of its schedule or on the way");

  list.heading("Conventions");
  const std::string n = column_of(table, "n_params");
  list.item("parameters", n.empty() ? "no parameter count in this law"
                                    : fmt::format("column '{}'; not stated: say whether embeddings count", n));
  const std::string flop = column_of(table, "compute");
  list.item("compute", flop.empty() ? "6 n_params tokens where compute is needed"
                                    : fmt::format("column '{}'; not stated: say how FLOP were counted", flop));

  list.heading("The optimisation");
  list.item("objective", fmt::format("{}{} of {}", laws::to_string(o.objective),
                                     o.objective == laws::Objective::huber ? fmt::format(", delta {}", o.delta) : "",
                                     o.objective == laws::Objective::l2_raw || o.objective == laws::Objective::l1_raw
                                         ? "the residual of the loss"
                                         : "the residual of its logarithm"));
  list.item("weights, errors",
            fmt::format("{}; {}", o.weights.empty() ? "all rows weigh the same" : "weights of the table",
                        o.sd.empty() ? "measurement errors unknown and equal" : "errors of the table"));
  list.item("optimiser", "Levenberg-Marquardt with exact derivatives, Newton steps at the end, checked by Ceres");
  list.item("starts", fmt::format("{} of {} grid points, {} agree on the optimum", c.starts, c.grid_points, c.agreed));
  list.item("optimum", fmt::format("objective {}, scaled gradient {:.1e}, condition {:.1e}: {}",
                                   format_number(fit.objective_value, 10), c.gradient_norm, c.condition, c.status));

  list.heading("How far to trust it");
  list.item("intervals",
            fit.method == laws::IntervalMethod::none
                ? "none"
                : fmt::format("{} at {:g} %{}{}", laws::to_string(fit.method), 100 * fit.level,
                              fit.resamples > 0 ? fmt::format(", {} resamples, seed {}", fit.resamples, o.seed) : "",
                              fit.clustered ? ", whole runs" : ", single rows"));
  list.item("not determined", undetermined(fit));
  list.item("residuals", percent(fit.residual_scale));
  list.item("held out",
            held_out ? fmt::format("the largest {} rows from the {} others, {} times the compute: off by {}, "
                                   "bias {}",
                                   held_out->n_predicted, held_out->n_fitted, format_number(held_out->compute_factor),
                                   percent(held_out->mean_abs_rel_error), percent(held_out->bias))
                     : "nothing: too few rows, or no column says which are large");
  list.item("warnings", joined(fit.warnings));
  return list.text();
}

}  // namespace phaselaw::advice
