// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/depth_width.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/reproduce/line.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/theory/convergence.h"

namespace phaselaw::reproduce {

namespace {

// One task for all depths: a teacher of two layers with its own seed per replicate, no noise. F(0) = 0, so that all
// depths start from the same residual.
constexpr const char* kStudy = R"(seed = 1
[model]
n_layers = {}
d_hidden = {}
d_model = 8
n_heads = 2
d_head = 4
seq_len = 4
activation = "tanh"
branch_scale = 0.5
init_scale = 0.0
[data]
source = "teacher"
teacher_n_layers = 2
teacher_d_hidden = 64
n_data = 4
n_test = 1
[grid]
seeds = {}
)";

struct Size {
  std::vector<int> depths;
  int fixed_width, kept_width, seeds;  // kept_width: of one layer
};
const Size kQuick = {{1, 2, 3, 4, 6, 8}, 64, 512, 4};
const Size kFull = {{1, 2, 3, 4, 6, 8, 12, 16}, 128, 4096, 8};

struct Columns {
  std::vector<double> depth, log_depth, log_rate, log_drift;
};

// Flows that learned; the rates of the others belong to another loss.
Columns columns_of(const std::vector<FlowPoint>& points) {
  Columns c;
  for (const auto& p : points) {
    if (!p.learned) continue;
    c.depth.push_back(static_cast<double>(p.n_layers));
    c.log_depth.push_back(std::log(c.depth.back()));
    c.log_rate.push_back(std::log(p.rate));
    c.log_drift.push_back(std::log(p.drift));
  }
  return c;
}

struct Rule {
  const char *id, *words;
  const std::vector<FlowPoint>& points;
};

report::Claim linear_claim(const Rule& rule) {
  const auto c = columns_of(rule.points);
  const auto line = numerics::least_squares_line(c.log_depth, c.log_rate);
  report::Claim claim;
  claim.id = std::string("E3.linear.") + rule.id;
  claim.statement =
      fmt::format("With d_hidden {}, the rate alpha of the training loss grows linearly with depth.", rule.words);
  claim.source = "docs/theory/convergence.md: Lemma 5.3, alpha = 2 N omega^2 lambda/n at fixed lambda [R]";
  claim.predicted = 1;
  claim.predicted_text = "1";
  claim.measured = line.slope;
  claim.lo = line.lo;
  claim.hi = line.hi;
  claim.verdict = judge_number(1, line.lo, line.hi, line.points >= 3);
  claim.reading = fmt::format(
      "Slope of ln alpha on ln n_layers over {} of {} exact gradient flows that reached a hundredth of their first loss (least squares, "
      "Student t).",
      line.points, rule.points.size());
  claim.would_change =
      "Depths beyond those measured, or a fixed lambda: the theory treats lambda separately, but it changes with depth too.";
  return claim;
}

report::Claim exponential_claim(const Rule& rule) {
  const auto c = columns_of(rule.points);
  const auto fit = fit_depth_growth(c.depth, c.log_rate);
  report::Claim claim;
  claim.id = std::string("E3.exponential.") + rule.id;
  claim.statement = fmt::format(
      "With d_hidden {}, the rate grows exponentially with depth, as the sum over layers of (1+c)^(2(N-nu)) with c > 0.",
      rule.words);
  claim.source = "docs/theory/convergence.md: 'exponentially with depth' [S1]; the sum [R]";
  claim.predicted = 0;
  claim.predicted_text = "c > 0";
  claim.measured = fit.growth;
  claim.lo = fit.lo;
  claim.hi = fit.hi;
  claim.verdict = judge_at_most(0, -fit.hi, -fit.lo);
  claim.reading = fmt::format(
      "c with the profile interval of the sum fitted to ln alpha of {} flows; c = 0 is the linear reading. A free c "
      "lowers AICc by {}{}",
      fit.points, base::format_number(fit.aicc_gain),
      !(fit.aicc_gain > kDecisiveAicc) ? ": neither reading is preferred."
      : fit.growth > 0                 ? ": the data prefer the exponential reading to the linear one."
                                       : ": both readings grow faster than the data.");
  claim.would_change = "Deeper models, for which the two readings differ by a factor (1+c)^(2N)/N.";
  return claim;
}

report::Claim drift_claim(const DepthWidth& e) {
  const auto c = columns_of(e.kept);
  const auto line = numerics::least_squares_line(c.log_depth, c.log_drift);
  const auto other = columns_of(e.fixed);
  const auto fixed = numerics::least_squares_line(other.log_depth, other.log_drift);
  report::Claim claim;
  claim.id = "E3.drift";
  claim.statement =
      "With d_hidden ~ n_layers^-2 the drift of the kernel does not grow with depth, so depth can replace width.";
  claim.source = "docs/theory/good-class.md: Definition 5.2, m ~ N^-2 [S1]";
  claim.predicted = 0;
  claim.predicted_text = "<= 0";
  claim.measured = line.slope;
  claim.lo = line.lo;
  claim.hi = line.hi;
  claim.verdict = judge_at_most(0, line.lo, line.hi);
  claim.reading = fmt::format(
      "Slope of ln drift on ln n_layers over {} flows, at a hundredth of the first loss (least squares, Student t); "
      "with d_hidden fixed it is {}.",
      line.points, base::format_value(fixed.slope, fixed.lo, fixed.hi));
  claim.would_change = "Other activations, scales or wider models; here d_model is fixed and small.";
  return claim;
}

// Geometric means over the flows of one depth.
double mean_at(const std::vector<FlowPoint>& points, std::int64_t depth, double FlowPoint::*member) {
  std::vector<double> values;
  for (const auto& p : points)
    if (p.n_layers == depth && p.learned) values.push_back(p.*member);
  return geometric_mean(values);
}

std::vector<std::int64_t> depths_of(const std::vector<FlowPoint>& points) {
  std::vector<std::int64_t> depths;
  for (const auto& p : points) depths.push_back(p.n_layers);
  std::sort(depths.begin(), depths.end());
  depths.erase(std::unique(depths.begin(), depths.end()), depths.end());
  return depths;
}

report::Series measured_series(const std::vector<FlowPoint>& points, double FlowPoint::*member, std::string label,
                               report::Colour colour) {
  report::Series series;
  series.label = std::move(label);
  series.style = report::Style::kLinePoints;
  series.colour = colour;
  for (const auto depth : depths_of(points)) {
    double lo = NAN, hi = NAN;
    for (const auto& p : points) {
      if (p.n_layers != depth || !p.learned) continue;
      if (!(p.*member >= lo)) lo = p.*member;
      if (!(p.*member <= hi)) hi = p.*member;
    }
    series.x.push_back(static_cast<double>(depth));
    series.y.push_back(mean_at(points, depth, member));
    series.error_lo.push_back(lo);
    series.error_hi.push_back(hi);
  }
  return series;
}

std::vector<Rule> rules_of(const DepthWidth& e) {
  return {{"kept", "~ n_layers^-2", e.kept}, {"fixed", "fixed", e.fixed}};
}

}  // namespace

