// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// The style sheet of the page and of its figures: one column, for light and dark screens, for phones and for print.
namespace phaselaw::report {

[[nodiscard]] std::string page_style();

}  // namespace phaselaw::report
