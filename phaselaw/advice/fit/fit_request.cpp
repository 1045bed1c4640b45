// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/fit_request.h"

#include <algorithm>
#include <set>
#include <utility>

#include "phaselaw/base/log.h"
#include "phaselaw/fitting/envelope.h"

namespace phaselaw::advice {

namespace {

bool is_all(const FitRequest& request) { return request.law == "all"; }

// A row before the first step has compute 0, which has no logarithm.
void leave_out_starts(tables::Rows& rows) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < rows.n_rows(); ++i) {
    bool zero = false;
    for (std::size_t c = 0; c < rows.data.columns.names.size(); ++c) {
      const std::string& name = rows.data.columns.names[c];
      zero = zero || ((name == "compute" || name == "tokens") && rows.data.columns.values[c][i] == 0);
    }
    if (!zero) kept.push_back(i);
  }
  if (kept.size() == rows.n_rows()) return;
  if (kept.empty()) throw base::InputError({rows.table.source}, "expected rows with a positive compute, found none");
  rows.notes.push_back(
      fmt::format("{} rows with zero compute are not used, because they were measured before the first step",
                  rows.n_rows() - kept.size()));
  rows = rows.rows(kept);
}

void take_envelope(tables::Rows& rows, std::vector<std::string>& all_runs, tables::Measurements& all) {
  rows.require({"compute"});
  if (rows.n_runs() < 2)
    throw base::InputError({"--rows"},
                           "the envelope needs several runs, but these rows belong to one; "
                           "name the column of runs with --col run=COLUMN, or omit --rows envelope");
  all = rows.data;
  all_runs = rows.run;
  const std::size_t before = rows.n_rows();
  rows = rows.rows(fitting::envelope_rows(rows.data.columns.get("compute"), rows.data.output));
  rows.notes.push_back(fmt::format("the lower envelope of {} runs uses {} of {} rows; intervals resample whole runs",
                                   std::set<std::string>(all_runs.begin(), all_runs.end()).size(), rows.n_rows(),
                                   before));
}

fitting::FitOptions options_of(const FitRequest& request, const tables::Rows& rows) {
  fitting::FitOptions options = request.fit;
  if (!request.weights.empty()) options.weights = rows.numbers(request.weights);
  if (!request.sd.empty()) options.sd = rows.numbers(request.sd);
  // Rows of one run share the run's error. The rows of an envelope are resampled in another way, by whole runs.
  if (request.cluster != "auto" && request.cluster != "none")
    options.cluster = rows.texts(request.cluster);
  else if (request.cluster == "auto" && request.rows == RowChoice::all && rows.has_several_rows_a_run())
    options.cluster = rows.run;
  return options;
}

base::Value ranking_value(const FitAnswer& answer) {
  base::Value::List fits, order;
  for (const auto& ranked : answer.ranking.laws) {
    fits.push_back(fitting::fit_value(ranked, answer.rows.data, answer.options));
    order.push_back(base::Value::table({{"law", ranked.fit.name()},
                                        {"score", ranked.score},
                                        {"delta_aicc", ranked.delta_aicc},
                                        {"delta_bic", ranked.delta_bic},
                                        {"holdout", ranked.holdout ? to_value(*ranked.holdout) : base::Value()},
                                        {"certified", ranked.fit.convergence.certified}}));
  }
  return base::Value::table({{"fits", base::Value(std::move(fits))},
                             {"ranking", base::Value(std::move(order))},
                             {"early_form", fitting::early_form(answer.ranking).word},
                             {"notes", base::Value(answer.ranking.notes)}});
}