std::vector<report::Claim> claims_of(const DepthWidth& e) {
  std::vector<report::Claim> claims;
  for (const auto& rule : rules_of(e)) {
    claims.push_back(linear_claim(rule));
    claims.push_back(exponential_claim(rule));
  }
  auto all = e.kept;
  all.insert(all.end(), e.fixed.begin(), e.fixed.end());
  claims.push_back(bound_claim("E3.bound", all));
  claims.push_back(drift_claim(e));
  return claims;
}

std::vector<report::Figure> figures_of(const DepthWidth& e) {
  using report::Colour;
  report::Figure rate;
  rate.title = "Rate of the training loss against depth";
  rate.x = {"n_layers", "", true};
  rate.y = {"rate alpha", "per unit of flow time", true};
  rate.series.push_back(
      measured_series(e.kept, &FlowPoint::rate, "measured, d_hidden ~ n_layers^-2", Colour::kVermillion));
  rate.series.push_back(measured_series(e.fixed, &FlowPoint::rate, "measured, d_hidden fixed", Colour::kBlue));
  rate.series.push_back(
      measured_series(e.fixed, &FlowPoint::bound, "bound 2 N omega^2 lambda/n, d_hidden fixed", Colour::kBlack));
  rate.series.back().style = report::Style::kDashed;
  rate.series.push_back(measured_series(e.kept, &FlowPoint::bound, "bound, d_hidden ~ n_layers^-2", Colour::kGrey));
  rate.series.back().style = report::Style::kDashed;
  const auto first = rate.series[1].y.empty() ? NAN : rate.series[1].y.front();
  for (const double growth : {0.0, 0.2}) {
    report::Series theory;
    theory.label = growth == 0 ? "linear reading, alpha ~ N" : "exponential reading with c = 0.2";
    theory.colour = growth == 0 ? Colour::kGreen : Colour::kOrange;
    for (const double depth : rate.series[1].x) {
      theory.x.push_back(depth);
      theory.y.push_back(first * std::exp(theory::log_depth_sum(depth, growth) -
                                          theory::log_depth_sum(rate.series[1].x.front(), growth)));
    }
    rate.series.push_back(std::move(theory));
  }
  rate.caption =
      "Geometric mean over seeds, bars from the smallest to the largest. "
      "The rate is ln(100) over the time at which the exact gradient flow reaches a hundredth of its first loss. "
      "Both readings of the theory start at the rate of the shallowest model; "
      "the bound uses the smallest measured eigenvalue of any layer's kernel.";
  report::Figure drift;
  drift.title = "Drift of the kernel against depth";
  drift.x = {"n_layers", "", true};
  drift.y = {"||H(t) - H(0)|| / ||H(0)||", "", true};
  drift.series.push_back(measured_series(e.kept, &FlowPoint::drift, "d_hidden ~ n_layers^-2", Colour::kVermillion));
  drift.series.push_back(measured_series(e.fixed, &FlowPoint::drift, "d_hidden fixed", Colour::kBlue));
  drift.caption =
      "Frobenius norms, at a hundredth of the first loss; "
      "geometric mean over seeds, bars from the smallest to the largest. "
      "According to the theory the kernel stays near its start at every depth if d_hidden ~ n_layers^-2.";
  return {rate, drift};
}

