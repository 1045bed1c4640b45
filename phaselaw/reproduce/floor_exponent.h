// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/fitting/floor_range.h"
#include "phaselaw/report/claim.h"
#include "phaselaw/report/page.h"

// An exponent of a loss with an unknown floor, for readers: the figure of exponent against floor, and the sentences and
// claims about a stated exponent (fitting/floor_range.h has the numbers).
//
// A stated exponent is judged on the union of the intervals over all plausible floors, so it holds only if it holds
// whatever the floor is. If the data do not bound the floor, the verdict can be "not supported", because no floor gives
// the stated exponent, or "inconclusive", and then a sentence says for which floors it would hold.
namespace phaselaw::reproduce {

struct FloorMeasurement {
  std::string source;  // "text", "run 124M"
  std::string axis;    // of which the exponent is: "compute", "steps"
  std::string unit;    // of the loss and its floor: "nats per token"
  fitting::FloorRange range;
};

// "The plausible floors are 0 to 1.93, without a lower end: ..." and for which floors `exponent` would hold.
[[nodiscard]] std::string floor_sentence(const FloorMeasurement& measured, double exponent, const std::string& name);

// The claim that the reducible loss falls with this exponent; `name` is how it is printed: "1/6".
[[nodiscard]] report::Claim exponent_claim(const FloorMeasurement& measured, double exponent, const std::string& name);

// Exponent against floor with its 95 % band, for one or several measurements; marks at 1/6 and 1/7, the plausible
// floors shaded if there is one measurement, and `known`, a known floor, if it is finite.
[[nodiscard]] report::Figure floor_figure(const std::string& title, const std::vector<FloorMeasurement>& measured,
                                          double known);

// One row per measurement: plausible floors, exponent there, floors that give 1/6 and 1/7.
[[nodiscard]] report::Table floor_table(const std::vector<FloorMeasurement>& measured);

}  // namespace phaselaw::reproduce
