// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/first_order_gap.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "phaselaw/analysis/prepared_experiment.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/theory/first_order.h"

namespace phaselaw::reproduce {

namespace {

using base::Value;

constexpr double kSlopeTolerance = 0.05;  // about the limits 1 and 1/2, which hold for large kc
// The worst mode of heavy ball is the fastest one, with loss q^(2k) (1 + (1 + q) k)^2: with x = 4 k/sqrt kc the slope
// of ln k is x/(x - 2)/2, which is 0.545 at a loss of 1e-4 (x about 24), and 1/2 only in the limit of high accuracy.
constexpr double kHeavyBallTolerance = 0.1;
constexpr int kWorstSteps[] = {1, 2, 4, 8, 16, 32, 64};

constexpr const char* kStudy = R"(seed = 1
[model]
d_model = 8
n_heads = 2
d_head = 4
seq_len = 4
activation = "gelu"
branch_scale = 1.0
[data]
source = "teacher"
noise = 0.1
n_test = 1
[grid]
)";
constexpr const char* kQuick =
    "\"model.n_layers\" = [1, 2]\n\"model.d_hidden\" = [16, 256]\n\"data.n_data\" = [2, 4, 8, 16]\n";
constexpr const char* kFull =
    "\"model.n_layers\" = [1, 2, 4]\n\"model.d_hidden\" = [16, 64, 256, 1024]\n"
    "\"data.n_data\" = [2, 4, 8, 16, 32]\nseeds = 2\n";

Value list_of(const std::vector<double>& numbers) { return Value(numbers); }
std::vector<double> numbers_from(const Value& value) {
  std::vector<double> numbers;
  for (const auto& entry : value.list())
    numbers.push_back(entry.is_null() ? std::numeric_limits<double>::infinity() : entry.number());
  return numbers;
}

template <class Table>
Value rows_of(const Table& table) {
  Value value = Value(Value::List{});
  for (const auto& row : table) value.push_back(list_of({row.begin(), row.end()}));
  return value;
}
template <class Table>
void rows_from(const Value& value, Table& table) {
  for (std::size_t a = 0; a < table.size(); ++a) {
    const auto row = numbers_from(value.list()[a]);
    std::copy(row.begin(), row.end(), table[a].begin());
  }
}

struct Measured {
  KernelSteps steps;
  LossCurves curves;
};

Value to_value(const Measured& m) {
  return Value::table({{"rows", m.steps.rows},
                       {"rank", m.steps.rank},
                       {"condition_number", m.steps.condition_number},
                       {"worst", rows_of(m.steps.worst)},
                       {"actual", rows_of(m.steps.actual)},
                       {"iterations", list_of(m.curves.iterations)},
                       {"loss", rows_of(m.curves.loss)}});
}

Measured measured_from(const Value& value, const std::string& label) {
  Measured m;
  m.steps.label = m.curves.label = label;
  m.steps.rows = value.at("rows").integer();
  m.steps.rank = value.at("rank").integer();
  m.steps.condition_number = m.curves.condition_number = value.at("condition_number").number();
  rows_from(value.at("worst"), m.steps.worst);
  rows_from(value.at("actual"), m.steps.actual);
  m.curves.iterations = numbers_from(value.at("iterations"));
  for (std::size_t i = 0; i < m.curves.loss.size(); ++i) m.curves.loss[i] = numbers_from(value.at("loss").list()[i]);
  return m;
}

Measured measure(const sweep::Experiment& experiment, const std::string& label) {
  const analysis::PreparedExperiment s(experiment);
  const auto f0 = s.outputs(s.split.train, s.theta_0);
  const std::vector<double> y(s.split.train.y.begin(), s.split.train.y.end());
  const dynamics::ClosedForm problem(s.kernel(), s.split.train.n, y, f0);
  return {measure_steps(problem, label), measure_curves(problem, label)};
}

numerics::Line slope_on_condition(const FirstOrderGap& e, const std::function<double(const KernelSteps&)>& of) {
  std::vector<double> kc, value;
  for (const auto& kernel : e.kernels) {
    if (!std::isfinite(of(kernel))) continue;
    kc.push_back(kernel.condition_number);
    value.push_back(of(kernel));
  }
  return numerics::least_squares_power(kc, value);
}

report::Claim claim_of(const char* id, const char* statement, double predicted, const char* text) {
  report::Claim claim;
  claim.id = std::string("LB.oracle.") + id;
  claim.statement = statement;
  claim.source = "docs/theory/lower-bounds.md: first-order oracle, condition-number gap [S name, T]";
  claim.standing = report::Standing::kSelfCheck;  // mathematics of the methods on measured condition numbers
  claim.predicted = predicted;
  claim.predicted_text = text;
  return claim;
}

void take_slope(const numerics::Line& line, const char* what, report::Claim& claim) {
  claim.measured = line.slope;
  claim.lo = line.lo;
  claim.hi = line.hi;
  claim.degrees = static_cast<double>(line.points) - 2;
  claim.reading =
      fmt::format("Slope of ln {} on ln kc over {} measured kernels (least squares, Student t).", what, line.points);
}

report::Claim worst_exponent(const FirstOrderGap& e, std::size_t method, const char* id, const char* statement,
                             double predicted, const char* text) {
  auto claim = claim_of(id, statement, predicted, text);
  take_slope(
      slope_on_condition(e, [&](const KernelSteps& k) { return k.worst[kMainFactor][method]; }),
      fmt::format("iterations to a loss of {} from the worst start", base::format_number(kLossFactors[kMainFactor]))
          .c_str(),
      claim);
  claim_equal(predicted, kSlopeTolerance, claim);
  claim.would_change = "Kernels of other data, depths or widths for which the exponent lies outside that interval.";
  return claim;
}

report::Claim oracle_claim(const FirstOrderGap& e) {
  auto claim =
      claim_of("worst_quadratic",
               "On the worst quadratic of each measured condition number no span method, conjugate gradients included, "
               "is below the oracle bound q^(2k) after k steps.",
               1, ">= 1");
  claim.source = "docs/theory/lower-bounds.md: first-order oracle [S name, T]";
  if (e.oracle.empty()) return claim;
  const auto least = std::min_element(e.oracle.begin(), e.oracle.end(),
                                      [](const auto& a, const auto& b) { return a.ratio < b.ratio; });
  claim.measured = claim.lo = claim.hi = least->ratio;
  claim.unit = "loss over q^(2k)";
  claim_at_least(1, claim);
  claim.reading = fmt::format(
      "Smallest of {} ratios, {} condition numbers and k up to {}: 1 + {}, {} at kc = {}, k = {}. "
      "Computed, not sampled: the interval is a point.",
      e.oracle.size() * kFirstOrderMethods.size(), e.kernels.size(), std::end(kWorstSteps)[-1],
      base::format_number(least->ratio - 1), least->method, base::format_number(least->condition_number), least->k);
  claim.would_change = "A method with steps in the span of its gradients and a ratio below 1.";
  return claim;
}

report::Claim gap_claim(const FirstOrderGap& e) {
  auto claim = claim_of(
      "gap_on_data",
      "Also from the actual residual of the data, gradient descent needs sqrt kc times as many iterations as Chebyshev's method.",
      0.5, "1/2");
  take_slope(
      slope_on_condition(e, [](const KernelSteps& k) { return k.actual[kMainFactor][0] / k.actual[kMainFactor][2]; }),
      "iterations of gradient descent over those of Chebyshev", claim);
  claim.standing = report::Standing::kImplied;
  claim_exponent(0.5, claim);
  claim.would_change =
      "Residuals with more weight on the slow modes, or higher accuracy, for which the worst case becomes typical.";
  return claim;
}

}  // namespace

