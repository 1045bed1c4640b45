// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "phaselaw/laws/law_fit.h"

// Is a published parameter set an optimum of these data? A fit that never left its start cannot pass, whatever its
// author's solver reported.
namespace phaselaw::laws {

struct Audit {
  double objective = 0;      // at the published parameters; infinity where the law is not defined there
  double optimum = 0;        // of the certified fit
  double gradient_norm = 0;  // scaled (numerics/least_squares.h), at the published parameters
  bool is_optimum = false;   // objective <= optimum (1 + 1e-6)
  std::string verdict;       // "an optimum", "not an optimum: ..."
};
// `published` names every parameter. InputError otherwise, and as fit_law.
[[nodiscard]] Audit audit(const Law& law, const Measurements& data, const std::map<std::string, double>& published,
                          const LawOptions& options = {});

}  // namespace phaselaw::laws
