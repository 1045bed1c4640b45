// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/matching_band.h"
#include "phaselaw/theory/matching_band.h"

// The analysis of matching_band.h.
namespace phaselaw::reproduce {

namespace {

constexpr std::size_t kComputes = 48;
const double kHalfBand = std::log(4);  // from the middle of the band to its edges: upper/lower = 16
constexpr double kLeastLogA = -80, kMostLogA = 120;

// The envelope at the given computes; `size_of` gives the data of a run.
struct Envelope {
  std::vector<double> measured, n_data;
};
Envelope envelope_at(const std::vector<double>& compute, const std::vector<RunCurve>& runs, double coordinates) {
  StudyCurves study;
  study.runs = runs;
  std::map<std::string, double> size_of;
  for (std::size_t i = 0; i < study.runs.size(); ++i) {  // a run may be drawn twice
    study.runs[i].run = fmt::to_string(i);
    size_of[study.runs[i].run] = static_cast<double>(study.runs[i].n_data);
  }
  const auto stairs = study.envelope();
  Envelope envelope;
  for (const double at : compute) {
    const auto next = std::upper_bound(stairs.begin(), stairs.end(), at,
                                       [](double c, const EnvelopePoint& point) { return c < point.compute; });
    const auto& point = next == stairs.begin() ? *next : *(next - 1);
    envelope.measured.push_back(coordinates * point.loss);
    envelope.n_data.push_back(size_of[point.run]);
  }
  return envelope;
}

// Middle of the band, ln, with c = 1.
double log_middle(const theory::Edition& edition, double a, const BandInput& input, double compute) {
  return log_upper_bound(edition, {.a = a}, input, compute) - kHalfBand;
}

struct Level {
  double log_c = 0, rest = 0;
};
Level level(const theory::Edition& edition, double a, const BandInput& input, const std::vector<double>& compute,
            const std::vector<double>& measured) {
  std::vector<double> off;
  for (std::size_t i = 0; i < compute.size(); ++i)
    off.push_back(std::log(measured[i]) - log_middle(edition, a, input, compute[i]));
  const auto [least, most] = std::minmax_element(off.begin(), off.end());
  return {(*least + *most) / 2, *most - *least};
}

BandConstants fit_constants(const theory::Edition& edition, const BandInput& input, const std::vector<double>& compute,
                            const std::vector<double>& measured) {
  const auto rest = [&](double log_a) { return level(edition, std::exp(log_a), input, compute, measured).rest; };
  // There may be several minima, so a grid is searched first, then ever finer grids about the best point.
  double best = kLeastLogA, step = 2;
  double lo = kLeastLogA, hi = kMostLogA;
  for (int refinement = 0; refinement < 6; ++refinement) {
    double lowest = std::numeric_limits<double>::infinity();
    for (double log_a = lo; log_a <= hi; log_a += step) {
      const double value = rest(log_a);
      if (value < lowest) lowest = value, best = log_a;
    }
    lo = std::max(best - step, kLeastLogA);
    hi = std::min(best + step, kMostLogA);
    step /= 8;
  }
  const double a = std::exp(best);
  return {a, std::exp(level(edition, a, input, compute, measured).log_c),
          best > kLeastLogA + 1 && best < kMostLogA - 1};
}

Excursion excursion(const theory::Edition& edition, const BandConstants& constants, const BandInput& input,
                    const std::vector<double>& compute, const std::vector<double>& measured) {
  Excursion out{-std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (std::size_t i = 0; i < compute.size(); ++i) {
    const double upper = log_upper_bound(edition, constants, input, compute[i]), value = std::log(measured[i]);
    out.above = std::max(out.above, (value - upper) / std::log(10));
    out.below = std::max(out.below, (upper - 2 * kHalfBand - value) / std::log(10));
  }
  return out;
}

double two_point_excursion(const BandInput& input, const Envelope& envelope) {
  double most = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < envelope.measured.size(); ++i)
    most = std::max(most, std::log10(input.noise * input.noise / (16 * envelope.n_data[i]) / envelope.measured[i]));
  return most;
}

double measured_constant(const BandInput& input) {
  std::vector<double> constants;
  for (const auto& run : input.curves.runs) {
    const auto least = std::min_element(run.value.begin(), run.value.end());
    if (least == run.value.end() - 1) continue;  // still falling
    constants.push_back(static_cast<double>(input.coordinates) * *least * static_cast<double>(run.n_data) /
                        (input.noise * input.noise));
  }
  return constants.empty() ? base::kNaN : numerics::median(constants);
}

// Runs drawn with replacement within each data size.
std::vector<RunCurve> resampled(const std::vector<RunCurve>& runs, numerics::RandomStream& stream) {
  std::map<std::int64_t, std::vector<const RunCurve*>> strata;
  for (const auto& run : runs) strata[run.n_data].push_back(&run);
  std::vector<RunCurve> drawn;
  for (const auto& [n, stratum] : strata)
    for (std::size_t i = 0; i < stratum.size(); ++i) drawn.push_back(*stratum[stream.below(stratum.size())]);
  return drawn;
}

void take_interval(std::vector<double> values, Statistic& statistic) {
  if (values.size() < 20) {
    statistic.lo = statistic.hi = base::kNaN;
    return;
  }
  statistic.lo = numerics::quantile(values, 0.025);
  statistic.hi = numerics::quantile(values, 0.975);
}

}  // namespace

double log_upper_bound(const theory::Edition& edition, const BandConstants& constants, const BandInput& input,
                       double compute) {
  theory::Edition scaled = edition;
  scaled.a = constants.a;
  return std::log(constants.c) + std::log(input.initial_risk) +
         theory::matching_band(scaled, compute, input.noise / std::sqrt(input.initial_risk)).log_upper;
}

MatchingBandStudy analyse_band(BandInput input, int resamples, std::uint64_t seed) {
  MatchingBandStudy study;
  study.input = std::move(input);
  const auto& in = study.input;
  const auto stairs = in.curves.envelope();
  study.compute = numerics::log_spaced(stairs.front().compute, stairs.back().compute, kComputes);
  const auto coordinates = static_cast<double>(in.coordinates);
  const auto here = envelope_at(study.compute, in.curves.runs, coordinates);
  study.measured = here.measured;
  study.n_data = here.n_data;
  study.c_measured = measured_constant(in);
  study.two_point.value = two_point_excursion(in, here);
  for (const auto& edition : {theory::edition_v1(), theory::edition_v3()}) {
    EditionBand band{
        .edition = edition,
        .fitted = fit_constants(edition, in, study.compute, study.measured),
        .stated_excursion = excursion(edition, {}, in, study.compute, study.measured),
        .fitted_excursion = {},
        .with_measured_c = excursion(edition, {.a = 1, .c = study.c_measured}, in, study.compute, study.measured),
        .stated = {},
        .fit = {}};
    band.fitted_excursion = excursion(edition, band.fitted, in, study.compute, study.measured);
    band.stated.value = band.stated_excursion.worst();
    band.fit.value = band.fitted_excursion.worst();
    study.editions.push_back(band);
  }

  numerics::RandomStream stream(seed, "reproduce/matching-band");
  std::vector<double> two_point;
  std::vector<std::vector<double>> stated(study.editions.size()), fit(study.editions.size());
  for (int draw = 0; draw < resamples; ++draw) {
    base::throw_if_interrupted();
    const auto again = envelope_at(study.compute, resampled(in.curves.runs, stream), coordinates);
    two_point.push_back(two_point_excursion(in, again));
    for (std::size_t i = 0; i < study.editions.size(); ++i) {
      const auto& edition = study.editions[i].edition;
      stated[i].push_back(excursion(edition, {}, in, study.compute, again.measured).worst());
      const auto constants = fit_constants(edition, in, study.compute, again.measured);
      fit[i].push_back(excursion(edition, constants, in, study.compute, again.measured).worst());
    }
  }
  take_interval(std::move(two_point), study.two_point);
  for (std::size_t i = 0; i < study.editions.size(); ++i) {
    take_interval(std::move(stated[i]), study.editions[i].stated);
    take_interval(std::move(fit[i]), study.editions[i].fit);
  }
  return study;
}

}  // namespace phaselaw::reproduce