// Whether the best law describes the rows, and whether these are of one kind.
void judge_rows(const FitRequest& request, FitAnswer& answer) {
  const fitting::Fit& fit = answer.best().fit;
  answer.pooled = fitting::pooled_groups(fit.law, answer.rows);
  if (request.rows == RowChoice::envelope)
    answer.lack_of_fit.reason = "the rows of an envelope are minima over runs and not measurements around a law";
  else
    answer.lack_of_fit =
        fitting::lack_of_fit(fit, answer.rows.data, answer.options,
                             answer.rows.has_several_rows_a_run() ? answer.rows.run : std::vector<std::string>{},
                             fitting::pooled_labels(answer.rows, answer.pooled));
  answer.json["lack_of_fit"] = to_value(answer.lack_of_fit);
  base::Value::List pooled;
  for (const fitting::PooledGroups& groups : answer.pooled)
    pooled.push_back(base::Value::table({{"column", groups.column},
                                         {"values", base::Value(groups.values)},
                                         {"repeated", groups.repeated},
                                         {"sentence", groups.sentence()}}));
  answer.json["pooled"] = base::Value(std::move(pooled));
}

void log_all(const FitAnswer& answer) {
  for (const auto& note : answer.rows.notes) base::log_info(note);
  for (const auto& warning : answer.rows.warnings) base::log_warning(warning);
  if (answer.ranked)
    for (const auto& note : answer.ranking.notes) base::log_info("skipped " + note);
  for (const auto& warning : answer.best().fit.warnings) base::log_warning(warning);
  const auto& best = answer.best();
  if (const auto warning = fitting::extrapolation_warning(best.holdout, best.backtest); !warning.empty())
    base::log_warning(warning);
}

}  // namespace

base::EnumNames<RowChoice> enum_names(RowChoice) {
  static constexpr std::pair<std::string_view, RowChoice> kNames[] = {{"all", RowChoice::all},
                                                                      {"envelope", RowChoice::envelope}};
  return kNames;
}

void FitRequest::validate() const {
  base::check_fields(*this);
  fit.validate();
  if (is_all(*this) && !audit.empty())
    throw base::InputError({"--audit"}, "needs the parameters of one law; name the law with --law");
}

FitAnswer fit(const FitRequest& request, tables::Table table) {
  request.validate();
  std::optional<laws::Law> law;  // its text may contain names of columns of the table
  tables::ReadOptions read = request.read;
  if (!is_all(request)) {
    law = laws::law_from(request.law, table.header);
    read.output = law->output;
  }
  FitAnswer answer;
  answer.rows = tables::rows_from(std::move(table), read);
  if (law) answer.rows.require(law->columns());
  leave_out_starts(answer.rows);
  tables::Measurements all;
  std::vector<std::string> runs;
  if (request.rows == RowChoice::envelope) take_envelope(answer.rows, runs, all);
  answer.options = options_of(request, answer.rows);
  answer.options.require_used();
  const auto fit_one = [&](const laws::Law& candidate, const fitting::FitOptions& options) {
    return request.rows == RowChoice::envelope ? fitting::fit_envelope(candidate, all, runs, options).fit
                                               : fitting::fit_law(candidate, answer.rows.data, options);
  };
  answer.ranked = !law;
  if (law) {
    answer.ranking.laws = {
        fitting::judged(fit_one(*law, answer.options), answer.rows.data, answer.options, request.holdout)};
    answer.json = fitting::fit_value(answer.best(), answer.rows.data, answer.options);
  } else {
    answer.ranking = fitting::rank_laws(fitting::rivals(answer.rows.data.columns), answer.rows.data, answer.options,
                                        request.holdout, fit_one);
    answer.json = ranking_value(answer);
  }
  if (!request.audit.empty()) {
    answer.audit = fitting::audit(answer.best().fit, answer.rows.data, request.audit, answer.options);
    answer.json["audit"] = to_value(*answer.audit);
  }
  judge_rows(request, answer);
  answer.json["rows"] = base::enum_name(request.rows);
  base::Value& warnings = answer.json["warnings"];
  if (warnings.is_null()) warnings = base::Value(base::Value::List{});
  for (const auto& warning : answer.rows.warnings) warnings.push_back(base::Value(warning));
  log_all(answer);
  return answer;
}

}  // namespace phaselaw::advice
