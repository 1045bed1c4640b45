// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/quantities.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"

namespace phaselaw::advice {

namespace {

using base::kNaN;
constexpr double kStep = 1e-3;           // in ln of a resource
constexpr double kStepOfCompute = 0.02;  // in ln C along a searched optimum, which is known to 1e-9

struct Pair {
  double n_params = 0, tokens = 0;
};

Pair moved(Pair at, Resource resource, double factor) {
  (resource == Resource::n_params ? at.n_params : at.tokens) *= factor;
  return at;
}

}  // namespace

double size_at_edge(double value, int edge) { return edge > 0 ? base::kInfinity : edge < 0 ? 0 : value; }

double size_exponent(const Allocate& best, std::span<const double> parameters, double compute,
                     double Allocation::*size) {
  const Allocation below = best(parameters, compute * std::exp(-kStepOfCompute)),
                   above = best(parameters, compute * std::exp(kStepOfCompute));
  if (below.edge != 0 || above.edge != 0) return kNaN;
  return std::log(above.*size / below.*size) / (2 * kStepOfCompute);
}

double compute_elasticity(const Allocate& best, std::span<const double> parameters, double compute, double floor) {
  const double below = best(parameters, compute * std::exp(-kStepOfCompute)).loss,
               above = best(parameters, compute * std::exp(kStepOfCompute)).loss;
  return -std::log((above - floor) / (below - floor)) / (2 * kStepOfCompute);
}

double size_elasticity(const Allocator& allocator, std::span<const double> parameters, double n_params, double tokens,
                       Resource resource, double floor) {
  const Pair up = moved({n_params, tokens}, resource, std::exp(kStep)),
             down = moved({n_params, tokens}, resource, std::exp(-kStep));
  const double above = allocator.loss(parameters, up.n_params, up.tokens) - floor,
               below = allocator.loss(parameters, down.n_params, down.tokens) - floor;
  return -std::log(above / below) / (2 * kStep);
}

double gain_ratio(const Allocator& allocator, std::span<const double> parameters, double n_params, double tokens) {
  const auto gain = [&](Resource resource) {
    const Pair up = moved({n_params, tokens}, resource, std::exp(kStep)),
               down = moved({n_params, tokens}, resource, std::exp(-kStep));
    const double cost =
        std::log(allocator.compute(up.n_params, up.tokens) / allocator.compute(down.n_params, down.tokens)) /
        (2 * kStep);
    return size_elasticity(allocator, parameters, n_params, tokens, resource, 0) / cost;
  };
  // A resource that does not lower the loss gains nothing, however much it raises it.
  const double model = std::max(0.0, gain(Resource::n_params)), data = std::max(0.0, gain(Resource::tokens));
  return model == 0 && data == 0 ? kNaN : model / data;
}

}  // namespace phaselaw::advice
