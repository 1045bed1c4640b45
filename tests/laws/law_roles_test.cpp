// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/law_roles.h"

#include <gtest/gtest.h>

#include "laws/law_truths.h"
#include "phaselaw/laws/law.h"

namespace phaselaw::laws {
namespace {

bool floor_in(const std::string& expression, const std::string& parameter) {
  const Law law = law_from_expression(expression);
  return is_floor(law, law.find(parameter));
}

TEST(LawRoles, AFloorIsAParameterPlusTermsThatAreNeverNegative) {
  EXPECT_TRUE(floor_in("E + A*N^-alpha + B*D^-beta", "E"));
  EXPECT_TRUE(floor_in("A*N^-alpha + E", "E"));
  EXPECT_TRUE(floor_in("c + A*exp(-D/D0)", "c"));  // whatever its name
  EXPECT_TRUE(floor_in("E + (A*N^-alpha + B*D^-beta)^gamma", "E"));
  EXPECT_TRUE(floor_in("x = A*N^-alpha; E + max(x, 1)*lambert_w(D)", "E"));
  EXPECT_FALSE(floor_in("E + A*N^-alpha", "A"));
  EXPECT_FALSE(floor_in("E + A*N^-alpha", "alpha"));
  EXPECT_FALSE(floor_in("E + A*S1^-alpha - K*S2", "E"));  // annealing lowers the loss below E
  EXPECT_FALSE(floor_in("E + A*log(N)", "E"));            // may be negative
  EXPECT_FALSE(floor_in("E*(1 + A*N^-alpha)", "E"));      // no sum
  EXPECT_FALSE(floor_in("E + E*A*N^-alpha", "E"));        // E again in the other term
  EXPECT_FALSE(floor_in("E + 0*N", "E"));                 // a mean
}

// The definition: at any parameters, no value of the law is below its floor.
TEST(LawRoles, NoValueOfALawOfTheCatalogueIsBelowItsFloor) {
  std::size_t floors = 0;
  for (const Law& law : all_laws()) {
    for (std::size_t p = 0; p < law.parameters.size(); ++p) {
      if (!is_floor(law, p)) continue;
      ++floors;
      const tables::Columns columns = testing::full_table(40, 0);
      std::vector<double> parameters = testing::true_parameters(law);
      for (const double scale : {1.0, 0.1, 10.0}) {
        for (std::size_t o = 0; o < parameters.size(); ++o)
          if (o != p) parameters[o] *= scale;
        for (const double value : evaluate(law, columns, parameters)) EXPECT_GE(value, parameters[p]) << law.name;
      }
    }
  }
  EXPECT_GE(floors, 15U);
}

}  // namespace
}  // namespace phaselaw::laws
