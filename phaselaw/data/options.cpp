// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/options.h"

#include <array>
#include <cmath>
#include <utility>

#include "phaselaw/data/noise.h"

namespace phaselaw::data {

base::EnumNames<Source> enum_names(Source) {
  static constexpr std::array<std::pair<std::string_view, Source>, 3> names{
      {{"teacher", Source::teacher}, {"text", Source::text}, {"arrays", Source::arrays}}};
  return names;
}

base::EnumNames<Target> enum_names(Target) {
  static constexpr std::array<std::pair<std::string_view, Target>, 3> names{
      {{"auto", Target::automatic}, {"tokens", Target::tokens}, {"regression", Target::regression}}};
  return names;
}

base::EnumNames<NoiseKind> enum_names(NoiseKind) {
  static constexpr std::array<std::pair<std::string_view, NoiseKind>, 4> names{
      {{"gaussian", NoiseKind::gaussian},
       {"heteroscedastic", NoiseKind::heteroscedastic},
       {"student_t", NoiseKind::student_t},
       {"mixture", NoiseKind::mixture}}};
  return names;
}

void validate(const DataOptions& options, const base::Location& where) {
  base::check_fields(options);
  if (options.noise > 0 && !std::isnormal(noise_level(options)))
    throw base::InputError(where, fmt::format("noise n_data^noise_exponent = {} * {}^{} is not a number of usable size",
                                              options.noise, options.n_data, options.noise_exponent));
  if (options.noise_kind == NoiseKind::heteroscedastic && options.source != Source::teacher)
    throw base::InputError(
        where,
        fmt::format("noise_kind = \"heteroscedastic\" needs source = \"teacher\", "
                    "because the mean square of the noise is xi^2 only for isotropic inputs; found source \"{}\"",
                    base::enum_to_text(options.source)));
  if (options.source == Source::text && options.path.empty())
    throw base::InputError(where, "source = \"text\" needs path: a UTF-8 file or a directory; found none");
  if (options.source == Source::arrays && (options.x.empty() || options.y.empty()))
    throw base::InputError(where, "source = \"arrays\" needs x and y: two .npy files; found " +
                                      std::string(options.x.empty() ? "no x" : "no y"));
  if (options.x_test.empty() != options.y_test.empty())
    throw base::InputError(where, "x_test and y_test must be given together; found " +
                                      std::string(options.x_test.empty() ? "no x_test" : "no y_test"));
}

}  // namespace phaselaw::data
