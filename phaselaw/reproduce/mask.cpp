// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/mask.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/reproduce/line.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

namespace {

// Noisy targets of a teacher of the student's own kind, so the mask is the teacher's too: a decoder learns a causal
// task and an encoder one that uses both directions. Weights and inputs of a seed are the same.
constexpr const char* kModel = R"(seed = 1
[model]
n_layers = 2
d_model = 8
d_hidden = 16
n_heads = 2
d_head = 4
seq_len = 4
activation = "tanh"
branch_scale = 0.7
[data]
source = "teacher"
noise = 0.3
n_test = 128
[flow]
n_test = 128
max_rows = 512
[grid]
)";
constexpr const char* kQuick = "\"data.n_data\" = [4, 8, 16, 32]\nseeds = 4\n";
constexpr const char* kFull = "\"data.n_data\" = [4, 8, 16, 32, 64, 128]\nseeds = 8\n";

// Pairs of flows that both passed their minimum: before it, time and not data limits the risk.
struct Pairs {
  std::vector<double> log_n, log_causal, log_bidirectional, log_ratio;
};
Pairs pairs_of(const MaskStudy& s) {
  Pairs pairs;
  for (std::size_t i = 0; i < std::min(s.causal.size(), s.bidirectional.size()); ++i) {
    const auto &a = s.causal[i], &b = s.bidirectional[i];
    if (!a.past_minimum || !b.past_minimum) continue;
    pairs.log_n.push_back(std::log(static_cast<double>(a.n_data)));
    pairs.log_causal.push_back(std::log(a.best_risk));
    pairs.log_bidirectional.push_back(std::log(b.best_risk));
    pairs.log_ratio.push_back(pairs.log_bidirectional.back() - pairs.log_causal.back());
  }
  return pairs;
}

report::Claim exponent_claim(const MaskStudy& s) {
  const auto pairs = pairs_of(s);
  const auto difference = numerics::least_squares_line(pairs.log_n, pairs.log_ratio);
  const auto causal = numerics::least_squares_line(pairs.log_n, pairs.log_causal);
  const auto both = numerics::least_squares_line(pairs.log_n, pairs.log_bidirectional);
  const bool enough = std::set<double>(pairs.log_n.begin(), pairs.log_n.end()).size() >= 3;
  report::Claim claim;
  claim.id = "E7.exponent";
  claim.statement =
      "An encoder's lowest excess risk falls with the data as fast as a decoder's: the exponent is the same.";
  claim.source = "docs/reproduce.md: open question 3 [S]";
  claim.predicted = 0;
  claim.predicted_text = fmt::format("0 to within {}", kMaskMargin);
  claim.measured = difference.slope;
  claim.lo = enough ? difference.lo : NAN;
  claim.hi = enough ? difference.hi : NAN;
  claim.verdict = judge_within(0, kMaskMargin, claim.lo, claim.hi);
  claim.reading = fmt::format(
      "Slope of ln(bidirectional/causal risk) "
      "on ln n_data over {} of {} pairs of flows of one seed that passed their minimum (Student t); "
      "supported if the interval lies within the margin, not supported if all of it lies outside. The slopes: "
      "causal {}, bidirectional {}.",
      pairs.log_n.size(), s.causal.size(), base::format_value(causal.slope, causal.lo, causal.hi),
      base::format_value(both.slope, both.lo, both.hi));
  claim.would_change =
      "More data and seeds, which narrow the interval; text, for which using both directions changes the task.";
  return claim;
}

// The mean log ratio of a quantity over the pairs.
report::Claim ratio_claim(const MaskStudy& s, const char* id, const char* statement, double FlowPoint::*member) {
  std::vector<double> logs;
  for (std::size_t i = 0; i < std::min(s.causal.size(), s.bidirectional.size()); ++i) {
    const double ratio = std::log(s.bidirectional[i].*member / (s.causal[i].*member));
    if (std::isfinite(ratio)) logs.push_back(ratio);
  }
  report::Claim claim;
  claim.id = id;
  claim.statement = statement;
  claim.source = "docs/theory/convergence.md: no bound depends on the mask [R]";
  claim.predicted = 1;
  claim.predicted_text = fmt::format("1 to within a factor {}", kRatioMargin);
  const auto mean = mean_of(logs);
  claim.measured = std::exp(mean.value);
  claim.lo = std::exp(mean.lo);
  claim.hi = std::exp(mean.hi);
  claim.verdict = judge_within(0, std::log(kRatioMargin), mean.lo, mean.hi);
  claim.reading = fmt::format(
      "Geometric mean of bidirectional/causal over {} pairs of flows (Student t of the logarithms).", logs.size());
  claim.would_change =
      "Longer sequences, in which a decoder's first tokens depend on ever fewer tokens than an encoder's.";
  return claim;
}

