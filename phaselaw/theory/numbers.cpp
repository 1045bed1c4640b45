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
    throw base::InputError({"--noise-exponent"}, fmt::format("expected s < p/2 = {} (noise grows as n^s), found {}",
                                                             edition.p / 2, numbers.noise_exponent));
  if (numbers.n_data) {
    const double noise = noise_at({numbers.noise, numbers.noise_exponent}, *numbers.n_data);
    if (!std::isnormal(noise))
      throw base::InputError({"--noise-exponent"},
                             fmt::format("expected a noise n^s within the range of numbers, found {}", noise));
  }
  if (!numbers.compute && !numbers.n_data)
    throw base::InputError(
        "a compute or a number of sequences is needed; add --compute, --n-data or both, for example phaselaw theory --compute 1e12");
  if (numbers.lambda_max && *numbers.lambda_max < numbers.lambda_min)
    throw base::InputError({"--lambda-max"}, fmt::format("expected at least lambda_min = {}, found {}",
                                                         numbers.lambda_min, *numbers.lambda_max));
  if (numbers.lambda_max && numbers.condition_number)
    throw base::InputError({"--condition-number"}, "is given by --lambda-max already; omit one of them");
}

Edition edition_of(const TheoryNumbers& numbers) {
  if (numbers.edition == "free") {
    if (!numbers.p)
      throw base::InputError({"--edition"}, "edition free needs the compute exponent p; add --p, for example --p 6");
    return edition_free(*numbers.p, numbers.r.value_or(1), numbers.a);
  }
  Edition edition = edition_from_name(numbers.edition);
  if (numbers.p || numbers.r)
    throw base::InputError({numbers.p ? "--p" : "--r"},
                           "is used only with --edition free; add --edition free, or omit it");
  edition.a = numbers.a;
  return edition;
}

}  // namespace phaselaw::theory
