// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/laws/form.h"
#include "phaselaw/laws/law_fit.h"

namespace phaselaw::laws {

// The logarithms of the output, with no inputs: a bound law holds its columns. InputError naming the first bad row,
// counted from 1, of the output or of a column that the law needs.
[[nodiscard]] LogData checked_log_data(const Law& law, const Measurements& data);

}  // namespace phaselaw::laws
