// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/fit.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "phaselaw/base/log.h"

namespace phaselaw::verbs {

namespace {

base::Value to_value(const std::optional<laws::Holdout>& held_out) {
  if (!held_out) return {};
  return base::Value::table({{"fraction", held_out->fraction},
                             {"n_fitted", held_out->n_fitted},
                             {"n_predicted", held_out->n_predicted},
                             {"compute_factor", held_out->compute_factor},
                             {"mean_abs_rel_error", held_out->mean_abs_rel_error},
                             {"bias", held_out->bias}});
}

// The fit as FIT.json with what predicting the largest runs gave.
base::Value fit_value(const laws::LawFit& fit, const std::optional<laws::Holdout>& held_out,
                      const std::vector<laws::Holdout>& backtest, const laws::MeasuredTable& table,
                      const laws::LawOptions& options) {
  base::Value value = laws::to_value(laws::SavedFit{fit, table.data, options});
  value["holdout"] = to_value(held_out);
  base::Value::List slices;
  for (const auto& slice : backtest) slices.push_back(to_value(slice));
  value["backtest"] = base::Value(std::move(slices));
  for (const auto& warning : table.warnings) value["warnings"].push_back(base::Value(warning));
  return value;
}

void rank(const FitRequest& request, TableFit& answer) {
  std::vector<laws::Law> rivals;  // laws of the loss; others predict a batch or a learning rate
  std::copy_if(laws::all_laws().begin(), laws::all_laws().end(), std::back_inserter(rivals),
               [](const laws::Law& law) { return law.output == "loss"; });
  answer.ranking = laws::rank_laws(rivals, answer.table.data, answer.options, request.holdout);
  base::Value::List fits, order;
  for (const auto& ranked : answer.ranking->laws) {
    fits.push_back(fit_value(ranked.fit, ranked.holdout, ranked.backtest, answer.table, answer.options));
    order.push_back(base::Value::table({{"law", ranked.fit.law},
                                        {"score", ranked.score},
                                        {"delta_aicc", ranked.delta_aicc},
                                        {"delta_bic", ranked.delta_bic},
                                        {"holdout", to_value(ranked.holdout)},
                                        {"certified", ranked.fit.convergence.certified}}));
  }
  answer.json = base::Value::table({{"fits", base::Value(std::move(fits))},
                                    {"ranking", base::Value(std::move(order))},
                                    {"notes", base::Value(answer.ranking->notes)}});
  const auto& best = answer.ranking->laws.front();
  answer.fit = best.fit;
  answer.held_out = best.holdout;
  answer.backtest = best.backtest;
  for (const auto& note : answer.ranking->notes) base::log_info("not ranked: " + note);
}

void fit_one(const FitRequest& request, TableFit& answer) {
  const laws::Law law = laws::law_from(request.law, answer.table.data.columns.names);
  answer.table.require(law.columns());
  answer.fit = laws::fit_law(law, answer.table.data, answer.options);
  // Errors of prediction need no intervals.
  laws::LawOptions plain = answer.options;
  plain.fit.interval = laws::IntervalMethod::none;
  answer.held_out = laws::holdout(law, answer.table.data, plain, request.holdout);
  answer.backtest = laws::backtest(law, answer.table.data, plain);
  answer.json = fit_value(answer.fit, answer.held_out, answer.backtest, answer.table, answer.options);
}

template <class E>
E choice(const char* flag, const std::string& word, const std::vector<E>& values) {
  std::vector<std::string> known;
  for (const E value : values) {
    known.emplace_back(laws::to_string(value));
    if (known.back() == word) return value;
  }
  throw base::InputError({flag}, base::unknown_name("word", word, known));
}

}  // namespace

laws::Objective objective_from(const std::string& word) {
  using laws::Objective;
  return choice<Objective>(
      "--objective", word,
      {Objective::huber, Objective::l1, Objective::l2, Objective::l2_raw, Objective::l1_raw, Objective::asymmetric});
}

laws::IntervalMethod interval_from(const std::string& word) {
  using laws::IntervalMethod;
  return choice<IntervalMethod>("--interval", word,
                                {IntervalMethod::none, IntervalMethod::automatic, IntervalMethod::bootstrap,
                                 IntervalMethod::bca, IntervalMethod::profile, IntervalMethod::sandwich});
}

void FitRequest::validate() const {
  if (!(holdout > 0 && holdout < 1))
    throw base::InputError({"--holdout"}, fmt::format("expected a share in (0, 1), found {}", holdout));
  if (exponent && !(*exponent > 0))
    throw base::InputError({"--exponent"}, fmt::format("must be > 0; found {}", *exponent));
  fit.validate();
}

laws::LawOptions law_options(const FitRequest& request, const laws::MeasuredTable& table) {
  laws::LawOptions options;
  options.fit = request.fit;
  options.fixed = request.fixed;
  if (!request.weights.empty()) options.fit.weights = table.numbers(request.weights);
  if (!request.sd.empty()) options.fit.sd = table.numbers(request.sd);
  // Rows of one run share what the run is off by: they are drawn together.
  const bool several_rows = table.n_runs() > 1 && table.n_runs() < table.n_rows();
  if (request.cluster == "auto") {
    if (several_rows) options.fit.cluster = table.run;
  } else if (request.cluster != "none") {
    options.fit.cluster = table.texts(request.cluster);
  }
  return options;
}

TableFit fit_table(const FitRequest& request, laws::MeasuredTable table) {
  for (const auto& note : table.notes) base::log_info(note);
  for (const auto& warning : table.warnings) base::log_warning(warning);
  TableFit answer;
  answer.options = law_options(request, table);
  answer.table = std::move(table);
  if (request.law == "all")
    rank(request, answer);
  else
    fit_one(request, answer);
  for (const auto& warning : answer.fit.warnings) base::log_warning(warning);
  if (const auto warning = laws::extrapolation_warning(answer.held_out, answer.backtest); !warning.empty())
    base::log_warning(warning);
  return answer;
}

FitAnswer fit(const FitRequest& request, laws::Table raw, laws::ReadOptions options, bool page) {
  request.validate();
  if (request.law == "two-stage" && !page) return fit_curves(request, laws::measured_from(std::move(raw), options));
  // The law says what its output is; its text may name columns of the table, which are read first.
  if (request.law != "all") options.output = laws::law_from(request.law, raw.header).output;
  laws::MeasuredTable table = laws::measured_from(std::move(raw), options);
  const bool sizes = table.data.columns.has("n_params") || table.data.columns.has("tokens");
  if (request.law == "all" && !sizes && !page) return fit_curves(request, table);
  return fit_table(request, std::move(table));
}

FitAnswer fit(const FitRequest& request, const std::string& path, const laws::ReadOptions& options, bool page) {
  request.validate();
  if (std::filesystem::path(path).extension() != ".db") return fit(request, laws::read_table(path), options, page);
  if (request.law == "all" || request.law == "two-stage") return fit_store(request, path);
  throw base::InputError({"--law"}, fmt::format("a store is fitted by two-stage or all; for {} write its table first: "
                                                "phaselaw export {} > study.csv",
                                                request.law, path));
}

}  // namespace phaselaw::verbs
