// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/numbers.h"

#include <cmath>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/theory/noise.h"

namespace phaselaw::theory {

namespace {

bool own_accounting(const TheoryNumbers& numbers) { return numbers.p_model || numbers.p_data || numbers.p_time; }

ComputeAccounting given_accounting(const TheoryNumbers& numbers) {
  for (const auto& [flag, exponent] :
       {std::pair{"--p-model", numbers.p_model}, {"--p-data", numbers.p_data}, {"--p-time", numbers.p_time}})
    if (!exponent)
      throw base::InputError(
          {flag},
          "is missing: an accounting needs all three of --p-model, --p-data and --p-time, of which 0 is allowed");
  return {*numbers.p_model, *numbers.p_data, *numbers.p_time};
}

void check_law(const TheoryNumbers& numbers) {
  if (!numbers.law) {
    if (numbers.law_lo || numbers.law_hi)
      throw base::InputError({numbers.law_lo ? "--law-lo" : "--law-hi"},
                             "is used only with --law; add --law model-size, time or data, or omit it");
    return;
  }
  if (const Edition edition = edition_of(numbers); edition.risk_exponent != 1)
    throw base::InputError(
        {"--law"}, fmt::format("the isolated laws are stated for a risk that falls as 1/n, but edition {} has n^-{}; "
                               "use edition v1 or v3, or omit --law",
                               edition.name, edition.risk_exponent));
  if (numbers.law_lo && numbers.law_hi && !(*numbers.law_lo < *numbers.law_hi))
    throw base::InputError(
        {"--law-hi"}, fmt::format("expected a number above --law-lo = {}, found {}", *numbers.law_lo, *numbers.law_hi));
}

}  // namespace

void check(const TheoryNumbers& numbers) {
  base::check_fields(numbers);
  const Edition edition = edition_of(numbers);
  if (!(2 * numbers.noise_exponent < edition.p))
    throw base::InputError({"--noise-exponent"}, fmt::format("expected s < p/2 = {} (noise grows as n^s), found {}",
                                                             edition.p / 2, numbers.noise_exponent));
  (void)accountings_of(numbers);
  check_law(numbers);
  if (numbers.n_data) {
    const double noise = noise_at({numbers.noise, numbers.noise_exponent}, *numbers.n_data);
    if (!std::isnormal(noise))
      throw base::InputError({"--noise-exponent"},
                             fmt::format("expected a noise n^s within the range of numbers, found {}", noise));
  }
  if (!numbers.compute && !numbers.n_data)
    throw base::InputError(
        {"--compute"},
        "a compute or a number of sequences is needed; add --compute, --n-data or both, for example phaselaw theory --compute 1e12");
  if (numbers.lambda_max && *numbers.lambda_max < numbers.lambda_min)
    throw base::InputError({"--lambda-max"}, fmt::format("expected at least lambda_min = {}, found {}",
                                                         numbers.lambda_min, *numbers.lambda_max));
  if (numbers.lambda_max && numbers.condition_number)
    throw base::InputError({"--condition-number"}, "is given by --lambda-max already; omit one of them");
}

Edition edition_of(const TheoryNumbers& numbers) {
  if (numbers.edition == "free") {
    if (numbers.p) return edition_free(*numbers.p, numbers.r.value_or(1), numbers.a);
    if (!own_accounting(numbers))
      throw base::InputError({"--edition"},
                             "edition free needs the compute exponent p; add --p, for example --p 6, or --p-model, "
                             "--p-data and --p-time");
    const ComputeAccounting accounting = given_accounting(numbers);
    if (!(accounting.p() > 0))
      throw base::InputError({"--p-model"},
                             "expected p_model + p_data + p_time > 0, found 0: compute would not grow with the data");
    return edition_free(accounting.p(), numbers.r.value_or(1), numbers.a);
  }
  Edition edition = edition_from_name(numbers.edition);
  if (numbers.p || numbers.r)
    throw base::InputError({numbers.p ? "--p" : "--r"},
                           "is used only with --edition free; add --edition free, or omit it");
  edition.a = numbers.a;
  return edition;
}

std::vector<ComputeAccounting> accountings_of(const TheoryNumbers& numbers) {
  const Edition edition = edition_of(numbers);
  if (!own_accounting(numbers)) return accountings(edition.name);
  const ComputeAccounting accounting = given_accounting(numbers);
  if (!adds_up(accounting, edition.p))
    throw base::InputError({"--p-model"}, fmt::format("expected p_model + p_data + p_time = {}, the p of edition {}, "
                                                      "found {}; use --edition free without --p for another sum",
                                                      edition.p, edition.name, accounting.p()));
  return {accounting};
}

}  // namespace phaselaw::theory
