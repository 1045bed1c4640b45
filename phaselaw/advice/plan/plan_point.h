// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "phaselaw/advice/plan/plan.h"

// The numbers of one point of a plan, with their intervals.
namespace phaselaw::advice {

class Planner {
 public:
  // Keeps a reference to the fit. InputError as Allocator and Uncertainty.
  Planner(const fitting::SavedFit& saved, const PlanOptions& options);

  [[nodiscard]] PlanPoint for_compute(double compute) const;
  // InputError for a loss that no compute reaches under the fit, with the floor and its interval.
  [[nodiscard]] PlanPoint for_loss(double loss) const;

  [[nodiscard]] const Allocator& allocator() const { return allocator_; }
  [[nodiscard]] const fitting::Uncertainty& uncertainty() const { return uncertainty_; }

 private:
  using Parameters = std::span<const double>;
  // The compute of a set of parameters: a given one, or that of a given loss (infinity if none reaches it).
  using ComputeOf = std::function<double(Parameters)>;

  [[nodiscard]] fitting::Estimate floor() const;
  // A quantity of the best allocation at that compute; NaN where there is none.
  [[nodiscard]] fitting::Estimate at_best(const char* name, const ComputeOf& compute,
                                          const std::function<double(const Allocation&)>& quantity) const;
  [[nodiscard]] PlanPoint numbers(double compute, const ComputeOf& compute_of, bool fixed) const;
  void add_sizes(PlanPoint& point, const ComputeOf& compute_of, bool fixed) const;
  void add_exponents(PlanPoint& point) const;
  void add_loss(PlanPoint& point) const;
  void add_elasticities(PlanPoint& point) const;
  void add_bottleneck(PlanPoint& point) const;
  void add_isoflop(PlanPoint& point) const;
  void add_stage(PlanPoint& point) const;

  const fitting::SavedFit& saved_;
  PlanOptions options_;
  Allocator allocator_;
  fitting::Uncertainty uncertainty_;
};

}  // namespace phaselaw::advice
