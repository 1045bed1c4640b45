// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// The style sheet of the page: one column, light and dark, wide tables that scroll by themselves, print.
namespace phaselaw::report {

[[nodiscard]] std::string_view page_style();

}  // namespace phaselaw::report
