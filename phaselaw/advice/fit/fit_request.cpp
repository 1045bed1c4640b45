// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/fit_request.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "phaselaw/advice/fit/law_columns.h"
#include "phaselaw/advice/fit/row_checks.h"
#include "phaselaw/advice/output_direction.h"
#include "phaselaw/base/memory.h"
#include "phaselaw/base/team.h"
#include "phaselaw/fitting/envelope.h"
#include "phaselaw/tables/messages.h"

namespace phaselaw::advice {

namespace {

bool is_all(const FitRequest& request) { return request.law == "all"; }

bool uses_schedule(const laws::Law& law) {
  const auto& columns = law.columns();
  return std::any_of(columns.begin(), columns.end(), [](const auto& c) { return c == "lr_sum" || c == "lr_drop"; });
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

fitting::FitOptions options_of(const FitRequest& request, tables::Rows& rows) {
  fitting::FitOptions options = request.fit;
  if (!request.weights.empty()) options.weights = weights_of(request.weights, rows);
  if (!request.sd.empty()) options.sd = errors_of(request.sd, rows);
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
                                        {"difference", ranked.difference},
                                        {"standard_error", ranked.standard_error},
                                        {"survives", ranked.survives},
                                        {"weight", ranked.weight},
                                        {"reason", ranked.reason.empty() ? base::Value() : base::Value(ranked.reason)},
                                        {"delta_aicc", ranked.delta_aicc},
                                        {"delta_bic", ranked.delta_bic},
                                        {"holdout", ranked.holdout ? to_value(*ranked.holdout) : base::Value()},
                                        {"certified", ranked.fit.convergence.certified}}));
  }
  return base::Value::table({{"fits", base::Value(std::move(fits))},
                             {"ranking", base::Value(std::move(order))},
                             {"rule", answer.ranking.rule},
                             {"early_form", fitting::early_form(answer.ranking).word},
                             {"notes", base::Value(answer.ranking.notes)}});
}

// The laws that can be ranked: those that read a column with one value are skipped, and a note says so.
std::vector<laws::Law> rivals_of(const tables::Rows& rows, std::vector<std::string>& notes) {
  std::vector<laws::Law> list;
  std::map<std::string, std::vector<std::string>> skipped;  // by column
  bool possible = false;
  for (laws::Law& law : fitting::rivals(rows.data.columns)) {
    std::vector<std::string> constant;
    try {
      constant = constant_columns(law, rows.data.columns);
      possible = possible || constant.empty();
    } catch (const base::InputError&) {
      // A column is missing, which the ranking reports.
    }
    if (constant.empty())
      list.push_back(std::move(law));
    else
      skipped[constant.front()].push_back(law.name);
  }
  for (const auto& [column, names] : skipped)
    notes.push_back(fmt::format("{}: {} has one value in these rows", fmt::join(names, ", "), column));
  if (!possible && !notes.empty())
    throw base::InputError(
        {rows.table.source()},
        rows.n_rows() == 1
            ? "no law can be fitted to one row: each needs a row more than it has free parameters; add rows"
            : fmt::format("no law can be fitted: {}; measure at others", fmt::join(notes, "; ")));
  return list;
}

