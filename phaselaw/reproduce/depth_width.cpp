// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/depth_width.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/line.h"
#include "phaselaw/reproduce/verdict.h"

// The measurement and the claims; figures and tables are in depth_width_figures.cpp.
namespace phaselaw::reproduce {

namespace {

// One task for all depths and widths of a replicate: a teacher of two layers with its own seed, no noise. F(0) = 0, so
// that all models start from the same residual.
constexpr const char* kStudy = R"(seed = 1
[model]
n_layers = {}
d_hidden = {}
d_model = 8
n_heads = 2
d_head = 4
seq_len = 4
activation = "tanh"
branch_scale = {:.17g}
init_scale = 0.0
[data]
source = "teacher"
teacher_n_layers = 2
teacher_d_hidden = 64
teacher_n_heads = 2
teacher_d_head = 4
teacher_branch_scale = 0.5
n_data = 4
n_test = 1
[grid]
seeds = {}
)";

constexpr int kDepths[] = {1, 2, 4, 8};
constexpr int kWidths[] = {16, 64, 256, 1024};
constexpr int kFixedWidth = 64, kKeptWidth = 512;  // kKeptWidth: of one layer
constexpr double kFixedScale = 0.5;
constexpr int kWidthLayers = 2;
constexpr int kQuickTeachers = 8, kFullTeachers = 64;

constexpr double kDriftAtFixedWidth = -0.5;  // drift <= K omega sqrt(R), R ~ 1/N

const DepthRule& rule_of(const DepthWidth& e, const std::string& id) {
  return *std::find_if(e.rules.begin(), e.rules.end(), [&](const DepthRule& rule) { return rule.id == id; });
}

TeacherSlopes depth_slopes(const DepthRule& rule, double FlowPoint::*member) {
  return teacher_slopes(against(rule.points, &FlowPoint::n_layers, member));
}

TeacherSlopes width_slopes(const DepthWidth& e, double FlowPoint::*member) {
  return teacher_slopes(against(e.widths, &FlowPoint::d_hidden, member));
}

std::string number(const Effect& effect) { return base::format_value(effect.value, effect.lo, effect.hi); }

report::Claim rate_claim(const DepthRule& rule) {
  const auto rate = depth_slopes(rule, &FlowPoint::rate), lambda = depth_slopes(rule, &FlowPoint::lambda);
  report::Claim claim;
  claim.id = "E3.rate." + rule.id;
  claim.statement = fmt::format("With {}, the rate alpha of the training loss {} with depth.", rule.words(),
                                rule.scaled ? "falls as n_layers^-1" : "grows linearly");
  claim.source = "docs/theory/convergence.md: Lemma 5.3, alpha = 2 N omega^2 lambda/n at fixed lambda [R]";
  claim_power(rule.predicted_slope(), rate, claim);
  claim.reading = fmt::format(
      "Slope of ln alpha on ln n_layers: {}. The smallest eigenvalue lambda is not constant: its slope is {}, so that "
      "the formula with the measured lambda gives {}.",
      rate.described(), number(lambda.slope), base::format_number(rule.predicted_slope() + lambda.slope.value, 2));
  claim.would_change =
      "Depths beyond those measured, or a fixed lambda: the theory treats lambda separately, but it changes with depth too.";
  const auto halves = fmt::format(", from {} at small to {} at large depth", base::format_number(rate.lower.value, 2),
                                  base::format_number(rate.upper.value, 2));
  claim.finding = fmt::format(
      "With {}, the rate of the training loss goes as n_layers to the power {}{}; the theory says {}.", rule.words(),
      number(rate.slope), rate.bends() ? halves : "", base::format_number(rule.predicted_slope()));
  return claim;
}

// c of each complete teacher.
std::vector<double> growths(const DepthRule& rule, double& aicc_gain) {
  std::vector<double> values;
  aicc_gain = 0;
  for (const auto& curve : complete_curves(against(rule.points, &FlowPoint::n_layers, &FlowPoint::rate))) {
    const auto fit = fit_depth_growth(curve.x, curve.log_y);
    if (!std::isfinite(fit.growth)) continue;
    values.push_back(fit.growth);
    aicc_gain += fit.aicc_gain;
  }
  return values;
}

report::Claim exponential_claim(const DepthRule& rule) {
  double gain = 0;
  const auto values = growths(rule, gain);
  report::Claim claim;
  claim.id = "E3.exponential." + rule.id;
  claim.statement = fmt::format(
      "With {}, the rate grows exponentially with depth, as the sum over layers of (1+c)^(2(N-nu)) with c > 0.",
      rule.words());
  claim.source = "docs/theory/convergence.md: 'exponentially with depth' [S1]; the sum [R]";
  claim.standing = report::Standing::kStated;
  claim_at_least(0, claim);
  claim.predicted_text = "c > 0";
  const auto growth = effect_of(values);
  set_measured(growth, claim);
  claim.undecidable = depth_slopes(rule, &FlowPoint::rate).undecidable();
  claim.reading = fmt::format(
      "c fitted to ln alpha over the depths of each teacher (least squares), mean over {} teachers (Student t). c = 0 is "
      "the linear reading, and c < 0 means that the rate grows more slowly than depth.",
      values.size());
  claim.would_change = "Deeper models, for which the two readings differ by a factor (1+c)^(2N)/N.";
  claim.finding = fmt::format("With {}, the rate does {}grow exponentially with depth: c is {}.", rule.words(),
                              growth.lo > 0 ? "" : "not ", number(growth));
  return claim;
}

report::Claim drift_claim(const DepthRule& rule) {
  const auto drift = depth_slopes(rule, &FlowPoint::drift);
  report::Claim claim;
  claim.id = "E3.drift." + rule.id;
  claim.statement =
      rule.narrow
          ? "With branch_scale fixed and d_hidden ~ n_layers^-2 the drift of the kernel does not grow with depth, so depth "
            "can replace width."
          : "With branch_scale and d_hidden fixed the drift of the kernel falls with depth, at least as n_layers^-1/2.";
  claim.source = rule.narrow
                     ? "docs/theory/good-class.md: Definition 5.2, m ~ N^-2 [S1]"
                     : "docs/theory/convergence.md: drift <= K omega sqrt(R), R ~ 1/(N omega lambda sqrt(m)) [R]";
  claim.standing = rule.narrow ? report::Standing::kStated : report::Standing::kImplied;
  claim_at_most(rule.narrow ? 0 : kDriftAtFixedWidth, claim);
  claim.predicted_text = rule.narrow ? "<= 0" : "<= -1/2";
  set_measured(drift, claim);
  claim.reading =
      fmt::format("Slope of ln drift on ln n_layers, at a hundredth of the first loss: {}.", drift.described());
  claim.would_change = "Other activations, scales or wider models; here d_model is fixed and small.";
  claim.finding = fmt::format("With {}, the drift of the kernel goes as n_layers to the power {}; the theory says {}.",
                              rule.words(), number(drift.slope), rule.narrow ? "at most 0" : "at most -1/2");
  return claim;
}

report::Claim width_claim(const char* id, const char* statement, const TeacherSlopes& slopes, const char* of) {
  report::Claim claim;
  claim.id = std::string("E3.width.") + id;
  claim.statement = statement;
  claim.source = "docs/theory/convergence.md: larger width, smaller radius, faster convergence [S]";
  claim.standing = report::Standing::kStated;
  set_measured(slopes, claim);
  claim.reading = fmt::format("Slope of ln {} on ln d_hidden, two layers, at a hundredth of the first loss: {}.", of,
                              slopes.described());
  claim.would_change = "Wider models, other depths, or widths at which lambda still grows.";
  return claim;
}

std::vector<report::Claim> width_claims(const DepthWidth& e) {
  const auto radius = width_slopes(e, &FlowPoint::unit_radius), rate = width_slopes(e, &FlowPoint::rate);
  auto falls = width_claim("radius", "In wider models the weights of a hidden unit move less.", radius,
                           "R (the largest distance that the weights of one hidden unit move)");
  claim_at_most(0, falls);
  falls.predicted_text = "< 0";
  falls.finding = fmt::format(
      "The distance that the weights of a hidden unit move goes as d_hidden to the power {}; the theory says -1/2.",
      number(radius.slope));
  auto exponent = width_claim("radius_exponent", "The weights of a hidden unit move as d_hidden^-1/2.", radius, "R");
  exponent.source = "docs/theory/convergence.md: R = A/(N omega lambda sqrt(delta m)) at fixed lambda [R]";
  exponent.standing = report::Standing::kImplied;
  claim_power(-0.5, radius, exponent);
  exponent.predicted_text = "-1/2";
  auto faster = width_claim("rate", "Wider models converge faster.", rate, "alpha");
  claim_at_least(0, faster);
  faster.predicted_text = "> 0";
  faster.reading += fmt::format(" The slope of ln lambda is {}.", number(width_slopes(e, &FlowPoint::lambda).slope));
  faster.finding = fmt::format(
      "The rate of the training loss goes as d_hidden to the power {}; the theory says above 0.", number(rate.slope));
  return {falls, exponent, faster};
}

}  // namespace

