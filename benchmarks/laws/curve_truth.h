// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/curve/claims.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/tables/runs.h"

// A simulated loss curve, and what is true of it.
//
// At a constant learning rate most kinds follow f(S) = E + A (1 + S/t0)^-q. S is the sum of the learning rates so far,
// with the peak as unit. Draws 0 to 9 have E = 2, A = 8, t0 = 30 steps, q = 0.45, 10,000 steps and noise of 2 %. Later
// draws have random values of all six.
namespace phaselaw::study {

using Series = std::vector<double>;
using Law = std::function<double(double)>;

enum class TrueState {
  any,  // no state would be wrong
  falling,
  finished,
  decaying,
  finished_at_low_rate,  // a decay so deep that the loss is flat: finished and decaying are both right
  falling_or_decaying,   // a decay that is recorded
  overfitting,
  memorising,
  diverged
};

struct CurveTruth {
  std::optional<double> exponent;  // empty: there is none, and every claim is wrong
  double exponent_range = 1;       // claims that overlap [exponent, range exponent] are right
  std::optional<double> floor;     // empty: claims are not judged
  std::optional<double> bend;      // empty: not judged, or wrong if it is absent
  bool bend_absent = false;
  double bend_tolerance = 1;  // the ends of a claim may be off by this factor
  std::string early;          // "power", "exponential"; empty: not judged
  TrueState state = TrueState::falling;
  std::optional<double> gain;    // relative fall when the steps double at the rate of the end
  bool gain_any = false;         // claims of a gain are not judged; otherwise an empty gain makes them wrong
  bool accelerates = false;      // the loss falls faster late than before, at a constant rate
  bool training_beside = false;  // of a held-out loss
  bool unstable = false;         // it contains spikes or a divergence
};

struct SimulatedCurve {
  tables::Curve curve;          // in the order of the record, without learning rates
  tables::LearningRates rates;  // in the unit of kPeakRate
  CurveTruth truth;             // if the rates are not recorded
  CurveTruth truth_with_rates;  // its bend is in steps at the peak rate
};

inline constexpr double kPeakRate = 6e-4;

// Random numbers and parameters of one curve.
struct Draw {
  Draw(const std::string& kind, int number) : random(20, "curve study " + kind, static_cast<std::uint64_t>(number)) {
    odd = number % 2 == 1;
    fixed = number < 10;
    if (!fixed) draw_parameters();
  }
  void draw_parameters() {
    floor = uniform(1.2, 3);
    amplitude = uniform(3, 9);
    bend = log_uniform(8, 120);
    exponent = uniform(.3, .7);
    noise = log_uniform(.005, .04);
    steps = std::vector<std::size_t>{3000, 10000, 20000}[random.below(3)];
  }
  [[nodiscard]] double uniform(double lo, double hi) { return lo + (hi - lo) * random.uniform(); }
  [[nodiscard]] double log_uniform(double lo, double hi) { return lo * std::pow(hi / lo, random.uniform()); }
  // A random factor exp(sigma e - sigma^2/2) of mean 1; e is normal.
  [[nodiscard]] double noise_factor(double sigma) { return std::exp(sigma * random.normal() - .5 * sigma * sigma); }
  [[nodiscard]] double law(double s) const { return floor + amplitude * std::pow(1 + s / bend, -exponent); }
  [[nodiscard]] double n() const { return static_cast<double>(steps); }

  numerics::RandomStream random;
  bool odd = false, fixed = true;
  double floor = 2, amplitude = 8, bend = 30, exponent = .45, noise = .02;
  std::size_t steps = 10000;
};

struct CurveKind {
  std::string name;
  bool own = false;  // was not among the kinds with which the rules were developed
  std::function<SimulatedCurve(Draw&)> make;
};

}  // namespace phaselaw::study
