// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/base/value.h"
#include "phaselaw/laws/compare.h"
#include "phaselaw/laws/fit.h"

// Fits as document trees with the field names that scripts rely on (design.md). Unknown numbers are null.
namespace phaselaw::laws {

[[nodiscard]] base::Value to_value(const Fit& fit);
[[nodiscard]] base::Value to_value(const Comparison& comparison);  // fits [..], ranking [..], early_form, notes [..]

}  // namespace phaselaw::laws
