// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <fmt/format.h>

#include "data/scratch.h"
#include "phaselaw/numerics/random.h"

// Logs as trainings write them, for the tests of watch.
namespace phaselaw::advice::testing {

// The loss of row i: a power law with 1 % of noise, and from row `bad` on a rise (of a divergence) if it is not 0.
inline double watched_loss(std::size_t i, std::size_t bad = 0) {
  numerics::RandomStream stream(5, "watched_loss", i);
  const double t = static_cast<double>(i);
  double loss = (2 + 6 / std::sqrt(1 + t / 40)) * std::exp(0.01 * stream.normal());
  if (bad > 0 && i > bad) loss *= 1 + 3 * (t - static_cast<double>(bad)) / static_cast<double>(bad);
  return loss;
}

// Rows from..to of one of the forms in which logs are written: "csv", "jsonl" (training and evaluation), "log".
inline std::string log_rows(const std::string& form, std::size_t from, std::size_t to, std::size_t bad = 0) {
  std::string text;
  for (std::size_t i = from; i <= to; ++i) {
    const double loss = watched_loss(i, bad);
    if (form == "csv") {
      if (i == 1) text += "step,loss,lr\n";
      text += fmt::format("{},{:.4f},0.001\n", 10 * i, loss);
    } else if (form == "jsonl") {
      text += fmt::format("{{\"step\": {}, \"loss\": {:.4f}, \"grad_norm\": 0.5}}\n", 10 * i, loss);
      if (i % 20 == 0) text += fmt::format("{{\"step\": {}, \"eval_loss\": {:.4f}}}\n", 10 * i, 1.1 * loss);
    } else {
      if (i == 1) text += "starting training on 8 devices\nseed 1234\n";
      text += fmt::format("[2026-01-01 12:00:00] INFO step {} | loss {:.4f} | lr 1.0e-3 | 1.25 s\n", 10 * i, loss);
      if (i % 50 == 0) text += "saving a checkpoint\n";
    }
  }
  return text;
}

inline void append_to(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::app) << text;
}

}  // namespace phaselaw::advice::testing
