// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/log_interpolation.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"

namespace phaselaw::analysis {

std::vector<double> log_interpolated(const std::vector<double>& times, const std::vector<double>& values,
                                     const std::vector<double>& at) {
  constexpr double kSameTime = 1 - 1e-9;
  std::vector<double> read;
  for (const double t : at) {
    const auto j =
        static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), t * kSameTime) - times.begin());
    if (j < times.size() && times[j] > 0 && std::abs(times[j] / t - 1) <= 1 - kSameTime) {
      read.push_back(values[j]);
    } else if (j == 0 || j == times.size() || times[j - 1] <= 0) {
      read.push_back(base::kNaN);
    } else {
      const double share = std::log(t / times[j - 1]) / std::log(times[j] / times[j - 1]);
      read.push_back(std::exp((1 - share) * std::log(values[j - 1]) + share * std::log(values[j])));
    }
  }
  return read;
}

}  // namespace phaselaw::analysis
