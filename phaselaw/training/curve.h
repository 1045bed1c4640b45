// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "phaselaw/training/trainer.h"

namespace phaselaw::training {

// curve.csv: a header with the names of a measurement's fields (store/measurement.h) and one line per measurement.
// Numbers are in the shortest form that reads back to the same bits; NaN is empty.
[[nodiscard]] std::string curve_csv(std::span<const Measurement> curve);

}  // namespace phaselaw::training
