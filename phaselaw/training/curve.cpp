// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/curve.h"

#include <cmath>

#include <fmt/format.h>

namespace phaselaw::training {

std::string curve_csv(std::span<const Measurement> curve) {
  const auto number = [](double x) { return std::isnan(x) ? std::string() : fmt::format("{}", x); };
  std::string text = "step,time,tokens,compute_flop,train_loss,test_loss,excess_risk\n";
  for (const auto& m : curve)
    text += fmt::format("{},{},{},{},{},{},{}\n", m.step, number(m.time), m.tokens, number(m.compute_flop),
                        number(m.train_loss), number(m.test_loss), number(m.excess_risk));
  return text;
}

}  // namespace phaselaw::training