std::vector<report::Claim> claims_of(const FirstOrderGap& e) {
  auto cg = worst_exponent(
      e, 3, "conjugate_gradient_exponent",
      "From the hardest start that was found, the iterations of conjugate gradients grow at most as the root of the condition number.",
      0.5, "<= 1/2 + 0.05");
  claim_at_most(0.5 + kSlopeTolerance, cg);
  auto heavy = worst_exponent(
      e, 1, "heavy_ball_exponent",
      "Heavy ball closes the gap up to a logarithm: its iterations grow as the root of the condition number.", 0.5,
      "1/2 within 0.1");
  claim_equal(0.5, kHeavyBallTolerance, heavy);
  return {oracle_claim(e),
          worst_exponent(e, 0, "gd_exponent",
                         "From the worst start, the iterations of gradient descent grow as the condition number.", 1,
                         "1 within 0.05"),
          heavy,
          worst_exponent(e, 2, "chebyshev_exponent",
                         "Chebyshev's method closes the gap: its iterations grow as the root of the condition number.",
                         0.5, "1/2 within 0.05"),
          cg,
          gap_claim(e)};
}

Finding first_order_gap(const Context& context) {
  const std::string start = kStudy;
  const auto study = sweep::study_from(context.document(start + kQuick, start + kFull, "first_order"));
  FirstOrderGap e;
  std::vector<LossCurves> curves;
  double work = 0;
  for (const auto& point : study.points) work += std::pow(static_cast<double>(point.experiment.data.n_data), 2);
  base::Progress progress("first-order methods", work);
  for (const auto& point : study.points) {
    base::throw_if_interrupted();
    const auto& experiment = point.experiment;
    const std::string label = fmt::format("n_layers {}, d_hidden {}, n {}", experiment.model.n_layers,
                                          experiment.model.d_hidden, experiment.data.n_data);
    auto measured = measured_from(kept(context, fmt::format("first_order.{}", point.index), point.key,
                                       [&] { return to_value(measure(experiment, label)); }),
                                  label);
    for (const int k : kWorstSteps) e.oracle.push_back(worst_quadratic(measured.steps.condition_number, k));
    e.kernels.push_back(std::move(measured.steps));
    curves.push_back(std::move(measured.curves));
    progress.advance(std::pow(static_cast<double>(experiment.data.n_data), 2));
  }
  // The kernel in the middle of the condition numbers is shown.
  std::nth_element(curves.begin(), curves.begin() + static_cast<std::ptrdiff_t>(curves.size() / 2), curves.end(),
                   [](const auto& a, const auto& b) { return a.condition_number < b.condition_number; });
  e.curves = std::move(curves[curves.size() / 2]);

  Finding finding;
  finding.section.title = "Lower bound from first-order steps: the condition-number gap";
  finding.section.lead =
      "On a quadratic of condition number kc no method that uses only gradients is faster than q^(2k), "
      "q = (sqrt kc - 1)/(sqrt kc + 1), in k steps; gradient descent has ((kc - 1)/(kc + 1))^(2k). "
      "Four methods run on the tangent kernels of transformers at their start: "
      "from the worst start that the kernel allows, and from the residual of the data.";
  finding.section.claims = claims_of(e);
  finding.section.figures = figures_of(e);
  finding.section.tables = {table_of(e)};
  finding.section.paragraphs = {
      "The oracle bound refers to the worst quadratic with a given kc. "
      "A measured kernel has few modes, most of them near its small end. "
      "Conjugate gradients adapt to them and may need fewer steps than the bound, without contradicting it; "
      "the first claim therefore runs all methods on the worst quadratic itself."};
  finding.configurations.emplace_back("first-order study", study.json);
  return finding;
}

}  // namespace phaselaw::reproduce
