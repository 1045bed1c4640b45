// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "phaselaw/advice/plan/allocation.h"

// What a plan says about one compute, as functions of the parameters of the law. The interval of each follows from the
// uncertainty of the parameters, which calls these functions often, so that each costs a few allocations at most.
//
// They take an Allocate, so that they hold for one law and for the average of several. Derivatives are central
// differences in ln of the resource: exact to the square of the step, 1e-6 for elasticities.
namespace phaselaw::advice {

// The optimum at the end of the range of sizes lies at infinity or at zero.
[[nodiscard]] double size_at_edge(double value, int edge);

// d ln size/d ln C along the best allocation, for Allocation::n_params or tokens; NaN at an edge. beta/(alpha + beta)
// and alpha/(alpha + beta) for chinchilla.
[[nodiscard]] double size_exponent(const Allocate& best, std::span<const double> parameters, double compute,
                                   double Allocation::*size);

// -d ln(L - floor)/d ln C along the best allocation.
[[nodiscard]] double compute_elasticity(const Allocate& best, std::span<const double> parameters, double compute,
                                        double floor);

// -d ln(L - floor)/d ln n_params at fixed tokens, or the other way round.
enum class Resource { n_params, tokens };
[[nodiscard]] double size_elasticity(const Allocator& allocator, std::span<const double> parameters, double n_params,
                                     double tokens, Resource resource, double floor);

// What one per cent of compute lowers the loss by if it buys parameters, over the same for tokens. Above 1 the model is
// the bottleneck, below 1 the data; 1 at the best sizes.
[[nodiscard]] double gain_ratio(const Allocator& allocator, std::span<const double> parameters, double n_params,
                                double tokens);

}  // namespace phaselaw::advice