std::string DepthRule::words() const {
  return fmt::format("branch_scale {} and d_hidden {}", scaled ? "= 1/n_layers" : "fixed",
                     narrow ? "~ n_layers^-2" : "fixed");
}

std::vector<DepthRule> depth_rules() {
  return {{"kept", true, false}, {"fixed", false, false}, {"scaled_kept", true, true}, {"scaled_fixed", false, true}};
}

std::vector<report::Claim> claims_of(const DepthWidth& e) {
  std::vector<report::Claim> claims;
  for (const auto& rule : e.rules) claims.push_back(rate_claim(rule));
  for (const char* id : {"kept", "fixed"}) claims.push_back(exponential_claim(rule_of(e, id)));
  auto all = e.widths;
  for (const auto& rule : e.rules) all.insert(all.end(), rule.points.begin(), rule.points.end());
  claims.push_back(bound_claim("E3.bound", all));
  for (const char* id : {"kept", "fixed"}) claims.push_back(drift_claim(rule_of(e, id)));
  for (auto& claim : width_claims(e)) claims.push_back(std::move(claim));
  return claims;
}

Finding depth_width(const Context& context) {
  const int teachers = context.full() ? kFullTeachers : kQuickTeachers;
  Finding finding;
  DepthWidth e{depth_rules(), {}};
  base::Value studies;
  const auto carry_out = [&](const std::string& name, int depth, int width, double scale,
                             std::vector<FlowPoint>& points) {
    const std::string toml = fmt::format(kStudy, depth, width, scale, teachers);
    auto set = carry_out_flows(context, name, context.document(toml, toml, name));
    points.insert(points.end(), set.points.begin(), set.points.end());
    studies.push_back(base::parse_json(set.study_json, name));
  };
  for (auto& rule : e.rules)
    for (const int depth : kDepths)
      carry_out(fmt::format("depth_width.{}.{}", rule.id, depth), depth,
                rule.narrow ? kKeptWidth / (depth * depth) : kFixedWidth, rule.scaled ? 1.0 / depth : kFixedScale,
                rule.points);
  for (const int width : kWidths)
    carry_out(fmt::format("depth_width.width.{}", width), kWidthLayers, width, kFixedScale, e.widths);
  finding.configurations.emplace_back("depth_width studies", base::to_json(studies));
  auto& section = finding.section;
  section.title = "Depth against width";
  section.lead =
      "According to the theory, depth can replace width: the rate of the loss grows with depth, "
      "and the width that keeps the kernel near its start falls as n_layers^-2; "
      "in wider models the weights move less and the loss falls faster. "
      "Models of several depths learn one task of each teacher by the exact gradient flow until the loss is a hundredth "
      "of its start, with the branch scale fixed and falling as 1/n_layers, and with the width fixed and falling as the "
      "theory allows.";
  section.claims = claims_of(e);
  section.figures = figures_of(e);
  section.tables = tables_of(e);
  return finding;
}

}  // namespace phaselaw::reproduce
