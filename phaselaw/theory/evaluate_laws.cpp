// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/evaluate_laws.h"

#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/theory/bound_minimum.h"

namespace phaselaw::theory {

namespace {

constexpr std::size_t kPointsOfALaw = 7;

AllocationReport allocation_report(const TheoryNumbers& numbers, const Edition& edition,
                                   const ComputeAccounting& accounting) {
  const LogAllocation log = optimal_allocation(edition, accounting, *numbers.compute, numbers.noise);
  AllocationReport report;
  report.accounting = accounting;
  report.n_data = of_log(log.n_data);
  report.n_steps = of_log(log.n_steps);
  report.source = numbers.p_model ? "given" : edition.name == "v1" ? "reconstructed" : "guessed";
  if (accounting.p_model > 0) report.n_params = of_log(log.n_params);
  const double r = edition.risk_exponent;
  report.exponents = implied_by_growth({r, accounting.p_model, accounting.p_time},
                                       {.n_params = 1, .n_data = accounting.p_data, .n_steps = 1});
  const auto with = [&](double p_data) -> std::optional<double> {
    const ComputeAccounting fixed{0, p_data, accounting.p_time};
    if (fixed.p() > 0) return implied_exponent(r, fixed);
    return std::nullopt;
  };
  report.fixed_model = with(accounting.p_data);
  report.fixed_model_and_batch = with(0);
  return report;
}

// The flags that would make an unknown quantity known.
[[noreturn]] void unknown(std::string_view law, std::string_view what, std::string_view flags) {
  throw base::InputError({"--law"}, fmt::format("{} needs {}; add {}", law, what, flags));
}

ResourceLawNumbers law_numbers(const TheoryNumbers& numbers, const TheoryReport& report) {
  const std::string_view law = base::enum_name(*numbers.law);
  if (!report.n_data || !report.n_data->value || !report.noise)
    unknown(law, "a number of sequences n, and none is the best for this compute and noise", "--n-data");
  ResourceLawNumbers of;
  of.noise = {numbers.noise, numbers.noise_exponent};
  of.unlimited_params = !numbers.n_params;
  of.at = {.initial_risk = numbers.initial_risk,
           .n_params = numbers.n_params.value_or(1),
           .n_data = *report.n_data->value,
           .noise = *report.noise,
           .c_model = numbers.c_model,
           .c_xi = numbers.c_xi,
           .d_eff = numbers.d_eff};
  if (*numbers.law != ResourceLaw::time) return of;
  if (!report.rate || !report.rate->value)
    unknown(law, "the convergence rate alpha", "--rate, or --n-layers, --seq-len and --d-model for that of Lemma 5.3");
  of.at.rate = *report.rate->value;
  return of;
}

}  // namespace

void evaluate_spending(const TheoryNumbers& numbers, TheoryReport& report) {
  const Edition& edition = report.edition;
  const double compute = *numbers.compute;
  // R0 exp(-x) + K (xi^2/n)^r = K (R0/K exp(-x) + (xi^2/n)^r), K = c_xi d_eff.
  const double log_k = std::log(numbers.c_xi) + std::log(numbers.d_eff);
  const double scaled_r0 = std::exp(std::log(numbers.initial_risk) - log_k);
  if (edition.log_and_noise && edition.risk_exponent < edition.p && std::isnormal(scaled_r0))
    if (const auto minimum = minimise_over_data(edition, compute, numbers.noise, scaled_r0))
      report.bound_minimum = {.n_data = of_log(minimum->log_n_data),
                              .excess_risk = of_log(minimum->log_excess_risk + log_k),
                              .slope = minimum->slope,
                              .balanced_n_data = of_log(std::log(n_data_optimal(edition, compute, numbers.noise))),
                              .balanced_excess_risk = of_log(log_excess_risk(edition, compute, numbers.noise) + log_k),
                              .balanced_slope = slope(edition, compute, numbers.noise)};
  for (const ComputeAccounting& accounting : accountings_of(numbers))
    report.allocations.push_back(allocation_report(numbers, edition, accounting));
}

void evaluate_isolated_law(const TheoryNumbers& numbers, TheoryReport& report) {
  const ResourceLaw law = *numbers.law;
  const ResourceLawNumbers of = law_numbers(numbers, report);
  const ResourceRange chosen = default_range(law, of);
  // An end beyond the chosen range moves the other one: the table keeps its width.
  const double width = chosen.hi / chosen.lo;
  const double lo =
      numbers.law_lo.value_or(numbers.law_hi && *numbers.law_hi <= chosen.lo ? *numbers.law_hi / width : chosen.lo);
  const double hi = numbers.law_hi.value_or(lo >= chosen.hi ? lo * width : chosen.hi);
  if (!std::isnormal(lo) || !std::isnormal(hi) || !(lo < hi))
    throw base::InputError({"--law"}, fmt::format("the range of {} from {} to {} leaves the range of numbers; add "
                                                  "--law-lo and --law-hi",
                                                  resource_name(law), lo, hi));
  report.isolated_law = resource_law_table(law, of, lo, hi, kPointsOfALaw);
  if (law == ResourceLaw::time) report.isolated_law_rate = of.at.rate;
}

}  // namespace phaselaw::theory
