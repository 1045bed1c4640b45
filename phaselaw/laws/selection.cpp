// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <span>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"

namespace phaselaw::laws {

namespace {

// What "largest" means: compute, or what stands for it.
std::vector<double> size_of(const Columns& columns) {
  for (const char* name : {"compute", "n_params", "tokens", "step"}) {
    try {
      return columns.get(name);
    } catch (const base::InputError&) {
      continue;
    }
  }
  return {};
}

// Rows by increasing size; `first` and `last`: the range of them that is predicted after a fit to those before.
std::optional<Holdout> predict_slice(const Law& law, const Measurements& data, const LawOptions& options,
                                     const std::vector<std::size_t>& order, const std::vector<double>& size,
                                     std::size_t first, std::size_t last) {
  const std::span<const std::size_t> fitted(order.data(), first), predicted(order.data() + first, last - first);
  if (fitted.size() <= law.parameters.size() - options.fixed.size() || predicted.empty()) return std::nullopt;
  LawOptions part = options.rows(fitted);
  part.fit.interval = IntervalMethod::none;
  LawFit fit;
  try {
    fit = fit_law(law, data.rows(fitted), part);
  } catch (const base::InputError&) {
    return std::nullopt;  // too few rows of weight
  }
  if (fit.value.empty()) return std::nullopt;
  const Measurements rest = data.rows(predicted);
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

// Whether a slice is the same prediction: the last of five slices is a fifth held out.
bool among(const Holdout& held_out, const std::vector<Holdout>& slices) {
  return std::any_of(slices.begin(), slices.end(), [&](const Holdout& slice) { return slice.rows == held_out.rows; });
}

}  // namespace

std::optional<Holdout> holdout(const Law& law, const Measurements& data, const LawOptions& options, double fraction) {
  if (!(fraction > 0 && fraction < 1))
    throw base::InputError(fmt::format("holdout: expected a fraction in (0, 1), found {}", fraction));
  const std::vector<double> size = size_of(data.columns);
  if (size.empty()) return std::nullopt;
  const std::vector<std::size_t> order = by_size(size);
  const auto n = static_cast<double>(order.size());
  const std::size_t first = boundary(order, size, static_cast<std::size_t>(std::floor((1 - fraction) * n)));
  return predict_slice(law, data, options, order, size, first, order.size());
}

std::vector<Holdout> backtest(const Law& law, const Measurements& data, const LawOptions& options, int slices) {
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

std::string extrapolation_warning(const std::optional<Holdout>& held_out, const std::vector<Holdout>& slices) {
  std::vector<Holdout> past = slices;
  if (held_out && !among(*held_out, slices)) past.push_back(*held_out);
  std::erase_if(past, [](const Holdout& h) { return !(h.compute_factor > 1) || !std::isfinite(h.mean_abs_rel_error); });
  if (past.empty()) return "";
  std::stable_sort(past.begin(), past.end(),
                   [](const Holdout& a, const Holdout& b) { return a.compute_factor < b.compute_factor; });
  std::vector<std::string> parts;
  for (const Holdout& h : past)
    parts.push_back(fmt::format("{:.2g} % at {:.3g} times", 100 * h.mean_abs_rel_error, h.compute_factor));
  const auto worst = std::max_element(past.begin(), past.end(), [](const Holdout& a, const Holdout& b) {
    return a.mean_abs_rel_error < b.mean_abs_rel_error;
  });
  return fmt::format(
      "predictions beyond the largest run extrapolate: fitted to the smaller runs of this table, the law missed the "
      "larger ones by {} the compute fitted; expect {:.2g} % or more beyond {:.3g} times the largest run, whatever the "
      "interval says",
      fmt::join(parts, ", "), 100 * worst->mean_abs_rel_error, past.back().compute_factor);
}

namespace {

// Of the law's columns the first that neither is there nor follows from others; "": all are.
std::string lacking_column(const Law& law, const Measurements& data) {
  for (const std::string& column : law.columns()) try {
      (void)data.columns.get(column);
    } catch (const base::InputError&) {
      return column;
    }
  return "";
}

[[noreturn]] void throw_none_fitted(const std::map<std::string, std::vector<std::string>>& lacking,
                                    const Measurements& data, const std::vector<std::string>& notes) {
  if (!notes.empty()) {
    constexpr std::size_t kShown = 3;
    throw base::InputError(fmt::format(
        "no law can be fitted: {}{}", fmt::join(std::span(notes).first(std::min(notes.size(), kShown)), "; "),
        notes.size() > kShown ? fmt::format("; and {} more", notes.size() - kShown) : ""));
  }
  std::vector<std::string> columns;
  for (const auto& [column, laws] : lacking)
    if (column != "loss") columns.push_back(column);  // what nearly all of them predict
  throw base::InputError(fmt::format(
      "no law can be fitted: each needs some of the columns {}; found beside the loss: {}; name what you have, as in "
      "--col {}=COLUMN",
      fmt::join(columns, ", "),
      data.columns.names.empty() ? "none" : fmt::format("{}", fmt::join(data.columns.names, ", ")),
      lacking.contains("n_params") ? "n_params" : columns.front()));
}

}  // namespace

Ranking rank_laws(const std::vector<Law>& laws, const Measurements& data, const LawOptions& options,
                  double holdout_fraction) {
  Ranking ranking;
  std::map<std::string, std::vector<std::string>> lacking;  // column to the laws that would need it
  base::Progress progress("ranking laws", static_cast<double>(laws.size()));
  for (const Law& law : laws) {
    base::throw_if_interrupted();
    progress.note(law.name);
    progress.advance(1);
    if (const std::string column = lacking_column(law, data); !column.empty()) {
      lacking[column].push_back(law.name);
      continue;
    }
    try {
      RankedLaw ranked;
      ranked.fit = fit_law(law, data, options);
      if (ranked.fit.value.empty()) {
        ranking.notes.push_back(fmt::format("{}: {}", law.name, ranked.fit.convergence.status));
        continue;
      }
      ranked.holdout = holdout(law, data, options, holdout_fraction);
      ranked.backtest = backtest(law, data, options);
      ranking.laws.push_back(std::move(ranked));
    } catch (const base::InputError& error) {
      ranking.notes.push_back(fmt::format("{}: {}", law.name, error.what()));
    }
  }
  if (ranking.laws.empty()) throw_none_fitted(lacking, data, ranking.notes);
  if (!lacking.empty()) {
    std::vector<std::string> parts;
    for (const auto& [column, names] : lacking) parts.push_back(fmt::format("{} ({})", column, fmt::join(names, ", ")));
    ranking.notes.push_back(
        fmt::format("for want of a column: {}; a column of another name is named with --col", fmt::join(parts, "; ")));
  }
  double least_aicc = std::numeric_limits<double>::infinity(), least_bic = least_aicc;
  for (const RankedLaw& ranked : ranking.laws) {
    if (!std::isnan(ranked.fit.aicc)) least_aicc = std::min(least_aicc, ranked.fit.aicc);
    least_bic = std::min(least_bic, ranked.fit.bic);
  }
  for (RankedLaw& ranked : ranking.laws) {
    ranked.delta_aicc = ranked.fit.aicc - least_aicc;
    ranked.delta_bic = ranked.fit.bic - least_bic;
    // Errors of prediction over the factors of extrapolation that the table allows.
    double total = ranked.holdout ? ranked.holdout->mean_abs_rel_error : 0;
    int terms = ranked.holdout ? 1 : 0;
    for (const Holdout& past : ranked.backtest) {
      total += past.mean_abs_rel_error;
      ++terms;
    }
    ranked.score = terms > 0 ? total / terms : std::numeric_limits<double>::infinity();
  }
  std::stable_sort(ranking.laws.begin(), ranking.laws.end(), [](const RankedLaw& a, const RankedLaw& b) {
    if (a.score != b.score) return a.score < b.score;
    return a.delta_bic < b.delta_bic;
  });
  return ranking;
}

}  // namespace phaselaw::laws
