// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/risk_surface.h"

#include <algorithm>

#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {

using Index = Eigen::Index;
using numerics::Matrix;
using numerics::Vector;

base::EnumNames<Estimator> enum_names(Estimator) {
  using enum Estimator;
  static constexpr std::pair<std::string_view, Estimator> kNames[] = {{"leave-one-sequence-out", leave_one_out},
                                                                      {"sub-sampling", sub_sampling},
                                                                      {"omniscient", omniscient},
                                                                      {"two-point gradient flow", two_point},
                                                                      {"generalised cross-validation", gcv}};
  return kNames;
}

bool assumes_independent_rows(Estimator estimator) {
  return estimator != Estimator::leave_one_out && estimator != Estimator::sub_sampling;
}

Matrix<double> replicate_risk(const RiskSurface& surface, std::uint64_t seed, std::uint64_t replicate) {
  numerics::RandomStream stream(seed, "dynamics/replicate", replicate);
  std::int64_t last = 0;
  std::vector<std::vector<const HeldOutErrors*>> parts(surface.n_data.size());
  for (const auto& part : surface.held_out) {
    parts[part.n_index].push_back(&part);
    last = std::max(last, *std::max_element(part.sequences.begin(), part.sequences.end()));
  }
  // How often each sequence was drawn; the same for every n and t.
  std::vector<double> drawn(static_cast<std::size_t>(last + 1), 0);
  for (std::int64_t k = 0; k <= last; ++k) ++drawn[stream.below(drawn.size())];
  Matrix<double> risk = surface.risk;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    if (parts[k].empty()) continue;
    Vector<double> sum = Vector<double>::Zero(risk.cols());
    double weight = 0;
    for (std::size_t subset = 0; subset < parts[k].size(); ++subset) {
      const HeldOutErrors& part = *parts[k][stream.below(parts[k].size())];
      for (std::size_t a = 0; a < part.sequences.size(); ++a) {
        const double times = drawn[static_cast<std::size_t>(part.sequences[a])];
        sum += times * part.errors.col(static_cast<Index>(a));
        weight += times;
      }
    }
    // A draw without any sequence of a small subset gives no information on this n.
    if (weight > 0) risk.row(static_cast<Index>(k)) = (sum / weight).transpose();
  }
  return risk;
}

void add_intervals(RiskSurface& surface, double level, int resamples, std::uint64_t seed) {
  if (surface.held_out.empty()) return;
  std::vector<Matrix<double>> replicates;
  for (int b = 0; b < resamples; ++b)
    replicates.push_back(replicate_risk(surface, seed, static_cast<std::uint64_t>(b)));
  std::vector<double> values(replicates.size());
  for (Index i = 0; i < surface.risk.size(); ++i) {
    for (std::size_t b = 0; b < replicates.size(); ++b) values[b] = replicates[b].data()[i];
    std::sort(values.begin(), values.end());
    surface.lo.data()[i] = numerics::quantile_of_sorted(values, (1 - level) / 2);
    surface.hi.data()[i] = numerics::quantile_of_sorted(values, (1 + level) / 2);
  }
}

}  // namespace phaselaw::dynamics
