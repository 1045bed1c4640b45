// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <span>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/laws/catalogue.h"

namespace phaselaw::fitting {

namespace {

// The column that orders rows by size: compute, or its substitute.
std::vector<double> size_of(const tables::Columns& columns) {
  for (const char* name : {"compute", "n_params", "tokens", "step"}) {
    try {
      return columns.get(name);
    } catch (const base::InputError&) {
      continue;
    }
  }
  return {};
}

// Rows by increasing size; the rows from `first` to `last` are predicted by a fit to those before.
std::optional<Holdout> predict_slice(const laws::Law& law, const tables::Measurements& data, const FitOptions& options,
                                     const std::vector<std::size_t>& order, const std::vector<double>& size,
                                     std::size_t first, std::size_t last) {
  const std::span<const std::size_t> fitted(order.data(), first), predicted(order.data() + first, last - first);
  if (fitted.size() <= law.parameters.size() - options.fix.size() || predicted.empty()) return std::nullopt;
  FitOptions part = options.rows(fitted);
  part.interval = IntervalMethod::none;
  Fit fit;
  try {
    fit = fit_law(law, data.rows(fitted), part);
  } catch (const base::InputError&) {
    return std::nullopt;  // too few rows with weight
  }
  if (fit.value.empty()) return std::nullopt;
  const tables::Measurements rest = data.rows(predicted);
  const std::vector<double> value = evaluate(law, rest.columns, fit.value);
  Holdout result;
  result.fraction = static_cast<double>(predicted.size()) / static_cast<double>(order.size());
  result.n_fitted = fitted.size();
  result.n_predicted = predicted.size();
  result.compute_factor = size[predicted.back()] / size[fitted.back()];
  result.certified = fit.convergence.certified;
  result.rows.assign(predicted.begin(), predicted.end());
  result.predicted = value;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const double error = value[i] / rest.output[i] - 1;
    result.mean_abs_rel_error += std::abs(error) / static_cast<double>(value.size());
    result.bias += error / static_cast<double>(value.size());
  }
  return result;
}

std::vector<std::size_t> by_size(const std::vector<double>& size) {
  std::vector<std::size_t> order(size.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return size[a] < size[b]; });
  return order;
}

// The first position at or after `at` where the size changes, so that equal sizes stay together.
std::size_t boundary(const std::vector<std::size_t>& order, const std::vector<double>& size, std::size_t at) {
  while (at > 0 && at < order.size() && size[order[at]] == size[order[at - 1]]) ++at;
  return at;
}

}  // namespace

std::optional<Holdout> holdout(const laws::Law& law, const tables::Measurements& data, const FitOptions& options,
                               double fraction) {
  if (!(fraction > 0 && fraction < 1))
    throw base::InputError(fmt::format("holdout: expected a fraction in (0, 1), found {}", fraction));
  const std::vector<double> size = size_of(data.columns);
  if (size.empty()) return std::nullopt;
  const std::vector<std::size_t> order = by_size(size);
  const auto n = static_cast<double>(order.size());
  const std::size_t first = boundary(order, size, static_cast<std::size_t>(std::floor((1 - fraction) * n)));
  return predict_slice(law, data, options, order, size, first, order.size());
}

std::vector<Holdout> backtest(const laws::Law& law, const tables::Measurements& data, const FitOptions& options,
                              int slices) {
  if (slices < 2) throw base::InputError(fmt::format("backtest: expected at least 2 slices, found {}", slices));
  const std::vector<double> size = size_of(data.columns);
  std::vector<Holdout> results;
  if (size.empty()) return results;
  const std::vector<std::size_t> order = by_size(size);
  const auto cut = [&](int slice) {
    return boundary(order, size, order.size() * static_cast<std::size_t>(slice) / static_cast<std::size_t>(slices));
  };
  for (int slice = 1; slice < slices; ++slice)
    if (cut(slice + 1) > cut(slice))
      if (const auto result = predict_slice(law, data, options, order, size, cut(slice), cut(slice + 1)))
        results.push_back(*result);
  return results;
}

RankedLaw judged(Fit fit, const tables::Measurements& data, const FitOptions& options, double holdout_fraction) {
  RankedLaw out;
  out.fit = std::move(fit);
  if (holdout_fraction > 0 && !out.fit.value.empty()) {
    FitOptions plain = options;
    plain.interval = IntervalMethod::none;
    out.holdout = holdout(out.fit.law, data, plain, holdout_fraction);
    out.backtest = backtest(out.fit.law, data, plain);
  }
  double total = out.holdout ? out.holdout->mean_abs_rel_error : 0;
  int terms = out.holdout ? 1 : 0;
  for (const Holdout& past : out.backtest) {
    total += past.mean_abs_rel_error;
    ++terms;
  }
  out.score = terms > 0 ? total / terms : std::numeric_limits<double>::infinity();
  return out;
}