report::Table table_of(const DepthWidth& e) {
  report::Table table;
  table.caption =
      "By depth, geometric means over seeds. R/R_max uses the K of the measured drift; "
      "above 1 the theory does not guarantee positive definiteness. "
      "Learned: flows that reached a hundredth of their first loss without a sign of instability or plateau. "
      "Width missed: powers of ten by which d_hidden is below Definition 5.2 at the same branch scale.";
  table.columns = {"d_hidden", "n_layers", "m",     "learned", "alpha",
                   "bound",    "lambda",   "drift", "R/R_max", "width missed"};
  for (const auto& rule : rules_of(e))
    for (const auto depth : depths_of(rule.points)) {
      std::size_t count = 0, learned = 0;
      std::int64_t width = 0;
      for (const auto& p : rule.points)
        if (p.n_layers == depth) ++count, learned += p.converged() ? 1 : 0, width = p.d_hidden;
      const auto number = [&](double FlowPoint::*member) {
        return base::format_number(mean_at(rule.points, depth, member));
      };
      table.rows.push_back({rule.words, std::to_string(depth), std::to_string(width),
                            fmt::format("{} of {}", learned, count), number(&FlowPoint::rate),
                            number(&FlowPoint::bound), number(&FlowPoint::lambda), number(&FlowPoint::drift),
                            number(&FlowPoint::radius_ratio), number(&FlowPoint::width_missed)});
    }
  return table;
}

Finding depth_width(const Context& context) {
  const Size& size = context.full() ? kFull : kQuick;
  Finding finding;
  DepthWidth e;
  base::Value studies;
  const auto carry_out = [&](int depth, int width, const char* rule, std::vector<FlowPoint>& points) {
    const std::string toml = fmt::format(kStudy, depth, width, size.seeds);
    const std::string name = fmt::format("depth_width.{}.{}", rule, depth);
    auto set = carry_out_flows(context, name, context.document(toml, toml, name));
    points.insert(points.end(), set.points.begin(), set.points.end());
    studies.push_back(base::parse_json(set.study_json, name));
  };
  for (const int depth : size.depths) {
    carry_out(depth, std::max(1, static_cast<int>(std::lround(1.0 * size.kept_width / (depth * depth)))), "kept",
              e.kept);
    carry_out(depth, size.fixed_width, "fixed", e.fixed);
  }
  finding.configurations.emplace_back("depth_width studies", base::to_json(studies));
  auto& section = finding.section;
  section.title = "Depth against width";
  section.lead =
      "According to the theory, depth can replace width: the rate of the loss grows with depth, "
      "and the width that keeps the kernel near its start falls as n_layers^-2. "
      "Models of several depths learn one task by the exact gradient flow until the loss is a hundredth of its start, "
      "once with the width falling as the theory allows and once with a fixed width.";
  section.claims = claims_of(e);
  section.figures = figures_of(e);
  section.tables = {table_of(e)};
  return finding;
}

}  // namespace phaselaw::reproduce
