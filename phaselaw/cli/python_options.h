// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace phaselaw::cli {

// Returns python/phaselaw/_options.py: the keyword arguments of the Python functions, from the same fields() as the
// flags.
[[nodiscard]] std::string python_options();

}  // namespace phaselaw::cli
