// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/domain.h"

#include <gtest/gtest.h>

namespace phaselaw::laws {
namespace {

tables::Columns steps() {
  tables::Columns columns;
  columns.add("step", {0, 10, 100, 1000, 0, 1e4});
  columns.add("x", {1, 2, 3, 4, 5, 6});
  return columns;
}

std::optional<OutsideDomain> domain_of(const std::string& text, bool must_be_positive = true) {
  const tables::Columns columns = steps();
  const Law law = law_from(text, columns.names);
  return outside_domain(law, columns, std::vector<std::optional<double>>(law.parameters.size()), must_be_positive);
}

TEST(Domain, NamesTheRowsThePartAndItsColumn) {
  const auto zero = domain_of("E + A*step^-a");
  ASSERT_TRUE(zero);
  EXPECT_EQ(zero->rows, (std::vector<std::size_t>{0, 4}));
  EXPECT_EQ(zero->part, "step^-a");
  EXPECT_EQ(zero->value, "infinite");
  EXPECT_EQ(zero->column, "step");
  const auto quotient = domain_of("E + A*x^b/step");
  ASSERT_TRUE(quotient);
  EXPECT_EQ(quotient->part, "A*x^b/step");
  EXPECT_EQ(quotient->column, "step");  // of two columns, the one that is 0
}

TEST(Domain, ALawThatIsDefinedSomewhereForEachRowHasNone) {
  // Zeros under a positive power, a bend beyond the rows, a difference of either sign: some parameters give a value.
  for (const char* law : {"E + A*(1 + step/t0)^-q", "A*step^a + E", "I - A*x^-s", "log(x/x0)", "E + A*exp(-rate*step)"})
    EXPECT_FALSE(domain_of(law)) << law;
}

TEST(Domain, ALawThatIsNowhereDefinedNamesEveryRow) {
  const auto nowhere = domain_of("A*log(-x) + E");
  ASSERT_TRUE(nowhere);
  EXPECT_EQ(nowhere->rows.size(), 6U);
  EXPECT_EQ(nowhere->part, "log(-x)");
  EXPECT_EQ(nowhere->value, "not a number");
  const auto negative = domain_of("-A*x^a");
  ASSERT_TRUE(negative);
  EXPECT_EQ(negative->value, "negative");
  EXPECT_FALSE(domain_of("-A*x^a", false));  // fitted without logarithms
}

TEST(Domain, FixedParametersKeepTheirValue) {
  const tables::Columns columns = steps();
  const Law law = law_from("E + A*(step - s)^-a", columns.names);
  std::vector<std::optional<double>> held(law.parameters.size());
  held[law.find("s")] = 50.0;
  const auto below = outside_domain(law, columns, held);
  ASSERT_TRUE(below);
  EXPECT_EQ(below->rows, (std::vector<std::size_t>{0, 1, 4}));
}

TEST(Domain, OperationsAsTextReadBackToThemselves) {
  for (const char* text : {"E + A*x^-a", "(N_c/x)^a", "A - (B - C1*x)", "A/(B/x)", "min(A, B*x) + max(x, A)",
                           "A*exp(-b*lambert_w(x/c))", "-(A*x)^b + E", "(-A)^2*x", "2^(a*x)", "((A*x)^a)^b"}) {
    const Expression read = Expression::parse(text, {"x"});
    const std::string shown = text_of(read, read.root());
    EXPECT_EQ(Expression::parse(shown, {"x"}).nodes(), read.nodes()) << text << " became " << shown;
  }
}

}  // namespace
}  // namespace phaselaw::laws
