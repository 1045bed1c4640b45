// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/numbers.h"

#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/theory/noise.h"

namespace phaselaw::theory {

void check(const TheoryNumbers& numbers) {
  base::check_fields(numbers);
  const Edition edition = edition_of(numbers);
  if (!(2 * numbers.noise_exponent < edition.p))
    throw base::InputError({"--noise-exponent"}, fmt::format("expected s < p/2 = {} (noise grows like n^s), found {}",
                                                             edition.p / 2, numbers.noise_exponent));
  if (numbers.n_data) {
    const double noise = noise_at({numbers.noise, numbers.noise_exponent}, *numbers.n_data);
    if (!std::isnormal(noise))
      throw base::InputError({"--noise-exponent"},
                             fmt::format("expected a noise n^s within the range of numbers, found {}", noise));
  }
  if (!numbers.compute && !numbers.n_data)
    throw base::InputError("theory needs --compute, --n-data or both, e.g. phaselaw theory --compute 1e12");
  if (numbers.lambda_max && *numbers.lambda_max < numbers.lambda_min)
    throw base::InputError({"--lambda-max"}, fmt::format("expected at least lambda_min = {}, found {}",
                                                         numbers.lambda_min, *numbers.lambda_max));
  if (numbers.lambda_max && numbers.condition_number)
    throw base::InputError({"--condition-number"}, "--lambda-max gives it already; leave one of them out");
}

Edition edition_of(const TheoryNumbers& numbers) {
  if (numbers.edition == "free") {
    if (!numbers.p) throw base::InputError({"--edition"}, "free needs the compute exponent p; add --p, e.g. --p 6");
    return edition_free(*numbers.p, numbers.r.value_or(1), numbers.a);
  }
  Edition edition = edition_from_name(numbers.edition);
  if (numbers.p || numbers.r)
    throw base::InputError({numbers.p ? "--p" : "--r"}, "only --edition free takes it; add --edition free");
  edition.a = numbers.a;
  return edition;
}

}  // namespace phaselaw::theory
