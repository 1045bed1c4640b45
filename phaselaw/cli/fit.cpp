// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "phaselaw/base/log.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/laws/compare.h"
#include "phaselaw/laws/envelope.h"
#include "phaselaw/laws/envelope_fit.h"
#include "phaselaw/laws/fit_json.h"
#include "phaselaw/laws/table.h"
#include "phaselaw/laws/two_stage_fit.h"
#include "phaselaw/report/format.h"
#include "phaselaw/reproduce/study_curves.h"
#include "phaselaw/store/store.h"

// phaselaw fit TABLE.csv|study.db --law two-stage|all: one curve, or the lower envelope over several.
namespace phaselaw::cli {

namespace {

struct FitFlags {
  std::string table, law = "two-stage", objective = "huber", interval = "automatic", exponent = "free", floor = "auto";
  double delta = 1e-3, level = 0.95;
  int resamples = 400;
  std::vector<std::string> columns;
};

struct Measurements {
  laws::Curves curves;
  bool excess_risk = false;
  std::string what;  // for people: which column or quantity
};

template <class E>
E choice(const char* flag, const std::string& word, const std::vector<E>& values) {
  std::vector<std::string> known;
  for (const E value : values) {
    known.emplace_back(laws::to_string(value));
    if (known.back() == word) return value;
  }
  throw base::InputError({flag}, base::unknown_name("word", word, known));
}

// "free", "0.2" or "1/6".
std::optional<double> number_or(const char* flag, const std::string& text, const std::string& word) {
  if (text == word) return {};
  const auto parse = [&](std::string_view part) {
    double value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || !std::isfinite(value))
      throw base::InputError({flag},
                             fmt::format("expected {}, a number or a fraction such as 1/6; found '{}'", word, text));
    return value;
  };
  const auto slash = text.find('/');
  if (slash == std::string::npos) return parse(text);
  const double below = parse(std::string_view(text).substr(slash + 1));
  if (below == 0) throw base::InputError({flag}, fmt::format("'{}' divides by zero", text));
  return parse(std::string_view(text).substr(0, slash)) / below;
}

Measurements read(const FitFlags& flags) {
  if (std::filesystem::path(flags.table).extension() == ".db") {
    const auto curves = reproduce::study_curves(store::Store::open_read(flags.table).runs(), flags.table);
    return {curves.flat(), curves.quantity == reproduce::Quantity::excess_risk, curves.label()};
  }
  std::map<std::string, std::string> columns;
  for (const auto& column : flags.columns) {
    const auto equals = column.find('=');
    if (equals == std::string::npos)
      throw base::InputError({"--col"}, fmt::format("expected name=COLUMN, e.g. loss=val_loss; found '{}'", column));
    const std::string name = column.substr(0, equals);
    const std::vector<std::string> known = {"compute", "loss", "run"};
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw base::InputError({"--col"}, base::unknown_name("name", name, known));
    columns[name] = column.substr(equals + 1);
  }
  const auto table = laws::read_curves(flags.table, columns);
  return {table.curves, table.loss_column == "excess_risk", table.loss_column};
}

laws::Curves rows_of(const std::vector<laws::EnvelopePoint>& envelope) {
  laws::Curves rows;
  for (const auto& point : envelope) {
    rows.run.push_back(point.run);
    rows.compute.push_back(point.compute);
    rows.loss.push_back(point.loss);
  }
  return rows;
}

void print_fit(const laws::Fit& fit) {
  fmt::print("{}: {}\n", fit.law, fit.formula);
  std::vector<std::vector<std::string>> rows = {{"quantity", "value", "identified"}};
  for (const auto* list : {&fit.parameters, &fit.derived})
    for (const auto& e : *list)
      rows.push_back({e.name,
                      e.fixed ? report::format_number(e.value, 6) + " (fixed)"
                              : report::format_value(e.value, e.lo.value_or(NAN), e.hi.value_or(NAN)),
                      e.identified ? "yes" : "no"});
  fmt::print("{}{} rows, residual {} (std of ln loss), AICc {}; {} of {} starts agree, {}; {} intervals at {} %\n",
             text_table(rows), fit.n_points, report::format_number(fit.residual_scale),
             report::format_number(fit.aicc, 5), fit.convergence.agreed, fit.convergence.starts, fit.convergence.status,
             laws::to_string(fit.method), 100 * fit.level);
}

void run_fit(const Common& common, const FitFlags& flags) {
  require_outputs(common);
  if (flags.law != "two-stage" && flags.law != "all")
    throw base::InputError({"--law"}, base::unknown_name("law", flags.law, {"two-stage", "all"}));
  using laws::IntervalMethod, laws::Objective;
  laws::TwoStageOptions options;
  options.fit.objective =
      choice<Objective>("--objective", flags.objective, {Objective::huber, Objective::l1, Objective::l2});
  options.fit.interval =
      choice<IntervalMethod>("--interval", flags.interval,
                             {IntervalMethod::none, IntervalMethod::automatic, IntervalMethod::bootstrap,
                              IntervalMethod::bca, IntervalMethod::profile});
  options.fit.delta = flags.delta;
  options.fit.level = flags.level;
  options.fit.resamples = flags.resamples;
  options.fit.seed = static_cast<std::uint64_t>(common.seed.value_or(0));
  options.known.exponent = number_or("--exponent", flags.exponent, "free");
  if (options.known.exponent && !(*options.known.exponent > 0))
    throw base::InputError({"--exponent"}, fmt::format("must be > 0; found {}", *options.known.exponent));

  Measurements data = read(flags);
  // An excess risk goes to 0, a loss to a floor that is not known.
  if (flags.floor == "auto")
    options.known.floor = data.excess_risk ? std::optional<double>(0.0) : std::nullopt;
  else
    options.known.floor = number_or("--floor", flags.floor, "free");
  const bool several = std::adjacent_find(data.curves.run.begin(), data.curves.run.end(), std::not_equal_to<>()) !=
                       data.curves.run.end();
  if (several)
    base::log_info(fmt::format("several runs: fitting the lower envelope of {}; intervals resample runs", data.what));
  if (flags.law == "all") {
    if (several) {
      // Rows of an envelope are minima over runs: intervals that resample rows would be too narrow (decision 007).
      options.fit.interval = IntervalMethod::none;
      base::log_warning("--law all over several runs ranks the forms without intervals; --law two-stage has them");
      data.curves = rows_of(laws::staircase(data.curves));
    }
    const auto comparison = laws::compare_forms(data.curves.compute, data.curves.loss, options.known, options.fit);
    emit_json(common, laws::to_value(comparison));
    if (common.json == "-") return;
    for (const auto& fit : comparison.fits) print_fit(fit);
    fmt::print("early form: {}\n", comparison.early_form);
    return;
  }
  const auto fit = several ? laws::fit_two_stage_envelope(data.curves, options)
                           : laws::fit_two_stage(data.curves.compute, data.curves.loss, options);
  emit_json(common, laws::to_value(fit));
  if (common.json != "-") print_fit(fit);
  for (const auto& warning : fit.warnings) base::log_warning(warning);
}

}  // namespace

void add_fit(Program& program) {
  auto flags = std::make_shared<FitFlags>();
  add_verb(program, "fit", "fit the two-stage law to a loss curve, or to the envelope over several runs",
           "phaselaw fit curve.csv --law two-stage --json fit.json",
           [&program, flags] { run_fit(program.common, *flags); })
      .positional("table", flags->table, "CSV or TSV with compute, loss and optionally run; or a store, study.db")
      .option("--law", flags->law, "two-stage, or all: its rivals too, ranked")
      .option("--objective", flags->objective, "huber, l1 or l2, on the residual of ln loss")
      .option("--delta", flags->delta, "where huber bends, in ln loss")
      .option("--interval", flags->interval, "automatic, bootstrap, bca, profile or none")
      .option("--level", flags->level, "of the intervals")
      .option("--resamples", flags->resamples, "bootstrap resamples", 2)
      .option("--exponent", flags->exponent, "free, or fixed: 1/6, 1/7, 0.2")
      .option("--floor", flags->floor, "free, a number, or auto: 0 for an excess risk, free for a loss")
      .option("--col", flags->columns, "name=COLUMN for compute, loss or run, when the names are not recognised");
}

}  // namespace phaselaw::cli
