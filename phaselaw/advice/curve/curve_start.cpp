// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/curve_start.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/advice/curve/falling_rates.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/interrupt.h"

namespace phaselaw::advice {

namespace {

constexpr int kStarts = 18;
constexpr double kStartStep = 0.05;          // of the range of ln(step)
constexpr double kLateStart = 0.35;          // beyond which a falling rate is tried
constexpr double kBetterByRate = 20;         // s2, where the errors are known
constexpr double kBetterByRateUnknown = 25;  // where they are not
constexpr double kLeastDrop = 0.004;         // of the last loss
constexpr double kFarFromBest = 9;           // s2; forms this much worse than the best are not needed
constexpr double kUsefulDrop = 0.001;        // of the last loss; a smaller one is no form of its own

// The places where the laws may begin, each fitted when it is first asked for.
class Starts {
 public:
  Starts(const CurveBlocks& blocks, double end);
  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] int place(std::size_t j) const { return places_[j].place; }
  [[nodiscard]] std::size_t block(std::size_t j) const { return places_[j].block; }
  [[nodiscard]] const ShapeFit& fit(std::size_t j);
  // Whether later starts agree with this one: every second of them.
  [[nodiscard]] bool stable(std::size_t j);
  [[nodiscard]] CurveForms forms(std::size_t j) { return forms_from(blocks_, block(j), fit(j), end_); }

 private:
  struct Place {
    int place = 0;
    std::size_t block = 0;
    std::optional<ShapeFit> fit;
  };
  const CurveBlocks& blocks_;
  double end_;
  std::vector<Place> places_;
};

Starts::Starts(const CurveBlocks& blocks, double end) : blocks_(blocks), end_(end) {
  if (blocks.size() == 0) return;
  const double first = std::log(blocks.step.front()), range = std::log(blocks.step.back()) - first;
  const std::size_t least = blocks.known ? 12 : 7;
  for (int k = 0; k < kStarts; ++k) {
    const double from = first + kStartStep * k * range;
    std::size_t block = 0;
    while (block < blocks.size() && std::log(blocks.step[block]) < from) ++block;
    if (block + least > blocks.size()) break;
    if (places_.empty() || places_.back().block != block) places_.push_back({k, block, std::nullopt});
  }
}

const ShapeFit& Starts::fit(std::size_t j) {
  if (!places_[j].fit) {
    base::throw_if_interrupted();
    places_[j].fit = fit_shape(problem_from(blocks_, places_[j].block, end_));
  }
  return *places_[j].fit;
}

bool Starts::stable(std::size_t j) {
  const ShapePoint best = fit(j).best;
  for (std::size_t k = j + 1; k < size(); k += 2) {
    const ShapeFit& later = fit(k);
    if (best.q < later.q.lo || best.q > later.q.hi) return false;
    if (best.floor < later.floor.lo - 1e-9 || best.floor > later.floor.hi) return false;
  }
  return true;
}

}  // namespace

CurveForms forms_from(const CurveBlocks& blocks, std::size_t first, const ShapeFit& power, double end) {
  CurveForms out;
  out.start = first;
  out.known = blocks.known;
  out.fits.push_back(power);
  FitProblem problem = problem_from(blocks, first, end);
  problem.two_stage = true;
  for (const double back : {0.0, 0.5, 0.85}) {
    problem.origin = back * problem.step[0];
    out.fits.push_back(fit_shape(problem));
    if (first == 0) break;
  }
  problem.two_stage = false;
  const auto better = [](const ShapeFit& a, const ShapeFit& b) { return a.chi2 < b.chi2; };
  const auto constant = std::min_element(out.fits.begin(), out.fits.end(), better);
  out.best_constant = static_cast<std::size_t>(constant - out.fits.begin());
  double s2 = base::kInfinity;
  for (const ShapeFit& fit : out.fits) s2 = std::min(s2, fit.s2);
  for (std::size_t k = 0; k < kFallingRates && !blocks.rate_known; ++k) {
    base::throw_if_interrupted();
    const FallingRate rate = falling_rate(k, problem.step, end);
    problem.clock = rate.clock;
    problem.drop = rate.drop;
    const double least = std::min_element(out.fits.begin(), out.fits.end(), better)->chi2;
    const auto fit =
        fit_shape(problem, {blocks.known ? 2 * power.coarse + 200 * s2 : base::kInfinity, least + kFarFromBest * s2});
    if (!fit || !(fit->best.drop > kUsefulDrop * blocks.loss.back())) continue;
    out.fits.push_back(*fit);
    s2 = std::min(s2, fit->s2);
  }
  out.best = static_cast<std::size_t>(std::min_element(out.fits.begin(), out.fits.end(), better) - out.fits.begin());
  return out;
}

FitProblem problem_from(const CurveBlocks& blocks, std::size_t first, double end) {
  FitProblem problem;
  problem.step = std::span(blocks.step).subspan(first);
  problem.loss = std::span(blocks.loss).subspan(first);
  problem.error = std::span(blocks.error).subspan(first);
  problem.known = blocks.known;
  problem.end_step = end;
  return problem;
}

bool CurveForms::decays(double last_loss) const {
  const ShapeFit& fit = fits[best];
  const double better = known ? kBetterByRate : kBetterByRateUnknown;
  return fit.falling_rate && gain_of_falling_rate() > better && fit.best.drop > kLeastDrop * last_loss && fit.dof >= 8;
}

CurveStart start_of_laws(const CurveBlocks& blocks, double end, bool correlated) {
  CurveStart out;
  Starts starts(blocks, end);
  if (starts.size() == 0) return out;
  const double least_dof = blocks.known ? 8 : 4, loss = blocks.loss.back();
  std::size_t first = 0;
  const auto sound = [&](std::size_t j) {
    const ShapeFit& fit = starts.fit(j);
    return fit.acceptable(blocks.known, correlated) && fit.dof >= least_dof && starts.stable(j);
  };
  while (first < starts.size() && !sound(first)) ++first;
  const bool found = first < starts.size();

  // Only a late start is accepted, or none: does another form describe more of the record?
  std::optional<CurveForms> earlier;
  if (!found || starts.place(first) * kStartStep > kLateStart + 1e-9)
    for (std::size_t j = 0; j < first && !earlier; ++j) {
      if (starts.place(j) % 4 != 0 || starts.place(j) > 12) continue;
      CurveForms forms = starts.forms(j);
      const ShapeFit& best = forms.fits[forms.best];
      if (best.acceptable(blocks.known, correlated) && best.dof >= 4) earlier = std::move(forms);
    }
  if (found && first > 0 && first + 1 < starts.size()) ++first;
  const bool constant_earlier = earlier && !earlier->fits[earlier->best].falling_rate;
  if (earlier && !constant_earlier && earlier->decays(loss)) {
    out.decays = !found || blocks.step[starts.block(first)] > end / 3;
    out.ambiguous = !out.decays;
  }
  if (constant_earlier && (!found || earlier->start < starts.block(first)))
    out.forms = std::move(earlier);
  else if (found && !out.decays)
    out.forms = starts.forms(first);
  if (!blocks.known && out.forms && found && first + 1 < starts.size()) out.forms->later = starts.fit(first + 1);
  return out;
}

}  // namespace phaselaw::advice
