// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/two_point.h"

#include <cmath>
#include <limits>

#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/theory/two_point.h"

namespace phaselaw::reproduce {

namespace {

using base::Value;

constexpr double kTolerance = 0.05;  // of identities that are simulated, relative

// The inputs and the kernel; the labels are drawn here.
constexpr const char* kStudy = R"(seed = 1
[model]
n_layers = 2
d_model = 4
d_hidden = 64
n_heads = 2
d_head = 4
seq_len = 2
activation = "tanh"
[data]
source = "teacher"
n_test = 1
[grid]
)";
constexpr const char* kQuick = "\"data.n_data\" = [8, 32, 128]\n\"data.noise\" = [0.1, 1.0]\n";
constexpr const char* kFull = "\"data.n_data\" = [8, 16, 32, 64, 128, 256]\n\"data.noise\" = [0.03, 0.3, 3.0]\n";
constexpr double kSeparations[] = {0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6};

Value to_value(const std::vector<Simulated>& list) {
  Value value = Value(Value::List{});
  for (const auto& s : list)
    value.push_back(Value::table({{"name", s.name}, {"value", s.value}, {"standard_error", s.standard_error}}));
  return value;
}
std::vector<Simulated> simulated_from(const Value& value) {
  std::vector<Simulated> list;
  for (const auto& entry : value.list())
    list.push_back({entry.at("name").text(), entry.at("value").number(), entry.at("standard_error").number()});
  return list;
}

// The smallest of many simulated numbers, and an interval of the smallest true one that is valid whatever the others
// are.
struct Smallest {
  Simulated which;
  double lo = std::numeric_limits<double>::infinity(), hi = lo;
  std::string where;
};
template <class Choose>
Smallest smallest(const TwoPointExperiment& e, const Choose& choose) {
  Smallest least;
  least.which.value = std::numeric_limits<double>::infinity();
  std::size_t comparisons = 0;
  for (const auto& cell : e.cells) comparisons += choose(cell).size();
  const double z = numerics::normal_quantile(1 - 0.025 / static_cast<double>(std::max<std::size_t>(comparisons, 1)));
  for (const auto& cell : e.cells)
    for (const auto& s : choose(cell)) {
      least.lo = std::min(least.lo, s.value - z * s.standard_error);
      least.hi = std::min(least.hi, s.value + z * s.standard_error);
      if (s.value >= least.which.value) continue;
      least.which = s;
      least.where = fmt::format("n = {}, noise {}", cell.n_data, base::format_number(cell.noise));
    }
  return least;
}

// The mean over cells that estimate the same number.
struct Pooled {
  double value = 0, lo = 0, hi = 0;
  std::int64_t draws = 0;
};
template <class Choose>
Pooled pooled(const TwoPointExperiment& e, const Choose& choose) {
  Pooled mean;
  double variance = 0;
  const auto cells = static_cast<double>(e.cells.size());
  for (const auto& cell : e.cells) {
    const Simulated& s = choose(cell);
    mean.value += s.value / cells;
    variance += std::pow(s.standard_error / cells, 2);
    mean.draws += cell.draws;
  }
  const double half = numerics::normal_quantile(0.975) * std::sqrt(variance);
  mean.lo = mean.value - half;
  mean.hi = mean.value + half;
  return mean;
}

report::Claim claim_of(const char* id, std::string statement, double predicted, const char* text) {
  report::Claim claim;
  claim.id = std::string("LB.two_point.") + id;
  claim.statement = std::move(statement);
  claim.source = "docs/theory/lower-bounds.md: two-point lower bound [S name, T]";
  claim.standing = report::Standing::kSelfCheck;  // Le Cam's inequality is mathematics: the draws check the program
  claim.predicted = predicted;
  claim.predicted_text = text;
  return claim;
}

report::Claim lower_claim(const char* id, std::string statement, double predicted, const char* text,
                          const Smallest& least, const char* what) {
  auto claim = claim_of(id, std::move(statement), predicted, text);
  claim.measured = least.which.value;
  claim.lo = least.lo;
  claim.hi = least.hi;
  claim_at_least(predicted, claim);
  claim.reading = fmt::format("Smallest {}: {} at {}; Monte-Carlo interval that is valid for all of them at once.",
                              what, least.which.name, least.where);
  return claim;
}

report::Claim exact_claim(const char* id, std::string statement, double predicted, const Pooled& mean) {
  auto claim = claim_of(id, std::move(statement), predicted, "");
  claim.predicted_text = fmt::format("{} within 5 %", base::format_number(predicted, 4));
  claim.measured = mean.value;
  claim.lo = mean.lo;
  claim.hi = mean.hi;
  claim_equal(predicted, kTolerance * predicted, claim);
  claim.reading = fmt::format("Mean over {} draws of the noise, normal interval.", base::format_count(mean.draws));
  claim.would_change = "An interval that leaves 5 % about the exact value, at any n, noise or number of draws.";
  return claim;
}

}  // namespace

