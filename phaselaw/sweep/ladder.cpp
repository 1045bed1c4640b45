// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/ladder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "phaselaw/base/format.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/training/options.h"

namespace phaselaw::sweep {

base::EnumNames<LadderVary> enum_names(LadderVary) {
  static constexpr std::array<std::pair<std::string_view, LadderVary>, 3> names{
      {{"auto", LadderVary::automatic}, {"shape", LadderVary::shape}, {"d_hidden", LadderVary::d_hidden}}};
  return names;
}

std::int64_t trainable_params(const model::ModelOptions& model) { return model::ParameterTable(model).n_trainable(); }

namespace {

constexpr double kLargestStretch = 4;  // range of d_hidden / (mlp_ratio d_model)
constexpr std::int64_t kMostLayers = 1024;

// Trainable parameters as a function of depth and hidden width, the rest (also the depth of an encoder) fixed:
// outside + m outside_unit + n_layers (a_layer + m a_unit).
struct Size {
  double outside = 0, outside_unit = 0, a_layer = 0, a_unit = 0;

  explicit Size(model::ModelOptions model) {
    const auto at = [&](std::int64_t n_layers, std::int64_t d_hidden) {
      model.n_layers = n_layers;
      model.d_hidden = d_hidden;
      return static_cast<double>(trainable_params(model));
    };
    const double one = at(1, 1), unit = at(1, 2) - one, layer = at(2, 1) - one;
    a_unit = at(2, 2) - at(2, 1) - unit;
    outside_unit = unit - a_unit;
    a_layer = layer - a_unit;
    outside = one - layer - outside_unit;
  }
  [[nodiscard]] double of(double n_layers, double d_hidden) const {
    return outside + d_hidden * outside_unit + n_layers * (a_layer + d_hidden * a_unit);
  }
};

struct Choice {
  model::ModelOptions model;
  double size = 0, score = std::numeric_limits<double>::infinity();
};

// The d_hidden within [least, most] with the size nearest to n_params.
double nearest_hidden(const Size& size, double n_layers, double n_params, double least, double most) {
  const double unit = size.outside_unit + n_layers * size.a_unit;
  if (unit == 0) return std::round(std::sqrt(least * most));  // a frozen MLP adds no trainable parameters
  return std::clamp(std::round((n_params - size.outside - n_layers * size.a_layer) / unit), least, most);
}

}  // namespace

model::ModelOptions solve_shape(const model::ModelOptions& model, const LadderOptions& ladder, double n_params,
                                const base::Location& where) {
  PHASELAW_CHECK(ladder.vary != LadderVary::automatic);
  Choice best, nearest;
  const auto off = [&](double size) { return std::abs(size / n_params - 1); };
  const auto consider = [&](const model::ModelOptions& shape, double size, double score) {
    if (!(off(size) >= off(nearest.size))) nearest = {shape, size, score};
    if (off(size) <= ladder.tolerance && score < best.score) best = {shape, size, score};
  };
  model::ModelOptions shape = model;
  if (ladder.vary == LadderVary::d_hidden) {
    const Size size(shape);
    const auto n = static_cast<double>(shape.n_layers);
    constexpr double kMostHidden = 1e9;
    const double hidden = nearest_hidden(size, n, n_params, 1, kMostHidden);
    shape.d_hidden = static_cast<std::int64_t>(hidden);
    consider(shape, size.of(n, hidden), 0);
  } else {
    for (shape.n_heads = 1; static_cast<double>(shape.n_heads) <= model::kMostHeads; ++shape.n_heads) {
      if (shape.n_heads % shape.kv_heads() != 0)
        continue;  // this number of heads cannot be divided by the number of key and value heads
      shape.d_model = shape.n_heads * shape.d_head;
      const auto d = static_cast<double>(shape.d_model);
      const Size size(shape);
      const double wanted = ladder.mlp_ratio * d;
      const double least = std::max(1.0, std::ceil(wanted / kLargestStretch));
      const double most = std::max(1.0, std::floor(wanted * kLargestStretch));
      // If a shape exceeds the requested size by this much, no wider or deeper shape can come closer.
      const auto too_large = [&](double n) { return size.of(n, least) > n_params * (1 + ladder.tolerance); };
      for (shape.n_layers = 1; shape.n_layers <= kMostLayers; ++shape.n_layers) {
        const auto n = static_cast<double>(shape.n_layers);
        const double hidden = nearest_hidden(size, n, n_params, least, most);
        shape.d_hidden = static_cast<std::int64_t>(hidden);
        consider(shape, size.of(n, hidden),
                 std::abs(std::log(d / n / ladder.aspect)) + std::abs(std::log(hidden / wanted)));
        if (too_large(n)) break;
      }
      if (too_large(1)) break;
      // If nothing that grows with the width is trained, no width reaches the size.
      if (size.of(kMostLayers, most) < n_params && size.a_layer + size.a_unit == 0) break;
    }
  }
  if (!std::isfinite(best.score))
    throw base::InputError(
        where,
        fmt::format("no shape has n_params within {} of {}; the nearest has {} (n_layers {}, d_model {}, d_hidden {}); "
                    "use that size, or change ladder.tolerance, model.d_head or model.vocab",
                    base::format_percent(ladder.tolerance, 3), base::format_count(n_params),
                    base::format_count(nearest.size), nearest.model.n_layers, nearest.model.d_model,
                    nearest.model.d_hidden));
  return best.model;
}

std::int64_t ladder_steps(const LadderOptions& ladder, std::int64_t n_params, std::int64_t batch, std::int64_t seq_len,
                          const base::Location& where) {
  const double tokens = ladder.tokens_per_param * static_cast<double>(n_params);
  const double steps = tokens / (static_cast<double>(batch) * static_cast<double>(seq_len));
  if (!(steps <= training::kMostSteps))
    throw base::InputError(
        where, fmt::format("tokens_per_param = {} and n_params = {} give {} steps of {} tokens; the limit is {} steps; "
                           "reduce tokens_per_param",
                           base::format_number(ladder.tokens_per_param), base::format_count(n_params),
                           base::format_number(steps), base::format_count(batch * seq_len),
                           base::format_number(training::kMostSteps)));
  return std::max<std::int64_t>(1, std::llround(steps));
}

}  // namespace phaselaw::sweep
