// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/isoflop.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/advice/isoflop/conventions.h"
#include "phaselaw/advice/isoflop/methods.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::advice {

namespace {

// Adds method 3, the optimum of the certified law, and the bias of the two methods before it, which follows from it.
void add_parametric(const Sizes& sizes, const IsoflopOptions& options, const fitting::Uncertainty& uncertainty,
                    IsoflopResult& result) {
  IsoflopMethod &parabola = result.methods[result.methods.size() - 2], &spline = result.methods.back();
  const laws::Law& law = result.fit.fit.law;
  const std::vector<double>& parameters = result.fit.fit.value;
  Situation situation;
  situation.cost.convention = FlopConvention::exact;
  situation.cost.family.flop_per_param = result.flop.per_param;
  const Allocator allocator(law, situation);
  if (!allocator.has_sizes()) {
    result.notes.push_back(
        fmt::format("method 3 is not used, because {} does not depend on n_params and tokens", law.name));
    return;
  }
  IsoflopMethod parametric = parametric_method(uncertainty, parameters, allocator, result.budgets);
  Sizes exact = sizes;
  exact.loss = evaluate(law, result.data.columns, parameters);
  add_bias(parabola, BowlShape::parabola, exact, result.budgets, parametric, options.window);
  add_bias(spline, BowlShape::akima, exact, result.budgets, parametric, options.window);
  const auto unknown = std::count_if(spline.vertices.begin(), spline.vertices.end(),
                                     [](const Vertex& v) { return v.inside && !v.bias; });
  if (unknown > 0)
    result.notes.push_back(
        fmt::format("at {} budgets the measured minimum lies inside the grid and that of the fitted law outside: "
                    "the law does not follow these bowls, so their bias is unknown; "
                    "use another --law, or remove sizes far from the minimum",
                    unknown));
  result.methods.push_back(std::move(parametric));
}

void use_optima(const Sizes& sizes, const IsoflopOptions& options, IsoflopResult& result) {
  result.methods.push_back(optima_method(sizes, options.fit.level));
  for (std::size_t i = 0; i < sizes.compute.size(); ++i) result.budgets.push_back({sizes.compute[i], {i}});
  std::sort(result.budgets.begin(), result.budgets.end(),
            [](const IsoflopBudget& a, const IsoflopBudget& b) { return a.compute < b.compute; });
}

}  // namespace

void IsoflopOptions::validate() const {
  base::check_fields(*this);
  fit.validate();
  if (optima && (window != IsoflopOptions{}.window || tolerance != IsoflopOptions{}.tolerance))
    throw base::InputError(
        {"--optima"},
        "with --optima each row is the optimum of its compute, so nothing is fitted to the sizes of a "
        "budget; remove --window and --tolerance");
  if (optima && (vocab || seq_len || aspect_ratio))
    throw base::InputError({"--optima"},
                           "with --optima no losses are compared, so compute cannot be counted in another way; remove "
                           "--vocab, --seq-len and --aspect-ratio");
}

const IsoflopMethod* IsoflopResult::method(std::string_view name) const {
  for (const IsoflopMethod& one : methods)
    if (one.name == name) return &one;
  return nullptr;
}

const IsoflopMethod* IsoflopResult::leading() const {
  for (const char* name : {"parabola", "parametric", "akima", "envelope", "optima"})
    if (const IsoflopMethod* one = method(name); one != nullptr && one->power) return one;
  return nullptr;
}

IsoflopResult isoflop(const tables::Measurements& data, const std::vector<std::string>& run,
                      const IsoflopOptions& options) {
  options.validate();
  IsoflopResult result;
  result.data = with_tokens(data, result.notes);
  result.window = options.window;
  const laws::Law law = laws::law_from(options.law, result.data.columns.names);
  const Sizes sizes = sizes_of(result.data);
  result.flop = flop_count_of(sizes, result.notes);
  if (options.optima) {
    use_optima(sizes, options, result);
    return result;
  }
  result.budgets = usable_budgets(sizes, options.tolerance, result.notes);
  result.fit.data = result.data;
  result.fit.options = options.fit;
  result.fit.fit = fitting::fit_law(law, result.data, result.fit.options);
  if (auto envelope = envelope_method(sizes, run, options)) result.methods.push_back(std::move(*envelope));
  const BowlNoise noise = noise_of(sizes, result.budgets, options.window);
  result.noise = noise.scale;
  result.noise_dof = noise.dof;
  for (const BowlShape shape : {BowlShape::parabola, BowlShape::akima})
    result.methods.push_back(bowl_method(shape, sizes, result.budgets, noise, options));
  if (result.fit.fit.value.empty() || !result.fit.fit.convergence.certified) {
    result.notes.push_back(fmt::format("method 3 is not used, because the fit of {} is not certified ({})", law.name,
                                       result.fit.fit.convergence.status));
    return result;
  }
  const fitting::Uncertainty uncertainty(result.fit);
  add_parametric(sizes, options, uncertainty, result);
  result.conventions = convention_rows(result, sizes, noise, uncertainty, options);
  return result;
}

}  // namespace phaselaw::advice
