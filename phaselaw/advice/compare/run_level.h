// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/tables/runs.h"

// Where one loss curve is: its smoothed loss at a place, and the place at which it reaches a loss.
//
//   blocks   block means evenly spaced in ln x, with the noise of a row and its autocorrelation time (diagnose/loss_curve.h)
//   level    the straight line of ln loss in ln x, weighted by the blocks' variances, over the blocks within a factor
//            kLevelFactor of the place, or the nearest kLevelBlocks if these are more
//   reach    the last place at which the decreasing regression of the blocks (pool adjacent violators) crosses the loss,
//            moved to the crossing of the line there
// Standard errors are the larger of those by the noise of the rows and by the scatter about the line. They contain the
// noise within this run, and not that between seeds. Rows that are not positive and finite are left out.
// Cost: O(n log n) once, O(blocks) for each place. Source: [R]; pool adjacent violators [T: Barlow et al. 1972].
namespace phaselaw::advice {

inline constexpr double kLevelFactor = 1.3;
inline constexpr std::size_t kLevelBlocks = 6;
inline constexpr double kLateFall = 1.5;

struct LevelAt {
  double value = base::kNaN;  // ln loss, or ln x
  double error = base::kNaN;
  double slope = base::kNaN;  // d ln loss/d ln x there
  double slope_error = base::kNaN;
};

class RunLevel {
 public:
  // `axis`: step, tokens or compute; `x` and `loss` as recorded.
  RunLevel(std::string name, const std::vector<double>& x, const std::vector<double>& loss);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool usable() const { return x_.size() >= kLevelBlocks; }
  [[nodiscard]] double first() const { return first_; }
  [[nodiscard]] double last() const { return last_; }
  [[nodiscard]] double lowest() const { return fall_.back(); }  // of the decreasing regression, as loss
  [[nodiscard]] double highest() const { return fall_.front(); }
  [[nodiscard]] LevelAt level(double x) const;       // ln loss; NaN outside the run
  [[nodiscard]] LevelAt reaches(double loss) const;  // ln x; NaN if it does not, or too flat to say where

  // d ln loss/d ln x before the end: the flatter one of those at 0.35 and 0.6 of the run. NaN if it does not fall there.
  [[nodiscard]] double slope_before() const;
  // Whether the run falls at least kLateFall times as steeply at its end as before, by three standard errors, as it does
  // where a learning rate decays.
  [[nodiscard]] bool falls_late() const;

  // Of the blocks.
  [[nodiscard]] const std::vector<double>& x() const { return x_; }
  [[nodiscard]] const std::vector<double>& loss() const { return loss_; }

 private:
  [[nodiscard]] LevelAt line_at(double log_x) const;
  std::string name_;
  std::vector<double> x_, loss_, log_x_, log_loss_, weight_, fall_;
  double first_ = base::kNaN, last_ = base::kNaN;
  bool known_noise_ = false;
};

}  // namespace phaselaw::advice
