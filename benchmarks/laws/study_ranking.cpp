// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <Eigen/Dense>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/team.h"
#include "phaselaw/fitting/averaging.h"
#include "phaselaw/fitting/lack_of_fit.h"
#include "phaselaw/fitting/non_negative.h"
#include "phaselaw/fitting/refit.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/laws/catalogue.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/tables/rows.h"

// Which rule of choosing a law predicts large runs best?
//
//   bench_laws_study_ranking simulate [REPS]          twelve truths, 20 and 40 runs each, 0.5 % noise
//   bench_laws_study_ranking tables FOLDER [DELTA]    published tables, in the folders that docs/laws.md names
//
// Simulation: error of the loss at 10 and 100 times the largest compute, at 20 tokens per parameter. Tables: the
// cheapest 80 % of the rows are fitted, the rest predicted. `tables` prints the eleven tables that were known when the
// rule was chosen, and then others. Rules:
//   slices, each law its own   mean error over four fifths, each predicted from all cheaper rows, and over the last
//                              fifth again; a law is excused slices with too few rows (the ranking up to this version)
//   AICc, AICc average         certified laws on all rows; back-test: the law with the best score of rank_laws
//   stacking                   non-negative weights that minimise the errors of the back-test's average
//   chinchilla                 always
//   rank_laws                  the weights of rank_laws; its first law: without averaging
namespace {

using namespace phaselaw;

bool lacks_fit(const fitting::Fit& fit, const tables::Measurements& data, const fitting::FitOptions& options) {
  fitting::FitOptions own = options;
  own.fix = fit.fixed;
  return fitting::lack_of_fit(fit, data, own, {}, {}).significant;
}

constexpr std::size_t kMostParameters = 8;  // larger laws are never certified on 40 rows, and slow

double chinchilla_value(double n, double d) { return 1.82 + 482 * std::pow(n, -.348) + 2085 * std::pow(d, -.366); }

struct Truth {
  const char* name;
  bool frontier;  // 8 to 50 tokens per parameter instead of 5 to 200
  double (*loss)(double n, double d);
};

const std::vector<Truth>& truths() {
  static const std::vector<Truth> list = {
      {"chinchilla", false, chinchilla_value},
      {"hoffmann", false,
       [](double n, double d) { return 1.69 + 406.4 * std::pow(n, -.34) + 410.7 * std::pow(d, -.28); }},
      {"tied", false, [](double n, double d) { return 1.8 + 900 * std::pow(n, -.35) + 1540 * std::pow(d, -.35); }},
      {"outer", false,
       [](double n, double d) { return 1.5 + std::pow(40 * std::pow(n, -.22) + 60 * std::pow(d, -.2), 1.5); }},
      {"kaplan", false,
       [](double n, double d) { return std::pow(std::pow(8.8e13 / n, .076 / .095) + 5.4e13 / d, .095); }},
      {"power", true, [](double n, double d) { return 1.7 + 1.2e3 * std::pow(6 * n * d, -.155); }},
      {"kaplan-c", true, [](double n, double d) { return std::pow(2.6e28 / (6 * n * d), .05); }},
      {"no floor", false, [](double n, double d) { return 30 * std::pow(n, -.15) + 60 * std::pow(d, -.17); }},
      {"bent data", false,
       [](double n, double d) {
         return 1.82 + 482 * std::pow(n, -.348) +
                2085 * std::pow(d, -.366) * std::pow(1 + (d / 4e10) * (d / 4e10), .06);
       }},
      {"log^2", false,
       [](double n, double d) {
         const double ratio = std::log(d / (20 * n));
         return chinchilla_value(n, d) * (1 + .004 * ratio * ratio);
       }},
      {"bent size", false,
       [](double n, double d) {
         return 1.82 + 482 * std::pow(n, -.348) * std::pow(1 + (n / 8e8) * (n / 8e8), .05) + 2085 * std::pow(d, -.366);
       }},
      {"cross", false,
       [](double n, double d) {
         return 1.75 + 350 * std::pow(n, -.33) + 1800 * std::pow(d, -.4) * std::pow(n / 2e8, .08);
       }},
  };
  return list;
}

// The score of the ranking up to this version.
double score_of_own_slices(const fitting::Fit& fit, const tables::Measurements& data,
                           const fitting::FitOptions& options) {
  const std::vector<double> shares = {0.2, 0.4, 0.6, 0.8};
  std::vector<fitting::Slice> slices = fitting::slices_of(data.columns, shares);
  double total = 0;
  int terms = 0;
  for (std::size_t s = 0; s < slices.size(); ++s) {
    if (s + 1 < slices.size()) slices[s].predicted.resize(slices[s + 1].fitted.size() - slices[s].fitted.size());
    const auto result = fitting::predict_slice(fit.law, data, options, slices[s], &fit);
    if (!result) continue;
    const int times = s + 1 == slices.size() ? 2 : 1;  // the last slice is also the holdout
    total += times * result->mean_abs_rel_error;
    terms += times;
  }
  return terms > 0 ? total / terms : INFINITY;
}

using Weights = std::map<std::string, double>;  // by name of the law

Weights akaike(const fitting::Ranking& ranking) {
  Weights weights;
  for (const auto& law : ranking.laws)
    if (law.fit.convergence.certified && !std::isnan(law.delta_aicc))
      weights[law.fit.name()] = std::exp(-0.5 * law.delta_aicc);
  return weights;
}

Weights stacked(const fitting::Ranking& ranking) {
  std::vector<const fitting::RankedLaw*> laws;
  for (const auto& law : ranking.laws)
    if (law.reason.empty() && laws.size() < fitting::kMaxNonNegative) laws.push_back(&law);
  if (laws.empty()) return {};
  fitting::NonNegativeProblem problem(laws.size());
  std::vector<double> row(laws.size(), 100);
  problem.add_row(row, 100);  // the weights sum to 1
  for (std::size_t s = 0; s < laws.front()->backtest.size(); ++s) {
    const auto& first = laws.front()->backtest[s];
    for (std::size_t i = 0; i < first.rows.size(); ++i) {
      for (std::size_t a = 0; a < laws.size(); ++a)
        row[a] = std::clamp(std::log1p(laws[a]->backtest[s].predicted[i]), -1.0, 1.0) /
                 std::sqrt(static_cast<double>(first.rows.size()));
      problem.add_row(row, 0);
    }
  }
  Weights weights;
  const std::vector<double> solution = problem.solve();
  for (std::size_t a = 0; a < laws.size(); ++a) weights[laws[a]->fit.name()] = solution[a];
  return weights;
}

// The weights of every rule, in the order of rule_names().
const std::vector<std::string>& rule_names() {
  static const std::vector<std::string> names = {"slices, each law its own",
                                                 "AICc",
                                                 "AICc average",
                                                 "back-test",
                                                 "stacking",
                                                 "chinchilla",
                                                 "rank_laws",
                                                 "its first law"};
  return names;
}

std::vector<Weights> rules_of(const fitting::Ranking& ranking, const tables::Measurements& data,
                              const fitting::FitOptions& options) {
  const auto lowest = [&](const auto& value) {
    const auto at = std::min_element(ranking.laws.begin(), ranking.laws.end(),
                                     [&](const auto& a, const auto& b) { return value(a) < value(b); });
    return Weights{{at->fit.name(), 1}};
  };
  const auto aicc = [](const fitting::RankedLaw& law) {
    return law.fit.convergence.certified && !std::isnan(law.delta_aicc) ? law.delta_aicc : INFINITY;
  };
  std::map<std::string, double> old;
  for (const auto& law : ranking.laws) old[law.fit.name()] = score_of_own_slices(law.fit, data, options);
  Weights rule;
  for (const auto& law : ranking.laws) rule[law.fit.name()] = law.weight;
  return {lowest([&](const auto& law) { return old.at(law.fit.name()); }),
          lowest(aicc),
          akaike(ranking),
          lowest([](const auto& law) { return law.score; }),
          stacked(ranking),
          {{"chinchilla", 1}},
          rule,
          {{ranking.laws.front().fit.name(), 1}}};
}

// |predicted/true - 1| of each row under each rule, at most 1.
std::vector<std::vector<double>> errors_of(const std::vector<laws::Law>& laws, const tables::Measurements& fitted,
                                           const fitting::FitOptions& options, const tables::Columns& at,
                                           const std::vector<double>& truth, std::string* first = nullptr) {
  const fitting::Ranking ranking = fitting::rank_laws(
      laws, fitted, options, 0.2, {}, [&](const fitting::Fit& fit) { return lacks_fit(fit, fitted, options); });
  if (first != nullptr) *first = ranking.laws.front().fit.name();
  std::vector<std::vector<double>> errors;
  for (const Weights& weights : rules_of(ranking, fitted, options)) {
    std::vector<fitting::Member> members;
    for (const auto& law : ranking.laws)
      if (const auto w = weights.find(law.fit.name()); w != weights.end() && w->second > 0)
        members.push_back({law.fit.law, law.fit.value, w->second});
    std::vector<double> error(truth.size(), 1);
    if (!members.empty()) {
      const std::vector<double> predicted = fitting::AveragedLaw(std::move(members)).evaluate(at);
      for (std::size_t i = 0; i < truth.size(); ++i)
        if (std::isfinite(predicted[i])) error[i] = std::min(1.0, std::abs(predicted[i] / truth[i] - 1));
    }
    errors.push_back(std::move(error));
  }
  return errors;
}

// One simulated table, its target sizes and the true losses there.
struct Draw {
  tables::Measurements data;
  tables::Columns at;
  std::vector<double> truth;
};

Draw draw(const Truth& truth, std::size_t which, int n, int rep) {
  numerics::RandomStream stream(static_cast<std::uint64_t>(n), "study_ranking",
                                1000 * which + static_cast<std::uint64_t>(rep));
  const double low = truth.frontier ? 8 : 5, high = truth.frontier ? 50 : 200;
  std::vector<double> size, tokens;
  Draw out;
  double most = 0;
  for (int i = 0; i < n; ++i) {
    size.push_back(3e7 * std::pow(2e9 / 3e7, stream.uniform()));
    tokens.push_back(size.back() * low * std::pow(high / low, stream.uniform()));
    out.data.output.push_back(truth.loss(size.back(), tokens.back()) * std::exp(.005 * stream.normal()));
    most = std::max(most, 6 * size.back() * tokens.back());
  }
  out.data.columns.add("n_params", size);
  out.data.columns.add("tokens", tokens);
  std::vector<double> sizes, lengths;
  for (const double factor : {10.0, 100.0}) {
    sizes.push_back(std::sqrt(factor * most / 120));
    lengths.push_back(20 * sizes.back());
    out.truth.push_back(truth.loss(sizes.back(), lengths.back()));
  }
  out.at.add("n_params", sizes);
  out.at.add("tokens", lengths);
  return out;
}

void simulate(int reps) {
  fitting::FitOptions options;
  options.interval = fitting::IntervalMethod::none;
  options.objective = fitting::Objective::l2;  // what the default cut amounts to for Gaussian noise
  const std::size_t rules = rule_names().size();
  for (const int n : {20, 40}) {
    const auto begin = base::Clock::now();
    std::vector<laws::Law> laws;
    for (auto& law : fitting::rivals(draw(truths().front(), 0, n, 0).data.columns))
      if (law.parameters.size() <= kMostParameters) laws.push_back(law);
    const std::size_t tables = truths().size() * static_cast<std::size_t>(reps);
    std::vector<std::vector<std::vector<double>>> errors(tables);
    base::parallel_for(static_cast<std::int64_t>(tables), 0, [&](std::int64_t i, int) {
      const auto t = static_cast<std::size_t>(i) / static_cast<std::size_t>(reps);
      const Draw sample = draw(truths()[t], t, n, static_cast<int>(i) % reps);
      errors[static_cast<std::size_t>(i)] = errors_of(laws, sample.data, options, sample.at, sample.truth);
    });
    fmt::print(
        "{} runs, {} tables for each truth, {:.0f} s; error (%) at 10 / 100 times the compute, "
        "difference from the AICc average and its standard error, then at 100 times for each truth\n{:<26}",
        n, reps, base::seconds_since(begin), "rule");
    fmt::print("{:>12} {:>16}", "10/100", "difference");
    for (const Truth& truth : truths()) fmt::print(" {:>10}", truth.name);
    fmt::print("\n");
    for (std::size_t r = 0; r < rules; ++r) {
      std::vector<double> ten, hundred, above;
      std::vector<double> by_truth(truths().size());
      for (std::size_t i = 0; i < tables; ++i) {
        ten.push_back(100 * errors[i][r][0]);
        hundred.push_back(100 * errors[i][r][1]);
        above.push_back(hundred.back() - 100 * errors[i][2][1]);
        by_truth[i / static_cast<std::size_t>(reps)] += hundred.back() / reps;
      }
      fmt::print("{:<26}{:>6.3f}/{:.3f} {:>+8.3f} ± {:.3f}", rule_names()[r], numerics::mean(ten),
                 numerics::mean(hundred), numerics::mean(above),
                 numerics::standard_deviation(above) / std::sqrt(static_cast<double>(tables)));
      for (const double mean : by_truth) fmt::print(" {:>10.2f}", mean);
      fmt::print("\n");
    }
  }
}

struct Source {
  std::string name, file, loss;
  std::vector<std::string> where;
};

std::vector<Source> known_tables() {
  std::vector<Source> list = {{"Gemstones, hot", "gemstones/hot_100b.csv", "", {}},
                              {"Gemstones, cooldown", "gemstones/cool_end.csv", "", {}}};
  for (const char* set : {"c4_original", "rpj", "rw_original"})
    list.push_back({fmt::format("Gadre {}", set),
                    "gadre_overtrain/models.csv",
                    "loss_c4_val",
                    {fmt::format("dataset_name={}", set)}});
  for (const char* exp : {"0", "1", "2", "3", "4"})
    list.push_back({fmt::format("Porian rw {}", exp),
                    "porian_isoflop/isoflop_points.csv",
                    "",
                    {fmt::format("exp={}", exp), "dataset=rw"}});
  list.push_back({"repeated data", "datablations/fit_subset.csv", "", {}});
  return list;
}

std::vector<Source> other_tables() {
  std::vector<Source> list;
  for (const char* exp : {"0", "1", "2", "3", "4"})
    list.push_back({fmt::format("Porian owt2 {}", exp),
                    "porian_isoflop/isoflop_points.csv",
                    "",
                    {fmt::format("exp={}", exp), "dataset=owt2"}});
  for (const char* set : {"c4_original", "rpj", "rw_original"})
    for (const char* loss :
         {"loss_openlm", "loss_paloma_c4_en", "loss_paloma_dolma_100_programing_languages",
          "loss_paloma_falcon-refinedweb", "loss_paloma_ptb", "loss_paloma_redpajama", "loss_val_de-en_100"})
      list.push_back({fmt::format("Gadre {} {}", set, std::string(loss).substr(5, 18)),
                      "gadre_overtrain/models.csv",
                      loss,
                      {fmt::format("dataset_name={}", set)}});
  return list;
}

void predict_tables(const std::string& folder, const std::vector<Source>& sources, const fitting::FitOptions& plain) {
  fmt::print("{:<38} {:>5}", "table", "rows");
  for (const std::string& rule : rule_names()) fmt::print(" {:>12}", rule.substr(0, 12));
  fmt::print("  first law\n");
  std::vector<double> total(rule_names().size()), worst(rule_names().size());
  for (const Source& source : sources) {
    tables::ReadOptions read;
    if (!source.loss.empty()) read.loss = source.loss;
    read.where = source.where;
    const tables::Rows rows = tables::read_rows(fmt::format("{}/{}", folder, source.file), read);
    const double share = 0.8;
    const fitting::Slice slice = fitting::slices_of(rows.data.columns, {&share, 1}).front();
    fitting::FitOptions options = plain;
    if (rows.has_several_rows_a_run()) options.cluster = rows.run;
    options = options.rows(slice.fitted);
    options.threads = 0;
    const tables::Measurements fitted = rows.data.rows(slice.fitted), rest = rows.data.rows(slice.predicted);
    std::string first;
    const auto errors = errors_of(fitting::rivals(fitted.columns), fitted, options, rest.columns, rest.output, &first);
    fmt::print("{:<38} {:>5}", source.name, rows.n_rows());
    for (std::size_t r = 0; r < errors.size(); ++r) {
      const double mean = 100 * numerics::mean(errors[r]);
      total[r] += mean / static_cast<double>(sources.size());
      worst[r] = std::max(worst[r], mean / (100 * numerics::mean(errors[5])));
      fmt::print(" {:>12.2f}", mean);
    }
    fmt::print("  {}\n", first);
  }
  fmt::print("{:<44}", "mean");
  for (const double x : total) fmt::print(" {:>12.2f}", x);
  fmt::print("\n{:<44}", "largest ratio to chinchilla");
  for (const double x : worst) fmt::print(" {:>12.2f}", x);
  fmt::print("\n\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "simulate") {
    simulate(argc > 2 ? std::atoi(argv[2]) : 100);
    return 0;
  }
  if (mode != "tables" || argc < 3) {
    fmt::print(stderr, "usage: {} simulate [REPS] | tables FOLDER [DELTA]\n", argv[0]);
    return 2;
  }
  fitting::FitOptions options;
  options.interval = fitting::IntervalMethod::none;
  if (argc > 3) options.delta = std::atof(argv[3]);
  fmt::print("tables that were known when the rule was chosen\n");
  predict_tables(argv[2], known_tables(), options);
  fmt::print("other tables\n");
  predict_tables(argv[2], other_tables(), options);
  return 0;
}
