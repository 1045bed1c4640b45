// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <limits>
#include <string>
#include <string_view>

#include "benchmarks/laws/curve_truth.h"
#include "phaselaw/advice/diagnose/diagnose.h"

// Whether what is claimed of a curve is right, honest (nothing is claimed) or wrong.
namespace phaselaw::study {

struct Claims {
  std::optional<advice::Interval> exponent, floor, bend, gain;
  std::string early;
  advice::CurveState state = advice::CurveState::unknown;
  bool unstable = false;
};

enum class Verdict { right, honest, wrong, not_judged };
enum Quantity { kExponent, kFloor, kBend, kEarly, kState, kGain, kSpikes, kAll, kQuantities };
inline constexpr std::array<std::string_view, kQuantities> kQuantityNames = {
    "exponent", "floor", "bend", "early form", "state", "gain", "spikes", "curve"};
using Verdicts = std::array<Verdict, kQuantities>;

inline constexpr double kGainTolerance = .002;  // of claimed gains, as a share of the loss
inline constexpr double kFinished = .01;        // the largest gain of a finished curve
inline constexpr double kStillFalling = .002;   // the smallest gain for which "falling" is true of a finished curve

// The claims of claims_of.
inline Claims claims_from(const advice::CurveClaims& claims) {
  return {claims.exponent,
          claims.floor,
          claims.bend,
          claims.gain,
          claims.early_form,
          claims.state,
          !claims.spikes.empty() || claims.state == advice::CurveState::diverged};
}

inline std::optional<advice::Interval> identified(const advice::Quantity& quantity, double unit = 1) {
  if (!quantity.identified || !quantity.value || !quantity.lo || !quantity.hi) return {};
  return advice::Interval{*quantity.lo / unit, *quantity.hi / unit};
}

// The claims of a diagnosis. Positions on the clock of the sum of learning rates become steps at the peak rate.
inline Claims claims_from(const advice::Diagnosis& d) {
  Claims claims;
  claims.exponent = identified(d.exponent);
  claims.floor = identified(d.floor);
  claims.bend = identified(d.bend, d.curve.clock == "lr_sum" ? kPeakRate : 1);
  claims.gain = identified(d.gain);
  if (d.early_decisive) claims.early = d.early_form;
  claims.unstable = d.signature.word == "instability";
  claims.state = d.state;
  return claims;
}

inline Verdict contains(const std::optional<advice::Interval>& claim, const std::optional<double>& truth,
                        bool none_exists, double range = 1, double tolerance = 1) {
  if (!claim) return Verdict::honest;
  if (!truth) return none_exists ? Verdict::wrong : Verdict::not_judged;
  const bool inside = claim->lo / tolerance <= range * *truth && *truth <= claim->hi * tolerance;
  return inside ? Verdict::right : Verdict::wrong;
}

inline Verdict judged_state(advice::CurveState claim, const CurveTruth& truth) {
  using advice::CurveState;
  if (claim == CurveState::unknown) return Verdict::honest;
  const auto right_if = [](bool right) { return right ? Verdict::right : Verdict::wrong; };
  switch (truth.state) {
    case TrueState::any:
      return Verdict::not_judged;
    case TrueState::overfitting:
      if (claim == CurveState::rising) return truth.training_beside ? Verdict::honest : Verdict::right;
      return right_if(claim == CurveState::overfitting || claim == CurveState::memorising);
    case TrueState::memorising:
      if (claim == CurveState::finished) return Verdict::honest;
      return right_if(claim == CurveState::memorising);
    case TrueState::diverged:
      return claim == CurveState::rising ? Verdict::honest : right_if(claim == CurveState::diverged);
    case TrueState::finished:
      return right_if(claim == CurveState::finished ||
                      (claim == CurveState::falling && truth.gain && *truth.gain >= kStillFalling));
    case TrueState::decaying:
      return right_if(claim == CurveState::decaying);
    case TrueState::finished_at_low_rate:
      return right_if(claim == CurveState::decaying || claim == CurveState::finished);
    case TrueState::falling_or_decaying:
      if (claim == CurveState::decaying) return Verdict::right;
      [[fallthrough]];
    case TrueState::falling:
      return right_if(claim == CurveState::falling || (claim == CurveState::decaying && truth.accelerates) ||
                      (claim == CurveState::finished && truth.gain && *truth.gain < kFinished));
  }
  return Verdict::not_judged;
}

// The verdict on the whole curve is wrong if any claim is wrong, and right if at least its exponent, floor, state or
// spikes are right.
inline Verdicts judged(const Claims& claims, const CurveTruth& truth) {
  Verdicts v;
  v[kExponent] = contains(claims.exponent, truth.exponent, true, truth.exponent_range);
  v[kFloor] = contains(claims.floor, truth.floor, false);
  v[kBend] = contains(claims.bend, truth.bend, truth.bend_absent, 1, truth.bend_tolerance);
  v[kEarly] = claims.early.empty()  ? Verdict::honest
              : truth.early.empty() ? Verdict::not_judged
                                    : (claims.early == truth.early ? Verdict::right : Verdict::wrong);
  v[kState] = judged_state(claims.state, truth);
  v[kGain] = Verdict::honest;
  if (claims.gain && truth.gain_any) {
    v[kGain] = Verdict::not_judged;
  } else if (claims.gain) {
    v[kGain] =
        truth.gain && claims.gain->lo - kGainTolerance <= *truth.gain && *truth.gain <= claims.gain->hi + kGainTolerance
            ? Verdict::right
            : Verdict::wrong;
  }
  const bool may_be_unstable = truth.unstable || truth.state == TrueState::diverged;
  v[kSpikes] = !claims.unstable  ? Verdict::honest
               : may_be_unstable ? (truth.unstable ? Verdict::right : Verdict::honest)
                                 : Verdict::wrong;
  v[kAll] = Verdict::honest;
  for (const Quantity q : {kExponent, kFloor, kState, kSpikes})
    if (v[q] == Verdict::right) v[kAll] = Verdict::right;
  for (int q = kExponent; q < kAll; ++q)
    if (v[q] == Verdict::wrong) v[kAll] = Verdict::wrong;
  return v;
}

}  // namespace phaselaw::study
