// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/selection.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/base/team.h"
#include "phaselaw/fitting/choice.h"
#include "phaselaw/laws/catalogue.h"

namespace phaselaw::fitting {

namespace {

constexpr const char* kReference = "chinchilla";  // the law that is kept unless another is shown to be better
constexpr std::size_t kLeastSlices = 3;           // slices that a law must be able to sit to be ranked
constexpr std::size_t kSpareRows = 2;             // rows of a slice beyond the free parameters
constexpr double kNarrow = 1.5;                   // factor between the ends of a column that causes a note

FitOptions without_intervals(const FitOptions& options) {
  FitOptions plain = options;
  plain.interval = IntervalMethod::none;
  return plain;
}

// The holdout is often one of the slices of the back-test.
std::optional<Holdout> held_out(const RankedLaw& ranked, const tables::Measurements& data, const FitOptions& options,
                                double fraction) {
  const double share = 1 - fraction;
  const std::vector<Slice> slices = slices_of(data.columns, {&share, 1});
  if (slices.empty()) return std::nullopt;
  for (const Holdout& past : ranked.backtest)
    if (past.rows == slices.front().predicted) return past;
  return predict_slice(ranked.fit.law, data, options, slices.front(), &ranked.fit);
}

}  // namespace

RankedLaw judged(Fit fit, const tables::Measurements& data, const FitOptions& options, double holdout_fraction) {
  RankedLaw out;
  out.fit = std::move(fit);
  if (holdout_fraction > 0 && !out.fit.value.empty()) {
    const FitOptions plain = without_intervals(options);
    out.backtest = backtest(out.fit.law, data, plain, &out.fit);
    out.holdout = held_out(out, data, plain, holdout_fraction);
  }
  double total = 0;
  for (const Holdout& past : out.backtest)
    for (const double error : past.predicted)
      total += std::abs(std::log1p(error)) / static_cast<double>(past.predicted.size() * out.backtest.size());
  out.score = out.backtest.empty() ? base::kInfinity : total;
  out.survives = true;
  out.weight = 1;
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

// Why no law of these columns can be told from another; empty if they can.
std::string one_value(const laws::Law& law, const tables::Columns& columns) {
  std::vector<std::string> same;
  for (const std::string& column : law.columns()) {
    const std::vector<double> values = columns.get(column);
    if (std::any_of(values.begin(), values.end(), [&](double x) { return x != values.front(); })) return "";
    same.push_back(column);
  }
  return same.empty() ? "" : fmt::format("{} {} one value", fmt::join(same, ", "), same.size() > 1 ? "have" : "has");
}

void note_narrow_columns(const std::vector<RankedLaw>& laws, const tables::Columns& columns,
                         std::vector<std::string>& notes) {
  std::set<std::string> used;
  for (const RankedLaw& ranked : laws) used.insert(ranked.fit.law.columns().begin(), ranked.fit.law.columns().end());
  for (const std::string& column : used) {
    const std::vector<double> values = columns.get(column);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (*low > 0 && *low < *high && *high < kNarrow * *low)
      notes.push_back(fmt::format(
          "{} varies by a factor {} only, so laws of it cannot be told apart; measure over a wider range of {}", column,
          base::format_number(*high / *low, 4), column));
  }
}

// The work of rank_laws: laws are fitted, examined and put in order.
class Ranker {
 public:
  Ranker(const tables::Measurements& data, const FitOptions& options, double holdout_fraction, const FitFunction& fit,
         const MisfitFunction& misfits)
      : data_(data), options_(options), fraction_(holdout_fraction), fit_(fit), misfits_(misfits) {}

  // Fits laws that can be fitted; what happened to the others is noted.
  void fit_all(const std::vector<laws::Law>& laws, Ranking& ranking) const {
    std::vector<RankedLaw> found(laws.size());
    std::vector<std::string> failed(laws.size());
    base::Progress progress("fitting laws", static_cast<double>(laws.size()));
    in_turns(laws.size(), [&](std::size_t i) {
      try {
        found[i].fit = fitted(laws[i], without_intervals(own_options(laws[i])));
        if (found[i].fit.value.empty()) failed[i] = found[i].fit.convergence.status;
      } catch (const base::InputError& error) {
        failed[i] = error.what();
      }
      progress.advance(1);
    });
    for (std::size_t i = 0; i < laws.size(); ++i)
      if (failed[i].empty())
        ranking.laws.push_back(std::move(found[i]));
      else
        ranking.notes.push_back(fmt::format("{}: {}", laws[i].name, failed[i]));
  }

  // The exam and the rule; laws that are not ranked get the reason.
  void examine(Ranking& ranking) const {
    for (RankedLaw& law : ranking.laws) {
      law.score = base::kInfinity;
      law.difference = law.standard_error = base::kNaN;
      if (!law.fit.convergence.certified) law.reason = "not certified: " + law.fit.convergence.status;
    }
    Exam exam;
    std::vector<Contender> contenders;
    const std::vector<std::size_t> ranked = sit_exam(ranking, exam, contenders);
    add_criteria(ranking);
    if (ranked.empty()) return;
    std::optional<std::size_t> reference;
    for (std::size_t c = 0; c < ranked.size(); ++c)
      if (ranking.laws[ranked[c]].fit.name() == kReference) reference = c;
    Misfits misfits;
    if (misfits_) misfits = [&](std::size_t c) { return misfits_(ranking.laws[ranked[c]].fit); };
    const Choice choice = choose_law(contenders, exam, reference, misfits);
    for (std::size_t c = 0; c < ranked.size(); ++c) {
      RankedLaw& law = ranking.laws[ranked[c]];
      const Standing& standing = choice.standings[c];
      law.score = standing.score;
      law.difference = standing.difference;
      law.standard_error = standing.standard_error;
      law.survives = standing.survives;
      law.weight = standing.weight;
    }
    const std::string& best = ranking.laws[ranked[choice.best]].fit.name();
    ranking.rule = exam.weight.empty() ? fmt::format("{} has the lowest AICc", best)
                                       : sentence(choice.rule, reference ? kReference : best, best);
  }

  // Intervals of the laws that predict as well as the best, or of the first if none is ranked.
  void add_intervals(Ranking& ranking) const {
    if (options_.resolved_interval() == IntervalMethod::none) return;
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < ranking.laws.size(); ++i)
      if (i == 0 || ranking.laws[i].survives) chosen.push_back(i);
    base::Progress progress("intervals", static_cast<double>(chosen.size()));
    const bool few = chosen.size() < static_cast<std::size_t>(base::thread_count(options_.threads));
    const auto refit = [&](std::size_t i) {
      RankedLaw& law = ranking.laws[chosen[i]];
      FitOptions own = own_options(law.fit.law);
      if (few) own.threads = options_.threads;
      law.fit = fitted(law.fit.law, own);
      progress.advance(1);
    };
    if (few)
      for (std::size_t i = 0; i < chosen.size(); ++i) refit(i);
    else
      in_turns(chosen.size(), refit);
  }

 private:
  template <class Turn>
  void in_turns(std::size_t count, const Turn& turn) const {
    base::parallel_for(static_cast<std::int64_t>(count), options_.threads, [&](std::int64_t i, int) {
      if (!base::interrupted()) turn(static_cast<std::size_t>(i));
    });
    base::throw_if_interrupted();
  }

  FitOptions own_options(const laws::Law& law) const {
    FitOptions own = options_;
    own.threads = 1;  // laws are fitted side by side
    std::erase_if(own.fix, [&](const auto& held) { return !has_parameter(law, held.first); });
    return own;
  }

  Fit fitted(const laws::Law& law, const FitOptions& own) const {
    return fit_ ? fit_(law, own) : fit_law(law, data_, own);
  }

  // The laws that are ranked, by their position, with their errors in the common slices.
  std::vector<std::size_t> sit_exam(Ranking& ranking, Exam& exam, std::vector<Contender>& contenders) const {
    const std::vector<Slice> slices = fraction_ > 0 ? backtest_slices(data_.columns) : std::vector<Slice>{};
    std::vector<std::size_t> ranked = eligible(ranking, slices);
    std::size_t largest = 0;
    for (const std::size_t i : ranked) largest = std::max(largest, ranking.laws[i].fit.theta.size());
    std::vector<Slice> common;
    for (const Slice& slice : slices)
      if (slice.fitted.size() >= largest + kSpareRows) common.push_back(slice);
    predict(ranking, ranked, common);
    std::erase_if(ranked, [&](std::size_t i) { return !ranking.laws[i].reason.empty(); });
    for (const std::size_t i : ranked) {
      Contender& contender = contenders.emplace_back();
      const double aicc = ranking.laws[i].fit.aicc;
      contender.criterion = std::isnan(aicc) ? base::kInfinity : aicc;
      for (const Holdout& slice : ranking.laws[i].backtest)
        for (const double error : slice.predicted) contender.error.push_back(std::abs(std::log1p(error)));
    }
    if (ranked.empty()) return ranked;
    std::map<std::string, std::size_t> clusters;
    for (const Slice& slice : common)
      for (const std::size_t row : slice.predicted) {
        exam.weight.push_back(1 / static_cast<double>(slice.predicted.size() * common.size()));
        exam.unit.push_back(
            options_.cluster.empty() ? row : clusters.emplace(options_.cluster[row], clusters.size()).first->second);
      }
    return ranked;
  }

  // Certified laws with enough rows in the slices; the others get the reason.
  std::vector<std::size_t> eligible(Ranking& ranking, const std::vector<Slice>& slices) const {
    std::vector<std::size_t> ranked;
    const std::size_t rows =
        slices.empty() ? 0 : slices[slices.size() - std::min(slices.size(), kLeastSlices)].fitted.size();
    for (std::size_t i = 0; i < ranking.laws.size(); ++i) {
      RankedLaw& law = ranking.laws[i];
      if (!law.reason.empty()) continue;
      if (!slices.empty() && law.fit.theta.size() + kSpareRows > rows)
        law.reason = fmt::format("{} parameters are too many for predictions from {} of the {} rows",
                                 law.fit.theta.size(), rows, data_.output.size());
      else
        ranked.push_back(i);
    }
    return ranked;
  }

  // Each law on each slice, and the holdout.
  void predict(Ranking& ranking, const std::vector<std::size_t>& ranked, const std::vector<Slice>& common) const {
    const std::size_t n_slices = common.size();
    std::vector<std::optional<Holdout>> results(ranked.size() * n_slices);
    base::Progress progress("predicting large runs", static_cast<double>(results.size()));
    in_turns(results.size(), [&](std::size_t turn) {
      const Fit& fit = ranking.laws[ranked[turn / n_slices]].fit;
      results[turn] = predict_slice(fit.law, data_, own_options(fit.law), common[turn % n_slices], &fit);
      progress.advance(1);
    });
    for (std::size_t c = 0; c < ranked.size(); ++c) {
      RankedLaw& law = ranking.laws[ranked[c]];
      for (std::size_t s = 0; s < n_slices; ++s)
        if (auto& result = results[c * n_slices + s])
          law.backtest.push_back(std::move(*result));
        else if (law.reason.empty())
          law.reason = fmt::format("cannot be fitted to the cheapest {} rows", common[s].fitted.size());
    }
    if (fraction_ > 0)
      in_turns(ranked.size(), [&](std::size_t c) {
        RankedLaw& law = ranking.laws[ranked[c]];
        law.holdout = held_out(law, data_, own_options(law.fit.law), fraction_);
      });
  }

  static void add_criteria(Ranking& ranking) {
    const bool any = std::any_of(ranking.laws.begin(), ranking.laws.end(),
                                 [](const RankedLaw& law) { return law.fit.convergence.certified; });
    double least_aicc = base::kInfinity, least_bic = base::kInfinity;
    for (const RankedLaw& law : ranking.laws) {
      if (any && !law.fit.convergence.certified) continue;
      if (!std::isnan(law.fit.aicc)) least_aicc = std::min(least_aicc, law.fit.aicc);
      least_bic = std::min(least_bic, law.fit.bic);
    }
    for (RankedLaw& law : ranking.laws) {
      law.delta_aicc = law.fit.aicc - least_aicc;
      law.delta_bic = law.fit.bic - least_bic;
    }
  }

  const tables::Measurements& data_;
  const FitOptions& options_;
  double fraction_;
  const FitFunction& fit_;
  const MisfitFunction& misfits_;
};

// Ranked laws first, by weight and survival; then certified ones; by score, then by AICc.
void put_in_order(std::vector<RankedLaw>& laws) {
  const auto key = [](const RankedLaw& law) {
    const double aicc = std::isnan(law.delta_aicc) ? base::kInfinity : law.delta_aicc;
    return std::array{law.reason.empty()              ? 0.0
                      : law.fit.convergence.certified ? 1.0
                                                      : 2.0,
                      -law.weight, law.survives ? 0.0 : 1.0, law.score, aicc};
  };
  // Only the largest weight decides; the others stand by their score.
  const auto first = std::max_element(laws.begin(), laws.end(),
                                      [](const RankedLaw& a, const RankedLaw& b) { return a.weight < b.weight; });
  if (first != laws.end() && first->weight > 0) std::rotate(laws.begin(), first, first + 1);
  const auto rest = laws.begin() + (first != laws.end() && laws.front().weight > 0 ? 1 : 0);
  std::stable_sort(rest, laws.end(), [&](const RankedLaw& a, const RankedLaw& b) {
    auto left = key(a), right = key(b);
    left[1] = right[1] = 0;
    return left < right;
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
                  double holdout_fraction, const FitFunction& fit, const MisfitFunction& misfits) {
  Ranking ranking;
  require_known(options.fix, laws);
  std::map<std::string, std::vector<std::string>> lacking, constant;  // column, or reason, to the laws
  std::vector<laws::Law> possible;
  for (const laws::Law& law : laws) {
    if (const std::string column = lacking_column(law, data.columns); !column.empty())
      lacking[column].push_back(law.name);
    else if (const std::string reason = one_value(law, data.columns); !reason.empty())
      constant[reason].push_back(law.name);
    else
      possible.push_back(law);
  }
  const Ranker ranker(data, options, holdout_fraction, fit, misfits);
  ranker.fit_all(possible, ranking);
  for (const auto& [reason, names] : constant)
    ranking.notes.push_back(
        fmt::format("{}: {}, so these laws cannot be told apart; measure at others", fmt::join(names, ", "), reason));
  if (ranking.laws.empty()) throw_none_fitted(lacking, data, ranking.notes);
  for (const auto& [column, names] : lacking)
    ranking.notes.push_back(fmt::format("{}: column {} is missing", fmt::join(names, ", "), column));
  note_narrow_columns(ranking.laws, data.columns, ranking.notes);
  ranker.examine(ranking);
  put_in_order(ranking.laws);
  ranker.add_intervals(ranking);
  return ranking;
}

EarlyForm early_form(const Ranking& ranking) {
  EarlyForm out{"inconclusive", base::kInfinity, base::kInfinity};
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
