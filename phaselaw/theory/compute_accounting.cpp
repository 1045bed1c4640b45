// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/compute_accounting.h"

#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

std::vector<ComputeAccounting> accountings(const std::string& edition) {
  if (edition == "v1") return {{3, 1, 2}};
  if (edition == "v3") return {{4, 1, 2}, {3, 1, 3}};
  return {};
}

LogAllocation optimal_allocation(const Edition& edition, const ComputeAccounting& accounting, double compute,
                                 double noise) {
  require_positive("allocation", {{"p_model", accounting.p_model}, {"p_time", accounting.p_time}});
  if (accounting.p_data != 1 || std::abs(accounting.p() - edition.p) > 1e-12 * edition.p)
    throw std::domain_error(
        fmt::format("allocation: expected p_data 1 and exponents that add up to p = {}, found {} and {}", edition.p,
                    accounting.p_data, accounting.p()));
  LogAllocation log;
  log.n_data = std::log(n_data_optimal(edition, compute, noise));
  log.n_params = accounting.p_model * log.n_data;
  log.n_steps = std::log(compute) - log.n_params - log.n_data;
  return log;
}

}  // namespace phaselaw::theory
