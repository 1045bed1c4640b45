// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/curve.h"

#include "phaselaw/base/csv.h"

namespace phaselaw::training {

std::string curve_csv(std::span<const Measurement> curve) {
  std::string text = fmt::format("{}\n", fmt::join(base::field_names<Measurement>(), ","));
  for (const auto& m : curve) {
    std::vector<std::string> numbers;
    Measurement::fields(m, [&](auto, const auto& x, auto&&...) { numbers.push_back(base::csv_number(x)); });
    text += fmt::format("{}\n", fmt::join(numbers, ","));
  }
  return text;
}

}  // namespace phaselaw::training
