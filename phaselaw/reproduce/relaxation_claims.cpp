// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/relaxation.h"
#include "phaselaw/reproduce/study_analysis.h"
#include "phaselaw/reproduce/verdict.h"

// The law of one step, the claims, figures and table of experiment 4 (relaxation.h).
namespace phaselaw::reproduce {

namespace {

constexpr double kShareThatConverges = 0.9;
constexpr std::size_t kFewestForForm = 8;  // fewest points of the falling part

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

report::Claim data_claim(const std::vector<RelaxationStep>& steps) {
  report::Claim claim;
  claim.id = "E4.data_still_help";
  claim.statement =
      "Also outside the class of Definition 5.2, the lowest excess risk falls with the data at every step.";
  claim.source = "docs/theory/two-stage-law.md; docs/reproduce.md, experiment 4 [S]";
  claim.standing = report::Standing::kStated;
  claim_at_most(0, claim);
  claim.predicted_text = "< 0 at each";
  std::vector<report::Claim> tested;
  std::vector<std::string> skipped;
  std::string worst;
  for (const auto& step : steps) {
    if (!step.law.slope.undecidable().empty()) {
      skipped.push_back(step.id);
      continue;
    }
    report::Claim one;
    set_measured(step.law.slope.slope, one);
    claim_at_most(0, one);
    if (tested.empty() || one.hi > claim.hi) {
      worst = step.id;
      set_measured(step.law.slope.slope, claim);
    }
    tested.push_back(one);
  }
  if (tested.empty()) claim.undecidable = "at no step do enough teachers have all their runs";
  const auto p = p_values_of_all(tested);
  claim.p_supporting = p.supporting;
  claim.p_refuting = p.refuting;
  claim.reading = fmt::format(
      "Slope of ln(lowest excess risk) on ln n_data for each teacher, mean over teachers (Student t), at the step with the "
      "largest upper end of the interval{}. Supported if it is below 0 at each of {} steps (intersection-union test: the "
      "largest p value){}.",
      worst.empty() ? "" : ", " + worst, tested.size(),
      skipped.empty() ? ""
                      : fmt::format("; not tested, because too few teachers finished all their runs: {}",
                                    fmt::join(skipped, ", ")));
  claim.would_change = "Longer runs, so that the largest data sets are used up at every step; more teachers.";
  claim.finding = fmt::format(
      "When Definition 5.2 is relaxed step by step, more data lower the excess risk at {} of {} steps (whole interval below 0).",
      std::count_if(tested.begin(), tested.end(), [](const report::Claim& one) { return one.hi < 0; }), tested.size());
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
      if (std::isnan(p.width_missed)) continue;  // lambda within rounding
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
  claim.standing = report::Standing::kStated;
  claim_at_least(kShareThatConverges, claim);
  claim.predicted_text = fmt::format(">= {}", kShareThatConverges);
  claim.unit = "share of flows";
  if (flows == 0) {
    claim.undecidable = "no flow was measured";
    return claim;
  }
  const auto share = share_of(converged, flows);
  claim.measured = share.value;
  claim.lo = share.lo;
  claim.hi = share.hi;
  // A flow that was stopped while it was falling may or may not converge: it counts as failed against the hypothesis that
  // few converge, and as converged against the hypothesis that most do.
  claim.p_supporting = binomial_at_least(converged, flows, kShareThatConverges);
  claim.p_refuting = binomial_at_least(flows - converged - capped, flows, 1 - kShareThatConverges);
  claim.reading = fmt::format(
      "{} of {} exact flows reached a hundredth of their first loss without plateau or instability (Clopper and Pearson's "
      "interval, binomial test); their widths miss the definition by 10^{} to 10^{}.{}",
      converged, flows, base::format_number(least), base::format_number(most),
      failed.empty()
          ? ""
          : fmt::format(
                " Not converged: {}; "
                "of these {} were still falling when the right-hand sides or the time were used up, the others stopped falling or were unstable.",
                failed, capped));
  claim.would_change = "Steps, sizes or data at which flows stall or diverge.";
  claim.finding =
      fmt::format("{} of {} gradient flows converge although their widths miss Definition 5.2 by at least 10^{}.",
                  converged, flows, base::format_number(least));
  return claim;
}

report::Claim kernel_claim(const RelaxationStep& step) {
  report::Claim claim;
  claim.id = "E4.kernel_stays_at_the_good_scale";
  claim.statement =
      "At the branch scale of Definition 5.2 no layer's kernel drifts by more than half its smallest eigenvalue, "
      "although the width is far below the definition's.";
  claim.source = "docs/theory/good-class.md: Definition 5.2, kernel stability [S]";
  claim.standing = report::Standing::kStated;
  claim_at_most(0, claim);
  claim.predicted_text = "<= 0";
  claim.unit = "log10(drift/(lambda/2))";
  std::vector<Observation> logs;
  std::size_t arrived = 0;
  for (const auto& p : step.points) {
    arrived += p.converged() ? 1 : 0;
    if (p.radius_ratio > 0) logs.push_back({p.seed, 1, std::log10(p.radius_ratio) / 2});
  }
  const auto values = largest_for_each_teacher(logs);
  const auto effect = effect_of(values);
  set_measured(effect, claim);
  // A flow that was stopped may still drift further, which can only refute the claim.
  if (arrived < step.points.size() && !(claim.measured > 0))
    claim.undecidable = fmt::format("{} of {} flows were stopped before the loss had fallen, and may drift further",
                                    step.points.size() - arrived, step.points.size());
  claim.reading = fmt::format(
      "Mean over {} teachers (Student t) of the exact flows of step {}, at their end; {} of them reached a hundredth of "
      "their first loss.",
      values.size(), step.id, arrived);
  claim.would_change = "A width near the definition's, which does not fit any machine; a larger output scale.";
  claim.finding = fmt::format(
      "At the branch scale of Definition 5.2 and a width that fits a machine, the kernel of a layer drifts by 10^{} times "
      "half its smallest eigenvalue.",
      base::format_value(effect.value, effect.lo, effect.hi));
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
  std::vector<Observation> points;
  for (const auto& run : curves.runs) {
    const auto best = std::min_element(run.value.begin(), run.value.end());
    by_size[run.n_data].push_back(*best);
    points.push_back({run.seed, static_cast<double>(run.n_data), *best});
    law.past_minimum += best == run.value.end() - 1 ? 0 : 1;
  }
  law.slope = teacher_slopes(points);
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
      "the lowest excess risk of each run, geometric mean over teachers, whether or not the run passed its minimum. "
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
      "geometric mean over teachers, bars from the smallest to the largest. "
      "The leftmost point is the scale of Definition 5.2.";
  return {law, drift};
}

report::Table table_of(const std::vector<RelaxationStep>& steps) {
  report::Table table;
  table.caption =
      "Flows: exact gradient flows on 4 sequences; R/R_max with the K of the measured drift; "
      "width missed: powers of ten below the definition at the step's own branch scale. Runs: SGD, number finished; "
      "slope: of ln(lowest excess risk) on ln n_data, mean over teachers with 95 % interval (Student t).";
  table.columns = {"step",         "what",          "flows converged", "drift", "R/R_max",
                   "width missed", "runs finished", "past minimum",    "slope", "early form"};
  for (const auto& step : steps) {
    std::size_t converged = 0;
    for (const auto& p : step.points) converged += p.converged() ? 1 : 0;
    const auto number = [&](double FlowPoint::*member) { return base::format_number(mean_of_step(step, member)); };
    const auto& slope = step.law.slope;
    table.rows.push_back(
        {step.id, step.what,
         step.points.empty() ? base::format_number(NAN) : fmt::format("{} of {}", converged, step.points.size()),
         number(&FlowPoint::drift), number(&FlowPoint::radius_ratio), number(&FlowPoint::width_missed),
         fmt::format("{} of {}", step.law.finished, step.law.runs), std::to_string(step.law.past_minimum),
         slope.undecidable().empty() ? base::format_value(slope.slope.value, slope.slope.lo, slope.slope.hi)
                                     : "too few teachers",
         step.law.early_form});
  }
  return table;
}

}  // namespace phaselaw::reproduce
