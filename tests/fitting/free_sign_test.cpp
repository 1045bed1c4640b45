// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/free_sign.h"

#include <cmath>

#include <gtest/gtest.h>

#include "fitting/plain_options.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {
namespace {

template <class Law>
tables::Measurements table_of(std::size_t n, double noise, std::uint64_t draw, const Law& law) {
  numerics::RandomStream stream(31, "free sign", draw);
  tables::Measurements data;
  data.columns.add("cells", numerics::log_spaced(64, 8192, n));
  for (const double w : data.columns.values[0]) data.output.push_back(law(w) * std::exp(noise * stream.normal()));
  return data;
}

std::optional<FreedLaw> freed_of(const std::string& text, const tables::Measurements& data, const FitOptions& options) {
  FitOptions as_it_stands = options;  // a full fit frees signs itself
  as_it_stands.brief = true;
  return freed(fit_law(laws::law_from(text, {"cells"}), data, as_it_stands), data, options);
}

TEST(FreeSign, AnExponentOfTheOtherSign) {
  const tables::Measurements data = table_of(12, 0.03, 0, [](double w) { return 2.8 * std::pow(w, 0.68); });
  for (const Objective objective : {Objective::l2, Objective::huber}) {
    const FitOptions options = plain(objective);
    const auto free = freed_of("A*cells^-b", data, options);
    ASSERT_TRUE(free.has_value());
    EXPECT_NE(free->sentence.find("b (-0.6"), std::string::npos) << free->sentence;
    EXPECT_NE(free->sentence.find("the loss rises with cells"), std::string::npos) << free->sentence;
    const Fit whole = fit_law(laws::law_from("A*cells^-b", {"cells"}), data, options);
    EXPECT_EQ(whole.warnings.front(), free->sentence);
    // The same model with the other sign in its text.
    const Fit fit = fit_law(free->law, data, options);
    const Fit other = fit_law(laws::law_from("A*cells^b", {"cells"}), data, options);
    EXPECT_NEAR(fit.find("b")->value, -other.find("b")->value, 1e-7);
    EXPECT_NEAR(fit.find("A")->value, other.find("A")->value, 1e-6 * other.find("A")->value);
  }
}

// A saturation that is not there: I - A w^-s for a value that grows as a slow power.
TEST(FreeSign, AnAmplitudeWithItsExponent) {
  const tables::Measurements data = table_of(20, 0.002, 1, [](double w) { return -1.5 + 1.2 * std::pow(w, 0.2); });
  const auto free = freed_of("I - A*cells^-s", data, plain(Objective::l2_raw));
  ASSERT_TRUE(free.has_value());
  const Fit fit = fit_law(free->law, data, plain(Objective::l2_raw));
  EXPECT_LT(fit.find("A")->value, 0);
  EXPECT_NEAR(fit.find("s")->value, -0.2, 0.02);
  EXPECT_NEAR(fit.find("I")->value, -1.5, 0.3);
}

TEST(FreeSign, ALawOfTheRightSignStays) {
  const tables::Measurements falling = table_of(12, 0.03, 2, [](double w) { return 1 + 50 * std::pow(w, -0.7); });
  EXPECT_FALSE(freed_of("A*cells^-b", falling, plain(Objective::l2)).has_value());
  // Nothing depends on the cells: b ends at its bound in half of the tables, and its sign is noise.
  int freed_by_noise = 0;
  for (std::uint64_t draw = 0; draw < 100; ++draw) {
    const tables::Measurements flat = table_of(20, 0.03, 100 + draw, [](double) { return 3.0; });
    freed_by_noise += freed_of("A*cells^-b", flat, plain(Objective::l2)).has_value() ? 1 : 0;
  }
  // The rule errs in less than 0.1 % of tables, so two of 100 have a probability below 0.5 %.
  EXPECT_LE(freed_by_noise, 1);
}

TEST(FreeSign, LawsOfTheCatalogueKeepTheirDomains) {
  tables::Measurements data = table_of(12, 0.01, 3, [](double w) { return 2.8 * std::pow(w, 0.3); });
  data.columns.names[0] = "n_params";
  const Fit fit = fit_law(laws::law_from("kaplan-n"), data, plain(Objective::l2));
  EXPECT_FALSE(freed(fit, data, plain(Objective::l2)).has_value());
}

}  // namespace
}  // namespace phaselaw::fitting
