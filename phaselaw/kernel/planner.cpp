// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/planner.h"

#include <algorithm>

#include "phaselaw/base/format.h"
#include "phaselaw/kernel/contraction.h"
#include "phaselaw/kernel/problem.h"
#include "phaselaw/kernel/recursion.h"
#include "phaselaw/kernel/sandwich.h"
#include "phaselaw/kernel/vjp_rows.h"

namespace phaselaw::kernel {

namespace {

// Fraction of the matrix-product peak that each algorithm reaches on its counted flop (benchmarks/kernel/dense.cpp,
// 8192 rows). Only ratios matter, and only near a tie.
double efficiency(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::sandwich:
      return 0.7;
    case Algorithm::jacobian:
      return 0.8;
    case Algorithm::token_dual:
      return 0.55;
    default:
      return 0.45;
  }
}

template <class T>
Cost cost_of(Algorithm algorithm, const KernelShape& s, Index rows, Index cols, const KernelOptions& wanted,
             Index threads) {
  const Detail detail = wanted.detail;
  Cost cost;
  cost.algorithm = algorithm;
  cost.possible = algorithm != Algorithm::recursion || detail == Detail::total;
  cost.result_bytes = static_cast<double>(rows * s.rows) * static_cast<double>((cols == 0 ? rows : cols) * s.rows) *
                      static_cast<double>(1 + part_names(s, detail).size()) * sizeof(T);
  switch (algorithm) {
    case Algorithm::sandwich:
      cost.flop = sandwich_flop<T>(s, rows, cols, detail);
      cost.scratch_bytes = sandwich_scratch<T>(s, rows, cols, detail, threads);
      break;
    case Algorithm::recursion:
      cost.flop = recursion_flop<T>(s, rows, cols);
      cost.scratch_bytes = recursion_scratch<T>(s, rows, cols, threads);
      break;
    case Algorithm::vjp:
      cost.flop = vjp_flop<T>(s, rows, cols, detail, vjp_slab_bytes(wanted, cost.result_bytes));
      cost.scratch_bytes = vjp_scratch<T>(s, rows, cols, detail, threads, vjp_slab_bytes(wanted, cost.result_bytes));
      break;
    default:
      cost.flop = contraction_flop<T>(s, rows, cols, detail, algorithm);
      cost.scratch_bytes = contraction_scratch<T>(s, rows, cols, detail, threads, algorithm);
  }
  cost.relative_time = cost.flop / efficiency(algorithm);
  return cost;
}

std::string explain(const Plan& plan, bool forced) {
  const Cost& chosen = plan.cost;
  std::string text =
      fmt::format("{}: {} GFLOP, {} GB of which {} GB are the result", base::enum_to_text(chosen.algorithm),
                  base::format_number(chosen.flop * 1e-9, 4), base::format_number(chosen.bytes() * 1e-9),
                  base::format_number(chosen.result_bytes * 1e-9));
  const Cost* other = nullptr;  // the best of the rest
  for (const Cost& cost : plan.considered)
    if (cost.possible && cost.algorithm != chosen.algorithm &&
        (other == nullptr || cost.relative_time < other->relative_time))
      other = &cost;
  if (other != nullptr)
    text += fmt::format("; {}, the {}, would need {} times as much FLOP", base::enum_to_text(other->algorithm),
                        forced ? "best other choice" : "runner-up", base::format_number(other->flop / chosen.flop));
  else
    text += "; the only algorithm for this block, which has no closed forms";
  return text + (forced ? " (forced)" : "");
}

}  // namespace

Plan plan_kernel(const model::ModelOptions& options, std::int64_t rows, std::int64_t cols, const KernelOptions& wanted,
                 std::size_t scalar_bytes) {
  base::check_fields(wanted);
  PHASELAW_CHECK(scalar_bytes == sizeof(float) || scalar_bytes == sizeof(double));
  const model::ParameterTable table(options);
  const KernelShape s(options, table, wanted.reduce);
  const Index threads = base::thread_count(wanted.threads);
  Plan plan;
  const bool forced = wanted.algorithm != Algorithm::automatic;
  if (forced && wanted.algorithm != Algorithm::vjp && !options.is_plain_block())
    throw base::InputError({"algorithm"}, fmt::format("{} has closed forms for {}; use auto or vjp for this model",
                                                      base::enum_to_text(wanted.algorithm), kPlainBlock));
  std::vector<Algorithm> algorithms = {Algorithm::sandwich, Algorithm::jacobian, Algorithm::token_dual,
                                       Algorithm::recursion};
  if (!options.is_plain_block()) algorithms.clear();
  if (algorithms.empty() || wanted.algorithm == Algorithm::vjp) algorithms.push_back(Algorithm::vjp);
  for (const Algorithm algorithm : algorithms)
    plan.considered.push_back(scalar_bytes == sizeof(float)
                                  ? cost_of<float>(algorithm, s, rows, cols, wanted, threads)
                                  : cost_of<double>(algorithm, s, rows, cols, wanted, threads));
  const Cost* chosen = nullptr;
  for (const Cost& cost : plan.considered) {
    if (forced ? cost.algorithm == wanted.algorithm
               : cost.possible && (chosen == nullptr || cost.relative_time < chosen->relative_time))
      chosen = &cost;
  }
  PHASELAW_CHECK(chosen != nullptr);
  if (!chosen->possible)
    throw base::InputError({"algorithm"},
                           "recursion gives only the sum over layers; use detail = \"total\", or sandwich");
  plan.cost = *chosen;
  plan.reason = explain(plan, forced);
  if (wanted.memory_limit > 0 && plan.cost.bytes() > static_cast<double>(wanted.memory_limit))
    throw base::InputError(
        {"memory_limit"},
        fmt::format(
            "the kernel needs {} GB ({} GB of them for the result), but the limit is {} GB; "
            "raise the limit, use float32, fewer sequences or a reduced kernel, or work matrix-free (--spectrum-only)",
            base::format_number(plan.cost.bytes() * 1e-9), base::format_number(plan.cost.result_bytes * 1e-9),
            base::format_number(static_cast<double>(wanted.memory_limit) * 1e-9)));
  return plan;
}

}  // namespace phaselaw::kernel
