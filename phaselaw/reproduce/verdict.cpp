// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/verdict.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::reproduce {

using report::Claim;
using report::Relation;
using report::Standing;
using report::Verdict;

namespace {

void set(double predicted, Relation relation, double margin, Claim& claim) {
  claim.predicted = predicted;
  claim.relation = relation;
  claim.margin = margin;
}

// The probability of a value at least as far above `bound` as the measured one, if the truth is at the bound.
double p_above(const Claim& c, double bound) {
  const bool unbounded = std::isinf(c.degrees);
  const double quantile = unbounded ? numerics::normal_quantile(0.975) : numerics::student_t_quantile(0.975, c.degrees);
  const double side = c.measured >= bound ? c.measured - c.lo : c.hi - c.measured;
  if (side == 0) return c.measured > bound ? 0 : 1;  // an exact measurement
  const double t = (c.measured - bound) / (side / quantile);
  return unbounded ? numerics::normal_cdf(-t) : numerics::student_t_cdf(-t, c.degrees);
}

double p_below(const Claim& c, double bound) {
  Claim mirror = c;
  mirror.measured = -c.measured;
  mirror.lo = -c.hi;
  mirror.hi = -c.lo;
  return p_above(mirror, -bound);
}

bool has_interval(const Claim& c) {
  return std::isfinite(c.measured) && std::isfinite(c.lo) && std::isfinite(c.hi) && std::isfinite(c.predicted) &&
         c.lo <= c.measured && c.measured <= c.hi;
}

Verdict verdict_of(const Claim& c, double p) {
  if (!(p < kLevel)) return Verdict::kInconclusive;
  return c.p_supporting < c.p_refuting ? Verdict::kSupported : Verdict::kNotSupported;
}

double smaller(const Claim& c) { return std::min(c.p_supporting, c.p_refuting); }

void decide_all(const std::vector<Claim*>& claims) {
  std::vector<Claim*> family;
  for (Claim* const each : claims) {
    Claim& claim = *each;
    claim.verdict = Verdict::kInconclusive;
    claim.p_adjusted = base::kNaN;
    if (std::isnan(claim.p_supporting) || std::isnan(claim.p_refuting)) {
      const PValues p = p_values(claim);
      claim.p_supporting = p.supporting;
      claim.p_refuting = p.refuting;
    }
    if (!claim.undecidable.empty() || std::isnan(claim.p_supporting) || std::isnan(claim.p_refuting)) continue;
    if (claim.standing == Standing::kSelfCheck)
      claim.verdict = verdict_of(claim, smaller(claim));
    else
      family.push_back(&claim);
  }
  std::sort(family.begin(), family.end(), [](const Claim* a, const Claim* b) { return smaller(*a) < smaller(*b); });
  double largest = 0;
  for (std::size_t i = 0; i < family.size(); ++i) {
    Claim& claim = *family[i];
    largest = std::max(largest, std::min(1.0, static_cast<double>(family.size() - i) * smaller(claim)));
    claim.p_adjusted = largest;
    claim.verdict = verdict_of(claim, claim.p_adjusted);
  }
}

}  // namespace

void claim_exponent(double predicted, Claim& claim) {
  PHASELAW_CHECK(predicted != 0);
  set(predicted, Relation::kEqual, kExponentMargin * std::abs(predicted), claim);
}

void claim_equal(double predicted, double margin, Claim& claim) {
  PHASELAW_CHECK(margin > 0);
  set(predicted, Relation::kEqual, margin, claim);
}

void claim_at_most(double predicted, Claim& claim) { set(predicted, Relation::kAtMost, base::kNaN, claim); }

void claim_at_least(double predicted, Claim& claim) { set(predicted, Relation::kAtLeast, base::kNaN, claim); }

PValues p_values(const Claim& c) {
  if (!has_interval(c)) return {base::kNaN, base::kNaN};
  switch (c.relation) {
    case Relation::kAtLeast:
      return {p_above(c, c.predicted), p_below(c, c.predicted)};
    case Relation::kAtMost:
      return {p_below(c, c.predicted), p_above(c, c.predicted)};
    case Relation::kEqual:
      break;
  }
  PHASELAW_CHECK(c.margin > 0);
  const double lower = c.predicted - c.margin, upper = c.predicted + c.margin;
  return {std::max(p_above(c, lower), p_below(c, upper)),
          std::min(1.0, 2 * std::min(p_above(c, upper), p_below(c, lower)))};
}

void decide(std::vector<Claim>& claims) {
  std::vector<Claim*> list;
  for (Claim& claim : claims) list.push_back(&claim);
  decide_all(list);
}

void decide(report::Page& page) {
  std::vector<Claim*> list;
  for (report::Section& section : page.sections)
    for (Claim& claim : section.claims) list.push_back(&claim);
  decide_all(list);
}

}  // namespace phaselaw::reproduce