std::vector<report::Claim> claims_of(const TwoPointExperiment& e) {
  const double error_sum = theory::two_point_bound(1, 1).error_sum_min, minimax = theory::two_point_minimax_risk(1, 1);
  const auto all_tests = [](const TwoPointCell& cell) { return cell.errors; };
  const auto all_risks = [](const TwoPointCell& cell) { return cell.risks; };
  const auto other_risks = [](const TwoPointCell& cell) {
    return std::vector<Simulated>(cell.risks.begin() + 1, cell.risks.end());
  };
  auto tests = lower_claim("test_bound",
                           "No test distinguishes the two targets with a sum of error probabilities below 1 - TV, "
                           "which by Pinsker's inequality is at least 1/2.",
                           0.5, ">= 1/2", smallest(e, all_tests), "sum of the two error probabilities");
  tests.would_change = "A test with a sum of errors below 1/2; there is none if the noise is Gaussian.";
  auto bound = lower_claim("risk_bound", "Every estimator has a worst-case risk of at least xi^2/(16 n).", 1.0 / 16,
                           ">= 1/16", smallest(e, all_risks), "risk over the tried estimators");
  bound.unit = "xi^2/n";
  bound.would_change = "An estimator, of any kind, with a risk below xi^2/(16 n) over both targets.";
  auto others = lower_claim("minimax",
                            "No other estimator is better than the exact minimax risk over the two points, "
                            "not even one that trains to the best stopping time chosen with knowledge of the truth.",
                            minimax, "", smallest(e, other_risks), "risk over all but the posterior mean");
  others.predicted_text = ">= " + base::format_number(minimax, 4);
  others.unit = "xi^2/n";
  others.would_change = "An estimator better than the posterior mean by more than the Monte-Carlo error.";
  auto attained =
      exact_claim("attained", "The posterior mean attains the exact minimax risk over the two points.", minimax,
                  pooled(e, [](const TwoPointCell& cell) -> const Simulated& { return cell.risks.front(); }));
  attained.unit = "xi^2/n";
  return {tests,
          exact_claim("best_test", "The likelihood-ratio test attains 1 - TV = erfc(1/sqrt 8).", error_sum,
                      pooled(e, [](const TwoPointCell& cell) -> const Simulated& { return cell.errors.front(); })),
          bound, others, attained};
}

report::Table table_of(const TwoPointExperiment& e) {
  report::Table table;
  table.caption =
      "Simulated risk in units of xi^2/n, with its standard error; the bound is 0.0625, the exact minimax risk "
      "over the two points " +
      base::format_number(theory::two_point_minimax_risk(1, 1), 4) + ".";
  table.columns = {"n", "noise", "draws"};
  for (const auto& s : e.cells.front().risks) table.columns.push_back(s.name);
  for (const auto& cell : e.cells) {
    table.rows.push_back(
        {base::format_count(cell.n_data), base::format_number(cell.noise), base::format_count(cell.draws)});
    for (const auto& s : cell.risks)
      table.rows.back().push_back(
          fmt::format("{} ± {}", base::format_number(s.value, 4), base::format_number(s.standard_error, 2)));
  }
  return table;
}

Finding two_point(const Context& context) {
  const std::string start = kStudy;
  const auto study = sweep::study_from(context.document(start + kQuick, start + kFull, "two_point"));
  const std::int64_t draws = context.full() ? 20000 : 4000;
  TwoPointExperiment e;
  base::Progress progress("two points", static_cast<double>(study.points.size()));
  for (const auto& point : study.points) {
    base::throw_if_interrupted();
    const Value value =
        kept(context, fmt::format("two_point.{}", point.index), fmt::format("{}, {} draws", point.key, draws), [&] {
          const auto cell = simulate_two_points(point.experiment, draws);
          return Value::table({{"errors", to_value(cell.errors)}, {"risks", to_value(cell.risks)}});
        });
    e.cells.push_back({.n_data = point.experiment.data.n_data,
                       .draws = draws,
                       .noise = point.experiment.data.noise,
                       .errors = simulated_from(value.at("errors")),
                       .risks = simulated_from(value.at("risks"))});
    progress.advance(1);
  }
  for (const double separation : kSeparations)
    e.separations.push_back(
        simulate_separation(separation, 10 * draws, static_cast<std::uint64_t>(study.points.front().experiment.seed)));
  Finding finding;
  finding.section.title = "Lower bound from data: two targets that noise hides";
  finding.section.lead =
      "No estimator can have an excess risk below xi^2/(16 n) on both of two targets at distance xi/sqrt n. "
      "Labels of both are drawn at the inputs of a data set, "
      "and estimators that know everything but the sign are tried: the best test, the best estimator, "
      "means of the labels, and the flow and ridge regression on a transformer's own kernel, "
      "each at its best stopping time or strength.";
  finding.section.claims = claims_of(e);
  finding.section.figures = figures_of(e);
  finding.section.tables = {table_of(e)};
  finding.section.paragraphs = {
      "Risks are averages over the two targets, which the worst case can only exceed. "
      "The kernel methods start from zero, half way between the targets, where the risk without training is xi^2/(4 n); "
      "training towards two targets that are so close gains little."};
  finding.configurations.emplace_back("two-point study", study.json);
  return finding;
}

}  // namespace phaselaw::reproduce
