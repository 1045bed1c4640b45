// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/conventions.h"

#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

// The flag, or else the column of the table if it has one value > 0 for all rows.
std::optional<double> given(const std::optional<double>& flag, const tables::Columns& columns, const char* name) {
  if (flag || !columns.has(name)) return flag;
  const std::vector<double> values = columns.get(name);
  for (const double value : values)
    if (value != values.front()) return std::nullopt;
  return !values.empty() && values.front() > 0 ? std::optional(values.front()) : std::nullopt;
}

// The shapes of the table's models: the flags, and what its columns give.
ShapeFamily family_of(const tables::Columns& columns, const IsoflopOptions& options) {
  ShapeFamily family;
  family.vocab = given(options.vocab, columns, "vocab");
  family.seq_len = given(options.seq_len, columns, "seq_len");
  if (options.aspect_ratio) {
    family.aspect_ratio = *options.aspect_ratio;
  } else if (columns.has("n_layers") && columns.has("d_model")) {
    std::vector<double> ratio;
    const std::vector<double> layers = columns.get("n_layers"), width = columns.get("d_model");
    for (std::size_t i = 0; i < layers.size(); ++i)
      if (layers[i] > 0 && width[i] > 0) ratio.push_back(width[i] / layers[i]);
    if (!ratio.empty()) family.aspect_ratio = numerics::median(ratio);
  }
  return family;
}

// The rows with their compute in another convention, and losses moved to equal compute within each budget.
struct Recounted {
  Sizes sizes;
  std::vector<IsoflopBudget> budgets;
};
Recounted recount(const IsoflopResult& result, const Sizes& sizes, const FlopCost& cost) {
  Recounted out{sizes, result.budgets};
  const laws::Law& law = result.fit.fit.law;
  const std::vector<double>& parameters = result.fit.fit.value;
  for (IsoflopBudget& budget : out.budgets) {
    double log_compute = 0;
    for (const std::size_t i : budget.rows)
      log_compute += std::log(cost.per_token(sizes.n_params[i]) * sizes.tokens[i]);
    budget.compute = std::exp(log_compute / static_cast<double>(budget.rows.size()));
    for (const std::size_t i : budget.rows) {
      out.sizes.compute[i] = budget.compute;
      out.sizes.tokens[i] = budget.compute / cost.per_token(sizes.n_params[i]);
    }
  }
  Situation situation;
  situation.cost = cost;
  const Allocator allocator(law, situation);
  const std::vector<double> before = allocator.losses(parameters, sizes.n_params, sizes.tokens),
                            after = allocator.losses(parameters, sizes.n_params, out.sizes.tokens);
  for (const IsoflopBudget& budget : out.budgets)
    for (const std::size_t i : budget.rows) out.sizes.loss[i] *= after[i] / before[i];
  return out;
}

class Conventions {
 public:
  Conventions(const IsoflopResult& result, const Sizes& sizes, const BowlNoise& noise,
              const fitting::Uncertainty& uncertainty, const IsoflopOptions& options)
      : result_(result), sizes_(sizes), noise_(noise), uncertainty_(uncertainty), options_(options) {}

  [[nodiscard]] ConventionRow as_counted() const {
    ConventionRow row;
    row.convention = "exact";
    if (const IsoflopMethod* parabola = result_.method("parabola")) row.parabola = parabola->power;
    if (const IsoflopMethod* law = result_.method("parametric")) row.parametric = law->power;
    return row;
  }

  // `inner`: of the size without embeddings.
  [[nodiscard]] ConventionRow of(FlopConvention convention, const ShapeFamily& family, bool inner = false) const {
    ConventionRow row;
    row.convention = base::enum_name(convention);
    if (inner) row.convention += ", of n_params - vocab d_model";
    try {
      const FlopCost cost{convention, family};
      Recounted rows = recount(result_, sizes_, cost);
      const SizeMeasure measure = [&](double n) { return n - family.vocab.value_or(0) * shape_of(family, n).d_model; };
      if (inner)
        for (double& n : rows.sizes.n_params) n = measure(n);
      row.parabola = bowl_method(BowlShape::parabola, rows.sizes, rows.budgets, noise_, options_).power;
      Situation situation;
      situation.cost = cost;
      const Allocator allocator(result_.fit.fit.law, situation);
      const auto [low, high] = compute_range(rows.budgets);
      row.parametric =
          parametric_power(uncertainty_, result_.fit.fit.value, allocator, low, high, inner ? measure : SizeMeasure{});
    } catch (const base::InputError& error) {
      row.missing = error.what();
    }
    return row;
  }

 private:
  const IsoflopResult& result_;
  const Sizes& sizes_;
  const BowlNoise& noise_;
  const fitting::Uncertainty& uncertainty_;
  const IsoflopOptions& options_;
};

}  // namespace

std::vector<ConventionRow> convention_rows(const IsoflopResult& result, const Sizes& sizes, const BowlNoise& noise,
                                           const fitting::Uncertainty& uncertainty, const IsoflopOptions& options) {
  const Conventions conventions(result, sizes, noise, uncertainty, options);
  const ShapeFamily family = family_of(result.data.columns, options);
  std::vector<ConventionRow> rows = {conventions.as_counted()};
  if (result.method("parametric") == nullptr) return rows;
  const bool is_6nd = result.flop.spread < 1e-6 && std::abs(result.flop.per_param / 6 - 1) < 1e-6;
  rows.push_back(is_6nd ? rows.front() : conventions.of(FlopConvention::six_nd, family));
  rows.back().convention = "6nd";
  if (family.vocab) {
    rows.push_back(conventions.of(FlopConvention::without_embeddings, family));
    rows.push_back(conventions.of(FlopConvention::without_embeddings, family, true));
  } else {
    rows.push_back({"without-embeddings", {}, {}, "needs --vocab or a column vocab"});
  }
  if (family.seq_len)
    rows.push_back(conventions.of(FlopConvention::with_attention, family));
  else
    rows.push_back({"with-attention", {}, {}, "needs --seq-len or a column seq_len"});
  return rows;
}

}  // namespace phaselaw::advice
