// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/power_sum.h"

#include <cmath>

#include <gtest/gtest.h>

#include "advice/plan_fixture.h"
#include "phaselaw/advice/plan/allocation.h"

namespace phaselaw::advice {
namespace {

using testing::in_order;

TEST(PowerSum, IsRecognisedByItsExpression) {
  for (const char* text : {"chinchilla", "chinchilla-tied", "E + A*N^-alpha + B*D^-beta", "B/D^b + E0 + A/N^a",
                           "N^-a*A + D^-b*B", "floor + (A*N^-a + B*D^-a)", "A*n_params^-a + B*tokens^-b + L_inf"})
    EXPECT_TRUE(power_sum_of(laws::law_from(text))) << text;
  for (const char* text : {"chinchilla-outer", "kaplan", "power", "E + A*N^-a", "E + A*N^a + B*D^-b",
                           "E + A*N^-a + B*D^-b + F*(N*D)^-c", "E + A*N^-a + B*N^-b", "E + G + A*N^-a + B*D^-b",
                           "E + A*N^-a - B*D^-b", "E + A*N^-a + B*C^-b", "E + A*N^-0.3 + B*D^-b"})
    EXPECT_FALSE(power_sum_of(laws::law_from(text))) << text;
}

// The closed form against the search of the same law.
TEST(PowerSum, AgreesWithTheSearch) {
  const std::map<std::string, double> values = {{"E", 1.82}, {"A", 482.01},    {"B", 2085.43}, {"alpha", 0.3478},
                                                {"a", 0.31}, {"beta", 0.3658}, {"b", 0.45}};
  Situation counted;
  counted.cost = {FlopConvention::exact, {64, {}, {}, 7.3}};
  for (const char* text : {"chinchilla", "chinchilla-tied", "B/D^b + A/N^a"}) {
    const laws::Law law = laws::law_from(text);
    const std::vector<double> p = in_order(law, values);
    for (const Situation& situation : {Situation(), counted}) {
      const Allocator allocator(law, situation);
      for (const double compute : {1e14, 1e19, 1e26}) {
        const Allocation exact = allocator.best(p, compute), found = allocator.search(p, compute);
        EXPECT_NEAR(std::log(exact.n_params / found.n_params), 0, 1e-9) << text << ", " << compute;
        EXPECT_NEAR(std::log(exact.tokens / found.tokens), 0, 1e-9);
        EXPECT_NEAR(exact.loss / found.loss, 1, 1e-14);
        EXPECT_NE(exact.n_params, found.n_params);  // so that these are two roads
        EXPECT_NEAR(std::log(*allocator.compute_for(p, exact.loss) / compute), 0, 1e-10);
      }
    }
  }
}

// The optimum below one parameter or one token is an edge, as the search says.
TEST(PowerSum, LeavesEdgesToTheSearch) {
  const laws::Law law = laws::law_from("chinchilla");
  const Allocator allocator(law, {});
  const std::vector<double> small = in_order(law, {{"E", 1}, {"A", 1e-9}, {"B", 400}, {"alpha", 0.3}, {"beta", 0.3}});
  EXPECT_EQ(allocator.best(small, 1e12).edge, -1);
  const std::vector<double> large = in_order(law, {{"E", 1}, {"A", 400}, {"B", 1e-9}, {"alpha", 0.3}, {"beta", 0.3}});
  EXPECT_EQ(allocator.best(large, 1e12).edge, 1);
  EXPECT_FALSE(allocator.compute_for(small, 0.9));
}

}  // namespace
}  // namespace phaselaw::advice