base::Value limits_value(const std::vector<Limit>& limits) {
  base::Value::List list;
  for (const Limit& limit : by_harm(limits))
    list.push_back(base::Value::table({{"harm", base::enum_to_text(limit.harm)}, {"text", limit.text}}));
  return base::Value(std::move(list));
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

namespace {

// The runs of the rows, if runs have several; otherwise empty.
std::vector<std::string> runs_of(const tables::Rows& rows) {
  return rows.has_several_rows_a_run() ? rows.run : std::vector<std::string>{};
}

// Whether a law lacks fit. The rows of an envelope are minima over runs, for which there is no test.
fitting::MisfitFunction misfit_of(const FitRequest& request, const FitAnswer& answer) {
  if (request.rows == RowChoice::envelope) return {};
  return [&answer](const fitting::Fit& fit) {
    fitting::FitOptions options = answer.options;
    options.fix = fit.fixed;
    return fitting::lack_of_fit(fit, answer.rows.data, options, runs_of(answer.rows), {}).significant;
  };
}

// The table, its rows with all columns, and what the fit makes of them: measured, see base/memory.h. Each worker that
// refits resampled rows has a copy of its own.
void require_memory_for_fit(const FitRequest& request, const tables::Rows& rows) {
  constexpr double kRowBytes = 60, kColumnBytes = 280, kResampleBytes = 300, kCopyBytes = 60;
  const auto n_rows = static_cast<double>(rows.n_rows()), columns = static_cast<double>(rows.table.n_columns());
  const bool resampled = request.fit.resolved_interval() == fitting::IntervalMethod::bootstrap ||
                         request.fit.resolved_interval() == fitting::IntervalMethod::bca;
  const double threads = resampled ? base::thread_count(request.fit.threads) : 0;
  const double resamples = resampled ? static_cast<double>(request.fit.resamples) : 0;
  base::require_memory(
      base::kProgramBytes + n_rows * (kRowBytes + kColumnBytes * columns + threads * kCopyBytes) +
          resamples * kResampleBytes,
      base::memory_limit_bytes(request.read.memory_limit),
      fmt::format("{}: the fit of {} rows and {} columns{}", rows.table.source(), rows.n_rows(), rows.table.n_columns(),
                  resampled ? fmt::format(" with {} resamples", request.fit.resamples) : ""),
      resampled ? "lower --resamples or choose rows with --where" : "choose rows with --where");
}

// Fits one law, or ranks all, as `fit_one` does it.
void fit_laws(const FitRequest& request, const std::optional<laws::Law>& law,
              const std::function<fitting::Fit(const laws::Law&, const fitting::FitOptions&)>& fit_one,
              FitAnswer& answer) {
  const tables::Measurements& data = answer.rows.data;
  if (law) {
    fitting::Fit fit = fit_one(*law, answer.options);
    if (fit.value.empty()) throw_no_optimum(fit, answer.options, answer.rows);
    answer.ranking.laws = {fitting::judged(std::move(fit), data, answer.options, request.holdout)};
    answer.json = fitting::fit_value(answer.best(), data, answer.options);
    return;
  }
  std::vector<std::string> notes;
  const std::vector<laws::Law> rivals = rivals_of(answer.rows, notes);
  answer.ranking = fitting::rank_laws(
      rivals, data, answer.options, request.holdout,
      [&](const laws::Law& candidate, const fitting::FitOptions& options) {
        fitting::Fit fit = fit_one(candidate, options);
        if (fit.value.empty()) require_domain(candidate, options, answer.rows);
        return fit;
      },
      misfit_of(request, answer));
  answer.ranking.notes.insert(answer.ranking.notes.end(), notes.begin(), notes.end());
  answer.json = ranking_value(answer);
}

// Whether the best law describes the rows, and whether these are of one kind.
void judge_rows(const FitRequest& request, FitAnswer& answer) {
  const fitting::Fit& fit = answer.best().fit;
  answer.pooled = fitting::pooled_groups(fit.law, answer.rows);
  // The key of a store names a run, and no method.
  std::erase_if(answer.pooled, [](const fitting::PooledGroups& groups) { return groups.column == "key"; });
  if (request.rows == RowChoice::envelope)
    answer.lack_of_fit.reason = "the rows of an envelope are minima over runs and not measurements around a law";
  else
    answer.lack_of_fit = fitting::lack_of_fit(fit, answer.rows.data, answer.options, runs_of(answer.rows),
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

// These findings as limits of the fit.
RowFacts facts_of(const FitAnswer& answer) {
  RowFacts facts;
  for (const fitting::PooledGroups& groups : answer.pooled) facts.limits.push_back({Harm::wrong, groups.sentence()});
  const fitting::LackOfFit& lack = answer.lack_of_fit;
  if (lack.significant) facts.lack_of_fit = lack.sentence;
  // The sentence about the share of the run, where it is significant, says the same of checkpoints.
  const bool said = lack.significant && lack.direction == "share of the run";
  const bool harmless = lack.tested && !lack.significant;
  if (std::string sentence = lack.checkpoints_sentence(); !sentence.empty())
    facts.limits.push_back({said || harmless ? Harm::remark : Harm::wrong, std::move(sentence)});
  for (Limit& limit : variation_limits(answer.best().fit.law, answer.rows.data.columns))
    facts.limits.push_back(std::move(limit));
  return facts;
}

// What the JSON says beside the fits.
void add_findings(const FitRequest& request, FitAnswer& answer) {
  if (!request.audit.empty()) {
    answer.audit = fitting::audit(answer.best().fit, answer.rows.data, request.audit, answer.options);
    answer.json["audit"] = to_value(*answer.audit);
  }
  judge_rows(request, answer);
  answer.facts = facts_of(answer);
  answer.summary = fit_summary(answer.best().fit, answer.facts);
  answer.limits = fit_limits(answer.best(), answer.facts);
  answer.json["rows"] = base::enum_name(request.rows);
  answer.json["row_notes"] = base::Value(answer.rows.notes);
  answer.json["summary"] = answer.summary;
  answer.json["limits"] = limits_value(answer.limits);
  base::Value& warnings = answer.json["warnings"];
  if (warnings.is_null()) warnings = base::Value(base::Value::List{});
  for (const auto& warning : answer.rows.warnings) warnings.push_back(base::Value(warning));
}

}  // namespace

FitRows read_fit_rows(const FitRequest& request, documents::Reading reading) {
  request.validate();
  FitRows out;  // the text of the law may contain names of columns of the table
  tables::ReadOptions read = request.read;
  if (!is_all(request)) {
    out.law = law_for_table(request.law, reading.table.header, read);
    read.output = out.law->output;
  }
  if (read.schedules.stated.given() && out.law && !uses_schedule(*out.law))
    throw base::InputError({"--decay"},
                           fmt::format("the schedule has no effect, because the law {} contains neither S1 "
                                       "nor S2; omit it, or use --law lr-annealing-params",
                                       out.law->name));
  read.any_sign = fitting::is_raw(request.fit.objective);
  read.if_not_positive = ", or fit the values themselves with --objective l2-raw";
  out.in_table = reading.table.n_rows();
  out.output = read.output;
  out.rows = tables::rows_from(std::move(reading), read);
  if (out.law) out.rows.require(out.law->columns());
  require_falling_output(out.law, out.rows);
  leave_out_starts(out.rows, !out.law || uses_schedule(*out.law));
  return out;
}

FitAnswer fit(const FitRequest& request, FitRows read) {
  const std::optional<laws::Law>& law = read.law;
  require_memory_for_fit(request, read.rows);
  FitAnswer answer;
  answer.rows = std::move(read.rows);
  tables::Measurements all;
  std::vector<std::string> runs;
  if (request.rows == RowChoice::envelope) take_envelope(answer.rows, runs, all);
  answer.options = options_of(request, answer.rows);
  answer.options.require_used();
  if (law) require_enough_rows(*law, answer.options, answer.rows, read.in_table);
  require_varied_output(answer.rows, read.output);
  answer.ranked = !law;
  const auto fit_one = [&](const laws::Law& candidate, const fitting::FitOptions& options) {
    return request.rows == RowChoice::envelope ? fitting::fit_envelope(candidate, all, runs, options).fit
                                               : fitting::fit_law(candidate, answer.rows.data, options);
  };
  fit_laws(request, law, fit_one, answer);
  add_findings(request, answer);
  return answer;
}

FitAnswer fit(const FitRequest& request, documents::Reading reading) {
  FitAnswer answer = fit(request, read_fit_rows(request, std::move(reading)));
  tables::log_messages(answer.rows.notes, answer.rows.warnings);
  return answer;
}

}  // namespace phaselaw::advice