namespace {

bool has(const tables::Columns& columns, const std::string& name) {
  try {
    (void)columns.get(name);
    return true;
  } catch (const base::InputError&) {
    return false;
  }
}

// The first of the law's columns that is neither present nor derivable from others; empty if there is none.
std::string lacking_column(const laws::Law& law, const tables::Columns& columns) {
  for (const std::string& column : law.columns())
    if (!has(columns, column)) return column;
  return "";
}

[[noreturn]] void throw_none_fitted(const std::map<std::string, std::vector<std::string>>& lacking,
                                    const tables::Measurements& data, const std::vector<std::string>& notes) {
  if (!notes.empty()) {
    constexpr std::size_t kShown = 3;
    throw base::InputError(fmt::format(
        "no law can be fitted: {}{}", fmt::join(std::span(notes).first(std::min(notes.size(), kShown)), "; "),
        notes.size() > kShown ? fmt::format("; and {} more", notes.size() - kShown) : ""));
  }
  std::vector<std::string> columns;
  for (const auto& [column, laws] : lacking)
    if (column != "loss") columns.push_back(column);  // what nearly all laws predict
  throw base::InputError(
      fmt::format("no law can be fitted: each needs some of the columns {}; besides the loss the table has: {}; "
                  "name the column you have, for example --col {}=COLUMN",
                  fmt::join(columns, ", "),
                  data.columns.names.empty() ? "none" : fmt::format("{}", fmt::join(data.columns.names, ", ")),
                  lacking.contains("n_params") ? "n_params" : columns.front()));
}

bool has_parameter(const laws::Law& law, const std::string& name) {
  return std::any_of(law.parameters.begin(), law.parameters.end(),
                     [&](const laws::Parameter& parameter) { return parameter.name == name; });
}

void require_known(const std::map<std::string, double>& fix, const std::vector<laws::Law>& laws) {
  for (const auto& fixed : fix) {
    const std::string& name = fixed.first;
    if (std::any_of(laws.begin(), laws.end(), [&](const laws::Law& law) { return has_parameter(law, name); })) continue;
    std::vector<std::string> known;
    for (const laws::Law& law : laws)
      for (const laws::Parameter& parameter : law.parameters)
        if (std::find(known.begin(), known.end(), parameter.name) == known.end()) known.push_back(parameter.name);
    throw base::InputError({"--fix"}, base::unknown_name("parameter", name, known));
  }
}

void sort_by_score(Ranking& ranking) {
  double least_aicc = std::numeric_limits<double>::infinity(), least_bic = least_aicc;
  for (const RankedLaw& ranked : ranking.laws) {
    if (!std::isnan(ranked.fit.aicc)) least_aicc = std::min(least_aicc, ranked.fit.aicc);
    least_bic = std::min(least_bic, ranked.fit.bic);
  }
  for (RankedLaw& ranked : ranking.laws) {
    ranked.delta_aicc = ranked.fit.aicc - least_aicc;
    ranked.delta_bic = ranked.fit.bic - least_bic;
  }
  const auto aicc = [](const RankedLaw& ranked) {
    return std::isnan(ranked.delta_aicc) ? std::numeric_limits<double>::infinity() : ranked.delta_aicc;
  };
  std::stable_sort(ranking.laws.begin(), ranking.laws.end(), [&](const RankedLaw& a, const RankedLaw& b) {
    return std::pair(a.score, aicc(a)) < std::pair(b.score, aicc(b));
  });
}

}  // namespace

std::vector<laws::Law> rivals(const tables::Columns& columns, const std::string& output) {
  std::vector<laws::Law> list;
  for (const laws::Law& law : laws::all_laws()) {
    if (law.output != output) continue;
    list.push_back(law);
    if (law.columns() != std::vector<std::string>{"step"} || has(columns, "step")) continue;
    for (const char* column : {"compute", "tokens"})
      if (has(columns, column)) {
        list.back() = laws::law_from(fmt::format("{}@{}", law.name, column), columns.names);
        break;
      }
  }
  return list;
}

Ranking rank_laws(const std::vector<laws::Law>& laws, const tables::Measurements& data, const FitOptions& options,
                  double holdout_fraction, const FitFunction& fit) {
  Ranking ranking;
  require_known(options.fix, laws);
  std::map<std::string, std::vector<std::string>> lacking;  // column to the laws that would need it
  base::Progress progress("ranking laws", static_cast<double>(laws.size()));
  for (const laws::Law& law : laws) {
    base::throw_if_interrupted();
    progress.note(law.name);
    progress.advance(1);
    if (const std::string column = lacking_column(law, data.columns); !column.empty()) {
      lacking[column].push_back(law.name);
      continue;
    }
    try {
      FitOptions own = options;
      std::erase_if(own.fix, [&](const auto& held) { return !has_parameter(law, held.first); });
      RankedLaw ranked = judged(fit ? fit(law, own) : fit_law(law, data, own), data, own, holdout_fraction);
      if (ranked.fit.value.empty())
        ranking.notes.push_back(fmt::format("{}: {}", law.name, ranked.fit.convergence.status));
      else
        ranking.laws.push_back(std::move(ranked));
    } catch (const base::InputError& error) {
      ranking.notes.push_back(fmt::format("{}: {}", law.name, error.what()));
    }
  }
  if (ranking.laws.empty()) throw_none_fitted(lacking, data, ranking.notes);
  for (const auto& [column, names] : lacking)
    ranking.notes.push_back(fmt::format("{}: column {} is missing", fmt::join(names, ", "), column));
  sort_by_score(ranking);
  return ranking;
}

EarlyForm early_form(const Ranking& ranking) {
  EarlyForm out{"inconclusive", std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  for (const RankedLaw& ranked : ranking.laws) {
    const std::string name = ranked.fit.name().substr(0, ranked.fit.name().find('@'));
    if (std::isnan(ranked.fit.aicc)) continue;
    if (name == "two-stage" || name == "exponential")
      out.exponential = std::min(out.exponential, ranked.fit.aicc);
    else if (name == "power" || name == "shifted-power")
      out.power = std::min(out.power, ranked.fit.aicc);
  }
  if (!std::isfinite(out.exponential) || !std::isfinite(out.power)) return out;
  if (out.power - out.exponential > kDecisiveAicc) out.word = "exponential";
  if (out.exponential - out.power > kDecisiveAicc) out.word = "power";
  return out;
}

}  // namespace phaselaw::fitting
