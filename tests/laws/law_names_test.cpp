// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/law_names.h"

#include <gtest/gtest.h>

#include "phaselaw/laws/law.h"

namespace phaselaw::laws {
namespace {

using Names = std::vector<std::string>;

TEST(LawNames, AUsualParameterStaysOneBesideAColumnOfItsName) {
  const Names table = {"n_params", "A", "E", "loss"};
  const Law law = law_from("E + A*N^-a", table);
  EXPECT_EQ(law.columns(), Names{"n_params"});
  EXPECT_EQ(law.expression.parameters(), (Names{"E", "A", "a"}));
  EXPECT_EQ(law.parameters[0].domain, ParameterDomain::non_negative);
  // The same law with other letters, which no column has.
  EXPECT_EQ(law_from("E0 + K*N^-alpha", table).expression.nodes(), law.expression.nodes());
}

TEST(LawNames, ByRoleANameUnderAFittedPowerIsTheColumn) {
  const Law law = law_from("E + A*N^-a + B*k^-b", {"N", "k", "E"});
  EXPECT_EQ(law.columns(), (Names{"n_params", "k"}));
  EXPECT_EQ(law.expression.parameters(), (Names{"E", "A", "a", "B", "b"}));
  // Beside a column, A is a scale of it.
  EXPECT_EQ(law_from("E + (A/N)^a", {"N", "A"}).columns(), Names{"n_params"});
}

TEST(LawNames, ByNeedALawKeepsItsOnlyColumn) {
  EXPECT_EQ(law_from("c - d0*k", {"k", "rank"}).columns(), Names{"k"});
  EXPECT_EQ(law_from("L0 + B*exp(-a)", {"a", "y"}).columns(), Names{"a"});
}

TEST(LawNames, OtherColumnsOfTheTableAreInputs) {
  EXPECT_EQ(law_from("E + A*experts^-a + K1*N^-b", {"experts", "n_params"}).columns(), (Names{"experts", "n_params"}));
  EXPECT_EQ(law_from("E + width*N^-b", {"d_model", "N"}).columns(), (Names{"d_model", "n_params"}));
}

}  // namespace
}  // namespace phaselaw::laws
