// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/curve.h"

#include "phaselaw/base/csv.h"

namespace phaselaw::training {

std::string curve_csv(std::span<const Measurement> curve) {
  using base::csv_number;
  std::string text = "step,time,tokens,compute_flop,train_loss,test_loss,excess_risk\n";
  for (const auto& m : curve)
    text += fmt::format("{},{},{},{},{},{},{}\n", m.step, csv_number(m.time), m.tokens, csv_number(m.compute_flop),
                        csv_number(m.train_loss), csv_number(m.test_loss), csv_number(m.excess_risk));
  return text;
}

}  // namespace phaselaw::training
