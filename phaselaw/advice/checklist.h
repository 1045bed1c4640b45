// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "phaselaw/laws/measured_table.h"
#include "phaselaw/laws/selection.h"

// What a reader needs to repeat a scaling-law fit, filled in from the fit itself, as plain text: one line an item.
// Whatever the table cannot know says "not stated", and what to write there.
namespace phaselaw::advice {

[[nodiscard]] std::string fitting_checklist(const laws::MeasuredTable& table, const laws::LawFit& fit,
                                            const laws::LawOptions& options,
                                            const std::optional<laws::Holdout>& held_out);

}  // namespace phaselaw::advice
