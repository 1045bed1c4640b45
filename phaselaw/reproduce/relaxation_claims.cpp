// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/phase_transition.h"
#include "phaselaw/reproduce/relaxation.h"
#include "phaselaw/reproduce/verdict.h"

// The law of one step, the verdicts, figures and table of experiment 4 (relaxation.h).
namespace phaselaw::reproduce {

namespace {

using report::Verdict;

constexpr double kShareThatConverges = 0.9;
constexpr std::size_t kFewestForForm = 8;  // fewest points of the falling part
constexpr std::size_t kFewestSizes = 3;    // fewest sizes for a slope
constexpr std::size_t kFewestFlows = 5;    // that support a claim about all

std::string early_form_of(const StudyCurves& curves) {
  const auto& longest = *std::max_element(curves.runs.begin(), curves.runs.end(),
                                          [](const RunCurve& a, const RunCurve& b) { return a.n_data < b.n_data; });
  const auto falls =
      static_cast<std::size_t>(std::min_element(longest.value.begin(), longest.value.end()) - longest.value.begin()) +
      1;
  if (falls < kFewestForForm) return "inconclusive";
  return fitting::early_form(rank_forms(std::span(longest.compute).first(falls), std::span(longest.value).first(falls),
                                        false))  // the part left by model and noise does not belong to the early form
      .word;
}

// Steps with three sizes past their minimum show whether more data still help.
report::Claim data_claim(const std::vector<RelaxationStep>& steps) {
  report::Claim claim;
  claim.id = "E4.data_still_help";
  claim.statement =
      "Also outside the class of Definition 5.2, the lowest excess risk falls with the data, "
      "at every step with three sizes past their minimum.";
  claim.source = "docs/theory/two-stage-law.md; docs/reproduce.md, experiment 4 [S]";
  claim.predicted = 0;
  claim.predicted_text = "< 0 at each";
  std::vector<std::string> against, open;
  const RelaxationStep* worst = nullptr;
  std::size_t told = 0;
  for (const auto& step : steps) {
    if (step.law.sizes < kFewestSizes) continue;
    ++told;
    if (worst == nullptr || step.law.slope.hi > worst->law.slope.hi) worst = &step;
    const Verdict verdict = judge_at_most(0, step.law.slope.lo, step.law.slope.hi);
    if (verdict == Verdict::kNotSupported) against.push_back(step.id);
    if (verdict == Verdict::kInconclusive) open.push_back(step.id);
  }
  if (worst != nullptr) {
    claim.measured = worst->law.slope.slope;
    claim.lo = worst->law.slope.lo;
    claim.hi = worst->law.slope.hi;
  }
  claim.verdict = !against.empty()           ? Verdict::kNotSupported
                  : open.empty() && told > 0 ? Verdict::kSupported
                                             : Verdict::kInconclusive;
  claim.reading = fmt::format(
      "Slope of ln(lowest excess risk) on ln n_data (Student t), for the step with the largest upper end of the interval{}; "
      "{} of {} steps have the three sizes past their minimum that a slope needs{}{}.",
      worst == nullptr ? "" : ", " + worst->id, told, steps.size(),
      against.empty() ? "" : fmt::format("; rises at {}", fmt::join(against, ", ")),
      open.empty() ? "" : fmt::format("; undecided at {}", fmt::join(open, ", ")));
  claim.would_change = "Longer runs on more data, so that every step has a slope.";
  return claim;
}

report::Claim convergence_claim(const std::vector<RelaxationStep>& steps) {
  std::size_t flows = 0, converged = 0, capped = 0;
  std::string failed;
  double least = NAN, most = NAN;
  for (const auto& step : steps) {
    std::size_t good = 0;
    for (const auto& p : step.points) {
      good += p.converged() ? 1 : 0;
      capped += !p.converged() && p.signature == "none" ? 1 : 0;
      if (!(p.width_missed >= least)) least = p.width_missed;
      if (!(p.width_missed <= most)) most = p.width_missed;
    }
    if (good < step.points.size())
      failed += fmt::format("{}{} ({} of {})", failed.empty() ? "" : ", ", step.id, step.points.size() - good,
                            step.points.size());
    flows += step.points.size();
    converged += good;
  }
  report::Claim claim;
  claim.id = "E4.converges_outside_the_good_class";
  claim.statement = "The gradient flow converges outside the class of Definition 5.2 too.";
  claim.source = "docs/reproduce.md, experiment 4 [S]";
  claim.predicted = kShareThatConverges;
  claim.predicted_text = fmt::format(">= {}", kShareThatConverges);
  claim.unit = "share of flows";
  if (flows > 0) {
    const auto share = share_of(converged, flows);
    claim.measured = share.value;
    claim.lo = share.lo;
    claim.hi = share.hi;
  }
  // A flow that was stopped while it was falling may or may not converge: the verdict must be the same in both cases.
  claim.verdict = judge_at_least(kShareThatConverges, claim.lo, claim.hi);
  if (flows > 0) {
    const auto kinder = share_of(converged + capped, flows);
    if (judge_at_least(kShareThatConverges, kinder.lo, kinder.hi) != claim.verdict)
      claim.verdict = Verdict::kInconclusive;
  }
  claim.reading = fmt::format(
      "{} of {} exact flows reached a hundredth of their first loss without plateau or instability (Clopper and "
      "Pearson "
      "interval); their widths miss the definition by 10^{} to 10^{}.{}",
      converged, flows, base::format_number(least), base::format_number(most),
      failed.empty()
          ? ""
          : fmt::format(
                " Not converged: {}; "
                "of these {} were still falling when the right-hand sides or the time were used up, the others stopped falling or were unstable.",
                failed, capped));
  claim.would_change = "Steps, sizes or data at which flows stall or diverge.";
  return claim;
}

report::Claim kernel_claim(const RelaxationStep& step) {
  std::vector<double> logs;
  for (const auto& p : step.points)
    if (p.radius_ratio > 0) logs.push_back(std::log10(p.radius_ratio) / 2);
  report::Claim claim;
  claim.id = "E4.kernel_stays_at_the_good_scale";
  claim.statement =
      "At the branch scale of Definition 5.2 no layer's kernel drifts by more than half its smallest eigenvalue, "
      "although the width is far below the definition's.";
  claim.source = "docs/theory/good-class.md: Definition 5.2, kernel stability [S]";
  claim.predicted = 0;
  claim.predicted_text = "<= 0";
  claim.unit = "log10(drift/(lambda/2))";
  if (!logs.empty()) {
    claim.measured = numerics::median(logs);
    claim.lo = *std::min_element(logs.begin(), logs.end());
    claim.hi = *std::max_element(logs.begin(), logs.end());
  }
  // A flow that was stopped may still drift further, and few flows give little evidence: in both cases the claim is not
  // supported.
  const auto arrived = static_cast<std::size_t>(
      std::count_if(step.points.begin(), step.points.end(), [](const FlowPoint& p) { return p.converged(); }));
  claim.verdict = judge_at_most(0, claim.lo, claim.hi);
  if (claim.verdict == Verdict::kSupported && (arrived < step.points.size() || arrived < kFewestFlows))
    claim.verdict = Verdict::kInconclusive;
  claim.reading = fmt::format(
      "Median and range over {} exact flows of step {}, at their end; {} of them reached a hundredth of their first loss.",
      logs.size(), step.id, arrived);
  claim.would_change = "A width near the definition's, which does not fit any machine; a larger output scale.";
  return claim;
}

double mean_of_step(const RelaxationStep& step, double FlowPoint::*member) {
  std::vector<double> values;
  for (const auto& p : step.points) values.push_back(p.*member);
  return geometric_mean(values);
}

}  // namespace

StepLaw law_of(const StudyCurves& curves) {
  StepLaw law;
  law.runs = law.finished = curves.runs.size();
  std::map<std::int64_t, std::vector<double>> by_size;
  std::vector<double> log_n, log_best;
  for (const auto& run : curves.runs) {
    const auto best = std::min_element(run.value.begin(), run.value.end());
    by_size[run.n_data].push_back(*best);
    if (best == run.value.end() - 1) continue;
    log_n.push_back(std::log(static_cast<double>(run.n_data)));
    log_best.push_back(std::log(*best));
  }
  law.past_minimum = log_n.size();
  law.sizes = std::set<double>(log_n.begin(), log_n.end()).size();
  law.slope = numerics::least_squares_line(log_n, log_best);
  for (const auto& [n, values] : by_size) {
    law.n_data.push_back(static_cast<double>(n));
    law.best.push_back(geometric_mean(values));
    law.lo.push_back(*std::min_element(values.begin(), values.end()));
    law.hi.push_back(*std::max_element(values.begin(), values.end()));
  }
  law.early_form = early_form_of(curves);
  return law;
}

std::vector<report::Claim> claims_of(const std::vector<RelaxationStep>& steps) {
  std::vector<report::Claim> claims = {convergence_claim(steps)};
  if (!steps.empty()) claims.push_back(kernel_claim(steps.front()));
  claims.push_back(data_claim(steps));
  return claims;
}

std::vector<report::Figure> figures_of(const std::vector<RelaxationStep>& steps) {
  using report::Colour;
  report::Figure law;
  law.title = "Lowest excess risk against data, step by step";
  law.x = {"n_data", "sequences", true};
  law.y = {"lowest excess risk", "per output coordinate", true};
  constexpr Colour kColours[] = {Colour::kBlack,  Colour::kSkyBlue,    Colour::kBlue,   Colour::kGreen, Colour::kOrange,
                                 Colour::kYellow, Colour::kVermillion, Colour::kPurple, Colour::kGrey};
  std::size_t k = 0;
  for (const auto& step : steps) {
    if (step.law.n_data.empty() || step.id.starts_with("rate_") || step.id == "omega_0.3" || step.id == "omega_1")
      continue;  // nine lines can be distinguished; the table has all steps
    report::Series series;
    series.label = step.id;
    series.x = step.law.n_data;
    series.y = step.law.best;
    series.style = k < std::size(kColours) ? report::Style::kLinePoints : report::Style::kDashed;
    series.colour = kColours[k++ % std::size(kColours)];
    law.series.push_back(std::move(series));
  }
  law.caption =
      "SGD on noisy targets, noise 0.3; "
      "the lowest excess risk of each run, geometric mean over seeds, whether or not the run passed its minimum. "
      "Runs that diverged are not used; the table counts them.";

  report::Figure drift;
  drift.title = "Drift of the kernel against the branch scale";
  drift.x = {"branch_scale", "", true};
  drift.y = {"||H(t) - H(0)|| / ||H(0)||", "", true};
  report::Series series;
  series.label = "strict class, d_hidden = 64";
  series.style = report::Style::kLinePoints;
  series.colour = Colour::kVermillion;
  for (const auto& step : steps) {
    if (!step.id.starts_with("omega_") || step.points.empty()) continue;
    series.x.push_back(step.branch_scale);
    series.y.push_back(mean_of_step(step, &FlowPoint::drift));
    double lo = NAN, hi = NAN;
    for (const auto& p : step.points) {
      if (!(p.drift >= lo)) lo = p.drift;
      if (!(p.drift <= hi)) hi = p.drift;
    }
    series.error_lo.push_back(lo);
    series.error_hi.push_back(hi);
  }
  drift.series.push_back(std::move(series));
  drift.caption =
      "Exact gradient flows, to a hundredth of the first loss or as far as they came; "
      "geometric mean over seeds, bars from the smallest to the largest. "
      "The leftmost point is the scale of Definition 5.2.";
  return {law, drift};
}

report::Table table_of(const std::vector<RelaxationStep>& steps) {
  report::Table table;
  table.caption =
      "Flows: exact gradient flows on 4 sequences; R/R_max with the K of the measured drift; "
      "width missed: powers of ten below the definition at the step's own branch scale. Runs: SGD, number finished; "
      "slope: of ln(lowest excess risk) on ln n_data over the runs past their minimum.";
  table.columns = {"step",         "what",          "flows converged", "drift", "R/R_max",
                   "width missed", "runs finished", "past minimum",    "slope", "early form"};
  for (const auto& step : steps) {
    std::size_t converged = 0;
    for (const auto& p : step.points) converged += p.converged() ? 1 : 0;
    const auto number = [&](double FlowPoint::*member) { return base::format_number(mean_of_step(step, member)); };
    const bool enough = step.law.sizes >= kFewestSizes;
    table.rows.push_back(
        {step.id, step.what,
         step.points.empty() ? base::format_number(NAN) : fmt::format("{} of {}", converged, step.points.size()),
         number(&FlowPoint::drift), number(&FlowPoint::radius_ratio), number(&FlowPoint::width_missed),
         fmt::format("{} of {}", step.law.finished, step.law.runs), std::to_string(step.law.past_minimum),
         enough ? base::format_value(step.law.slope.slope, step.law.slope.lo, step.law.slope.hi) : "too few sizes",
         step.law.early_form});
  }
  return table;
}

}  // namespace phaselaw::reproduce
