// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/theory/excess_risk.h"
#include "phaselaw/theory/noise.h"

// One isolated law over a range of its resource: value, local exponent, floor and saturation (docs/theory/excess-risk.md).
//
//   model size, T -> inf      c_M/M + floor                 floor = c_xi xi^2 d_eff/n     exponent 1     saturates at M*
//   training time             R0 exp(-alpha T) + floor      floor = estimation + c_M/M    exponential    saturates at T*
//   data size, T -> inf       c_xi xi(n)^2 d_eff/n + floor  floor = c_M/M                 exponent 1 - 2s         at n*
//
// The exponent belongs to the reducible part, excess risk - floor; the elasticity -d ln(Delta R)/d ln(resource) to the
// whole excess risk. At the saturation point both parts are equal. The number of parameters may be unlimited, where
// c_M/M = 0: then the data law has no floor and no saturation. xi(n) = xi_0 n^s.
//
// Units: risk in squared target units. Accuracy: 8 eps (1 + alpha T) relative. Cost: 100 ns per point.
// Errors: std::domain_error as excess_risk.h, unless the range is ascending and positive, and, for the time, unless
// rate > 0. Source: [names S, formulas R]; the saturation of the data law is algebra [T].
namespace phaselaw::theory {

enum class ResourceLaw { model_size, time, data };
[[nodiscard]] base::EnumNames<ResourceLaw> enum_names(ResourceLaw);  // "model-size", "time", "data"
[[nodiscard]] std::string_view resource_name(ResourceLaw law);       // "n_params", "time", "n_data"

struct ResourceLawNumbers {
  ExcessRiskNumbers at;           // `noise` is that of the schedule at n_data
  NoiseSchedule noise;            // used by the data law
  bool unlimited_params = false;  // M -> infinity: at.n_params is not used
};

struct ResourceLawPoint {
  double resource = 0, excess_risk = 0;
  double reducible = 0;   // excess_risk - floor, computed as its own term
  double elasticity = 0;  // -d ln(excess_risk)/d ln(resource)
};
[[nodiscard]] ResourceLawPoint resource_law_at(ResourceLaw law, const ResourceLawNumbers& numbers, double resource);

struct ResourceLawTable {
  ResourceLaw law = ResourceLaw::model_size;
  double floor = 0;
  double exponent = 0;    // of the reducible part: ~ resource^-exponent; infinity for the exponential of the time
  double saturation = 0;  // M*, T* or n*; infinity if the floor is 0 or more of the resource does not help
  std::vector<ResourceLawPoint> points;
};
// At `points` places, evenly spaced in the logarithm from `lo` to `hi`.
[[nodiscard]] ResourceLawTable resource_law_table(ResourceLaw law, const ResourceLawNumbers& numbers, double lo,
                                                  double hi, std::size_t points);

// A range that shows the law: three decades on both sides of the saturation for a power law, a thirtieth of T* to three
// times T* for the time; where the law does not saturate, three decades on both sides of the given resource (the
// time: of 1/alpha). Sequences begin at 1.
struct ResourceRange {
  double lo = 0, hi = 0;
};
[[nodiscard]] ResourceRange default_range(ResourceLaw law, const ResourceLawNumbers& numbers);

}  // namespace phaselaw::theory
