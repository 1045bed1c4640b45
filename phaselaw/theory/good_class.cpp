// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/good_class.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

double log_branch_scale(const BranchScaleNumbers& numbers) {
  require_positive("branch scale", {{"n_layers", numbers.n_layers},
                                    {"seq_len", numbers.seq_len},
                                    {"d_model", numbers.d_model},
                                    {"data_bound", numbers.data_bound},
                                    {"c_omega", numbers.c_omega}});
  return std::log(numbers.c_omega) - std::log(numbers.n_layers) - 2 * std::log(numbers.seq_len) -
         2.5 * std::log(numbers.d_model) - 3 * std::log(numbers.data_bound);
}

double branch_scale(const BranchScaleNumbers& numbers) { return std::exp(log_branch_scale(numbers)); }

double log10_d_hidden_min(const WidthNumbers& numbers) {
  require_positive("width condition", {{"n_data", numbers.n_data},
                                       {"seq_len", numbers.seq_len},
                                       {"d_model", numbers.d_model},
                                       {"n_layers", numbers.n_layers},
                                       {"lambda_min", numbers.lambda_min},
                                       {"c_m", numbers.c_m},
                                       {"c_d", numbers.c_d}});
  require_probability("width condition", {"failure_prob", numbers.failure_prob});
  require_at_least("width condition", std::numeric_limits<double>::lowest(),
                   {{"log_branch_scale", numbers.log_branch_scale}});
  const double log_width = std::log(numbers.c_m) + 3 * std::log(numbers.n_data) + 5 * std::log(numbers.seq_len) +
                           numbers.c_d * numbers.d_model - 6 * numbers.log_branch_scale -
                           6 * std::log(numbers.lambda_min) - 3 * std::log(numbers.failure_prob) -
                           2 * std::log(numbers.n_layers);
  return log_width / std::numbers::ln10;
}

base::EnumNames<PositiveDefinite> enum_names(PositiveDefinite) {
  using enum PositiveDefinite;
  static constexpr std::pair<std::string_view, PositiveDefinite> kNames[] = {
      {"holds", holds}, {"fails", fails}, {"undecided", undecided}};
  return kNames;
}

LayerAssumption check_layer_kernels(std::span<const double> layer_lambda_mins, double branch_scale, double rounding) {
  require_positive("Assumption 5.1", {{"branch_scale", branch_scale}});
  require_non_negative("Assumption 5.1", {{"rounding", rounding}});
  if (layer_lambda_mins.empty()) throw std::domain_error("Assumption 5.1: expected at least one layer, found none");
  for (const double lambda : layer_lambda_mins)
    require_at_least("Assumption 5.1", std::numeric_limits<double>::lowest(), {{"lambda_min", lambda}});
  const auto weakest = std::min_element(layer_lambda_mins.begin(), layer_lambda_mins.end());
  LayerAssumption result;
  result.weakest_layer = static_cast<std::size_t>(weakest - layer_lambda_mins.begin());
  result.lambda_min = *weakest / branch_scale / branch_scale;
  if (*weakest > rounding)
    result.verdict = PositiveDefinite::holds;
  else if (*weakest < -rounding || rounding == 0)
    result.verdict = PositiveDefinite::fails;
  return result;
}

}  // namespace phaselaw::theory
