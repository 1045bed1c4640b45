// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/theory/evaluate.h"

// The parts of evaluate() about one compute or one resource: the minimum of the bound, the split of a compute with the
// exponents that it implies, and the isolated laws. Both fill the report and take its numbers from there.
namespace phaselaw::theory {

// The minimum over n_data and the allocations for numbers.compute, under noise that does not grow with the data.
void evaluate_spending(const TheoryNumbers& numbers, TheoryReport& report);

// The table of numbers.law at the report's n_data, noise and rate. InputError if one of them is unknown.
void evaluate_isolated_law(const TheoryNumbers& numbers, TheoryReport& report);

}  // namespace phaselaw::theory
