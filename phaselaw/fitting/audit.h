// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "phaselaw/base/value.h"
#include "phaselaw/fitting/fit.h"

// Tests whether published parameters are an optimum of these data. A fit that never left its starting point fails this
// test, whatever its solver reported.
namespace phaselaw::fitting {

struct Audit {
  double objective = 0;      // at the published parameters; infinity if the law is not defined there
  double optimum = 0;        // objective of the certified fit
  double gradient_norm = 0;  // scaled (numerics/least_squares.h), at the published parameters
  bool is_optimum = false;   // objective <= optimum (1 + 1e-6)
  std::string verdict;       // "an optimum", "not an optimum: ..."
};
// `fit` is the fit of the law to these rows with these options. `published` must name every parameter that is not
// fixed; InputError otherwise.
[[nodiscard]] Audit audit(const Fit& fit, const tables::Measurements& data,
                          const std::map<std::string, double>& published, const FitOptions& options = {});

[[nodiscard]] base::Value to_value(const Audit& audit);

}  // namespace phaselaw::fitting