std::vector<std::int64_t> sizes_of(const MaskStudy& s) {
  std::set<std::int64_t> sizes;
  for (const auto& p : s.causal) sizes.insert(p.n_data);
  return {sizes.begin(), sizes.end()};
}

std::vector<double> at_size(const std::vector<FlowPoint>& points, std::int64_t n, double FlowPoint::*member) {
  std::vector<double> values;
  for (const auto& p : points)
    if (p.n_data == n) values.push_back(p.*member);
  return values;
}

}  // namespace

std::vector<report::Claim> claims_of(const MaskStudy& s) {
  auto all = s.causal;
  all.insert(all.end(), s.bidirectional.begin(), s.bidirectional.end());
  return {exponent_claim(s),
          ratio_claim(s, "E7.rate", "The training loss falls at the same rate under both masks.", &FlowPoint::rate),
          ratio_claim(s, "E7.lambda", "The smallest eigenvalue of the layers' kernels is the same under both masks.",
                      &FlowPoint::lambda),
          bound_claim("E7.bound", all)};
}

std::vector<report::Figure> figures_of(const MaskStudy& s) {
  report::Figure figure;
  figure.title = "Lowest excess risk against data, decoder and encoder";
  figure.x = {"n_data", "sequences", true};
  figure.y = {"excess risk at the best time", "per output coordinate", true};
  const auto pairs = pairs_of(s);
  for (const bool causal : {true, false}) {
    const auto& points = causal ? s.causal : s.bidirectional;
    const auto line = numerics::least_squares_line(pairs.log_n, causal ? pairs.log_causal : pairs.log_bidirectional);
    report::Series series;
    series.label = fmt::format("{}, slope {}", causal ? "causal" : "bidirectional",
                               base::format_value(line.slope, line.lo, line.hi));
    series.style = report::Style::kLinePoints;
    series.colour = causal ? report::Colour::kBlue : report::Colour::kVermillion;
    for (const auto n : sizes_of(s)) {
      const auto values = at_size(points, n, &FlowPoint::best_risk);
      series.x.push_back(static_cast<double>(n));
      series.y.push_back(geometric_mean(values));
      series.error_lo.push_back(*std::min_element(values.begin(), values.end()));
      series.error_hi.push_back(*std::max_element(values.begin(), values.end()));
    }
    figure.series.push_back(std::move(series));
  }
  figure.caption =
      "Exact gradient flows on noisy targets, noise 0.3, stopped at a hundredth of the first training loss; "
      "the lowest excess risk along the flow. Geometric mean over seeds, bars from the smallest to the largest.";
  return {figure};
}

report::Table table_of(const MaskStudy& s) {
  report::Table table;
  table.caption =
      "By mask and data, geometric means over seeds; a dash if the kernel has more than 512 rows. "
      "Kernel condition: lambda_max/lambda_min of the whole kernel. "
      "Past minimum: flows with an excess risk that rose again before their end.";
  table.columns = {"mask",        "n_data", "lambda", "kernel condition", "rate", "drift", "lowest excess risk",
                   "past minimum"};
  for (const bool causal : {true, false})
    for (const auto n : sizes_of(s)) {
      const auto& points = causal ? s.causal : s.bidirectional;
      const auto number = [&](double FlowPoint::*member) {
        return base::format_number(geometric_mean(at_size(points, n, member)));
      };
      const auto count = std::count_if(points.begin(), points.end(), [&](const auto& p) { return p.n_data == n; });
      const auto past =
          std::count_if(points.begin(), points.end(), [&](const auto& p) { return p.n_data == n && p.past_minimum; });
      table.rows.push_back({causal ? "causal" : "bidirectional", std::to_string(n), number(&FlowPoint::lambda),
                            number(&FlowPoint::condition), number(&FlowPoint::rate), number(&FlowPoint::drift),
                            number(&FlowPoint::best_risk), fmt::format("{} of {}", past, count)});
    }
  return table;
}

Finding mask(const Context& context) {
  Finding finding;
  MaskStudy s;
  for (const bool causal : {true, false}) {
    const std::string name = causal ? "mask.causal" : "mask.bidirectional", start = kModel;
    auto document = context.document(start + kQuick, start + kFull, name);
    document.set("model.mask", causal ? "causal" : "bidirectional");
    auto set = carry_out_flows(context, name, document);
    (causal ? s.causal : s.bidirectional) = std::move(set.points);
    finding.configurations.emplace_back(name + " study", set.study_json);
  }
  auto& section = finding.section;
  section.title = "Encoder-only: the mask";
  section.lead =
      "The theory is written for decoders. Does the law depend on the causal mask? "
      "The same weights and inputs learn by the exact gradient flow with either mask, "
      "each from a teacher of its own kind, and are compared pair by pair.";
  section.claims = claims_of(s);
  section.figures = figures_of(s);
  section.tables = {table_of(s)};
  return finding;
}

}  // namespace phaselaw::reproduce
