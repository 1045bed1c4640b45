// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/allocation.h"

#include <cmath>
#include <optional>

#include <gtest/gtest.h>

#include "advice/plan_fixture.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::advice {
namespace {

using testing::ClosedForm;
using testing::in_order;

std::vector<double> truth(const laws::Law& law) { return in_order(law, laws::testing::truths().at(law.name)); }

// Hoffmann et al. 2022, equation 4, with their constants and with those of Besiroglu et al. 2024.
TEST(Allocation, ChinchillaHasAClosedForm) {
  const laws::Law law = laws::law_from("chinchilla");
  for (const std::map<std::string, double>& constants :
       {std::map<std::string, double>{{"E", 1.69}, {"A", 406.4}, {"B", 410.7}, {"alpha", 0.34}, {"beta", 0.28}},
        std::map<std::string, double>{
            {"E", 1.8172}, {"A", 482.01}, {"B", 2085.43}, {"alpha", 0.3478}, {"beta", 0.3658}}}) {
    const std::vector<double> p = in_order(law, constants);
    const ClosedForm exact(law, p);
    const Allocator allocator(law, {});
    for (const double compute : {1e12, 1e19, 5.76e23, 1e27}) {
      const Allocation best = allocator.best(p, compute);
      EXPECT_EQ(best.edge, 0);
      EXPECT_NEAR(std::log(best.n_params / exact.n_params(compute)), 0, 1e-9) << compute;
      EXPECT_NEAR(std::log(best.tokens / exact.tokens(compute)), 0, 1e-9) << compute;
      EXPECT_NEAR(6 * best.n_params * best.tokens / compute, 1, 1e-12);
      EXPECT_NEAR(std::log(*allocator.compute_for(p, best.loss) / compute), 0, 1e-10);
    }
    EXPECT_NEAR(allocator.floor(p), constants.at("E"), 1e-12);
  }
}

// L = E + (a M^eta + b M^-eta) C^-eta is lowest at M = (b/a)^(1/(2 eta)), whatever the compute.
TEST(Allocation, OverTrainingHasOneBestRatio) {
  const laws::Law law = laws::law_from("over-training");
  const std::vector<double> p = truth(law);
  const double best = std::pow(p[law.find("b")] / p[law.find("a")], 0.5 / p[law.find("eta")]);
  for (const double compute : {1e18, 1e24}) {
    const Allocation at = Allocator(law, {}).best(p, compute);
    EXPECT_NEAR(std::log(at.tokens / at.n_params / best), 0, 1e-8);
  }
}

// At a minimum along the curve of equal compute the derivatives by ln N and ln D are the same; neighbours are higher.
TEST(Allocation, FirstOrderConditionOfOtherLaws) {
  for (const char* name : {"kaplan", "chinchilla-tied", "chinchilla-outer", "width-depth-tokens",
                           "width-depth-params-tokens", "E + A*N^-alpha + B*D^-beta + F*(N*D)^-gamma"}) {
    const laws::Law law = laws::law_from(name);
    std::vector<double> p;
    if (law.source == "user")
      p = in_order(law, {{"E", 1}, {"A", 400}, {"alpha", 0.35}, {"B", 900}, {"beta", 0.3}, {"F", 30}, {"gamma", 0.1}});
    else
      p = truth(law);
    const Allocator allocator(law, {});
    const Allocation at = allocator.best(p, 1e22);
    EXPECT_EQ(at.edge, 0) << name;
    const double h = 1e-4, n = at.n_params, d = at.tokens;
    const double by_n = allocator.loss(p, n * std::exp(h), d) - allocator.loss(p, n * std::exp(-h), d);
    const double by_d = allocator.loss(p, n, d * std::exp(h)) - allocator.loss(p, n, d * std::exp(-h));
    EXPECT_NEAR(by_n / by_d, 1, 1e-6) << name;
    for (const double factor : {0.9, 1.1}) EXPECT_GT(allocator.loss(p, n * factor, d / factor), at.loss) << name;
  }
}

TEST(Allocation, SizesThatAreHeld) {
  const laws::Law law = laws::law_from("chinchilla");
  const std::vector<double> p = truth(law);
  Situation ratio;
  ratio.tokens_per_param = 320;
  const Allocation over = Allocator(law, ratio).best(p, 6e21);
  EXPECT_NEAR(over.n_params / std::sqrt(1e21 / 320), 1, 1e-11);
  EXPECT_NEAR(over.tokens / over.n_params, 320, 1e-9);
  Situation size;
  size.n_params = 1e9;
  EXPECT_NEAR(Allocator(law, size).best(p, 6e21).tokens, 1e12, 1);
  EXPECT_NEAR(Allocator(law, size).floor(p), 1.69, 1e-12);  // of the law, not of the size held
  EXPECT_FALSE(Allocator(law, size).compute_for(p, 1.75));  // below what 1e9 parameters reach
  Situation data;
  data.tokens = 1e11;
  const Allocator of_data(law, data);
  EXPECT_NEAR(of_data.best(p, 6e21).n_params, 1e10, 0.1);
  const double loss = of_data.best(p, 3e20).loss;
  for (const std::optional<double> guess :
       {std::optional<double>(), std::optional<double>(3e20), std::optional<double>(1e12), std::optional<double>(1e40)})
    EXPECT_NEAR(*of_data.compute_for(p, loss, guess) / 3e20, 1, 1e-10);
}

// With inference the least total cost of a loss, against plain search over N with D solved for from the law itself.
TEST(Allocation, InferenceAsksForASmallerModel) {
  const laws::Law law = laws::law_from("chinchilla");
  const std::vector<double> p = truth(law);
  const double served = 5e12, target = 2.1;
  Situation situation;
  situation.inference_tokens = served;
  const Allocator with(law, situation), without(law, {});
  const double total = *with.compute_for(p, target);
  const Allocation best = with.best(p, total);
  double least = 1e300, at = 0;
  for (double log_n = std::log(1e8); log_n < std::log(1e12); log_n += 1e-4) {
    const double n = std::exp(log_n), rest = target - 1.69 - 406.4 * std::pow(n, -0.34);
    if (rest <= 0) continue;
    const double d = std::pow(410.7 / rest, 1 / 0.28), cost = 6 * n * d + 2 * n * served;
    if (cost < least) {
      least = cost;
      at = n;
    }
  }
  EXPECT_NEAR(total / least, 1, 1e-8);  // a grid misses a minimum by its square
  EXPECT_NEAR(std::log(best.n_params / at), 0, 2e-4);
  EXPECT_NEAR(best.loss, target, 1e-10);
  EXPECT_LT(best.n_params, without.best(p, *without.compute_for(p, target)).n_params);
  EXPECT_NEAR((6 * best.n_params * best.tokens + 2 * best.n_params * served) / total, 1, 1e-12);
}

TEST(Allocation, LawsWithoutSizes) {
  const laws::Law power = laws::law_from("power");
  const Allocator compute(power, {});
  const std::vector<double> p = truth(power);
  EXPECT_TRUE(std::isnan(compute.best(p, 1e20).n_params));
  EXPECT_NEAR(compute.best(p, 1e20).loss, 1.7 + 900 * std::pow(1e20, -0.15), 1e-12);
  EXPECT_NEAR(*compute.compute_for(p, 2.0) / std::pow(3000, 1 / 0.15), 1, 1e-9);

  // Fixed n and the best n: at the minimum the derivative by ln n vanishes, and n* grows with C.
  const laws::Law joint = laws::law_from("two-stage-joint");
  const std::vector<double> q = truth(joint);
  const Allocation best = Allocator(joint, {}).best(q, 1e20);
  const auto loss = [&](double n) { return 0.5 + 2 * std::exp(-1e20 / (1e15 * std::pow(n, 1.3))) + 20 / n; };
  EXPECT_NEAR(best.loss, loss(best.n_data), 1e-12);
  EXPECT_GT(loss(best.n_data * 1.01), best.loss);
  EXPECT_GT(loss(best.n_data / 1.01), best.loss);
  EXPECT_GT(Allocator(joint, {}).best(q, 1e21).n_data, best.n_data);
}

// Repetition of 1e10 tokens: the best size at a large compute is larger than with fresh tokens.
TEST(Allocation, RepeatedDataNeedsTheUniqueTokens) {
  const laws::Law law = laws::law_from("repeated-data");
  const std::vector<double> p = in_order(
      law, {{"E", 1.87}, {"A", 521}, {"B", 1488}, {"alpha", 0.353}, {"beta", 0.353}, {"R_N", 5.31}, {"R_D", 15.39}});
  Situation situation;
  situation.at["unique_tokens"] = 1e10;
  const Allocation few = Allocator(law, situation).best(p, 1e19), many = Allocator(law, situation).best(p, 1e23);
  const Allocation fresh =
      Allocator(laws::law_from("chinchilla-tied"), {})
          .best(in_order(laws::law_from("chinchilla-tied"), {{"E", 1.87}, {"A", 521}, {"B", 1488}, {"alpha", 0.353}}),
                1e23);
  EXPECT_EQ(few.edge, 0);
  EXPECT_GT(many.loss, fresh.loss);
  EXPECT_GT(many.tokens, 1e10);
}

// In a law of C and N the inputs limit one another, and its floor is what the best sizes tend to.
TEST(Allocation, TheFloorIsThatAlongTheFrontier) {
  const laws::Law shared = laws::law_from("E+A*N^-a+B*(C/(6*N))^-b");
  const std::vector<double> p = in_order(shared, {{"E", 1.847}, {"A", 279}, {"a", 0.335}, {"B", 450}, {"b", 0.295}});
  EXPECT_NEAR(Allocator(shared, {}).floor(p), 1.847, 1e-9);
  Situation held;
  held.n_params = 1e9;
  EXPECT_NEAR(Allocator(shared, held).floor(p), 1.847, 1e-9);  // of the law, whatever is held
  const laws::Law over = laws::law_from("over-training");
  EXPECT_NEAR(Allocator(over, {}).floor(truth(over)), truth(over)[over.find("E")], 1e-9);
  const laws::Law joint = laws::law_from("two-stage-joint");
  EXPECT_NEAR(Allocator(joint, {}).floor(truth(joint)), 0.5, 1e-9);
}

// Of every law that can be planned with: more compute lowers the best loss, and none takes it below the floor.
TEST(Allocation, NoBestLossIsBelowTheFloor) {
  int planned = 0;
  for (const auto& [name, values] : laws::testing::truths()) {
    const laws::Law law = laws::law_from(name);
    std::optional<Allocator> allocator;
    try {
      allocator.emplace(law, Situation());
    } catch (const base::InputError&) {
      continue;  // its columns do not follow from a compute
    }
    const std::vector<double> p = in_order(law, values);
    const double floor = allocator->floor(p);
    double before = 1e300;
    for (const double compute : {1e20, 1e25, 1e30, 1e45, 1e60}) {
      const double loss = allocator->best(p, compute).loss;
      EXPECT_LE(loss, before * (1 + 1e-12)) << name << ", " << compute;
      EXPECT_GE(loss, floor * (1 - 1e-9)) << name << ", " << compute;
      before = loss;
    }
    ++planned;
  }
  EXPECT_GE(planned, 8);
}

// A power so slow that no compute comes near its floor: three values give the limit. At the last of them the excess is
// 900*1e140^-0.02 = 1.43.
TEST(Allocation, TheFloorOfASlowPowerIsALimit) {
  const laws::Law law = laws::law_from("power");
  for (const double floor : {0.0, 1.7}) {
    const std::vector<double> slow = in_order(law, {{"E", floor}, {"A", 900}, {"alpha", 0.02}});
    EXPECT_GT(Allocator(law, {}).loss(slow, 0, 1e140), floor + 1.4);
    EXPECT_NEAR(Allocator(law, {}).floor(slow), floor, 1e-9);
  }
}

std::string message_of(const std::string& law, Situation situation = {}) {
  try {
    const laws::Law form = laws::law_from(law);
    const Allocator allocator(form, std::move(situation));
    return "no error";
  } catch (const base::InputError& error) {
    return error.what();
  }
}

void expect_says(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << message << "\nexpected: " << part;
}

TEST(Allocation, WhatCannotBePlannedIsSaid) {
  expect_says(message_of("shifted-power"), "--at step=VALUE");
  expect_says(message_of("repeated-data"), "--at unique_tokens=VALUE");
  expect_says(message_of("kaplan-n"), "depends on n_params alone");
  expect_says(message_of("data-size"), "the compute cannot be divided among these");
  expect_says(message_of("lr-compute"), "predicts lr, not the loss");
  expect_says(message_of("power@tokens"), "depends on tokens alone");
  Situation two;
  two.n_params = 1e9;
  two.tokens = 1e9;
  expect_says(message_of("chinchilla", two), "give only one of");
  Situation at;
  at.at["unique_token"] = 3;
  expect_says(message_of("chinchilla", at), "--at: unknown column 'unique_token'");
  Situation none;
  none.tokens_per_param = 20;
  expect_says(message_of("power", none), "and not on sizes");
  Situation bad;
  bad.n_params = -1;
  expect_says(message_of("chinchilla", bad), "--n-params: expected a finite number > 0");
  Situation embeddings;
  embeddings.cost.convention = FlopConvention::without_embeddings;
  expect_says(message_of("chinchilla", embeddings), "--vocab");
  const laws::Law law = laws::law_from("chinchilla");
  const std::vector<double> p = truth(law);
  EXPECT_THROW((void)Allocator(law, {}).best(p, 5), base::InputError);
  EXPECT_THROW((void)Allocator(law, {}).best(p, std::nan("")), base::InputError);
  Situation huge;
  huge.n_params = 1e12;
  huge.inference_tokens = 1e12;
  EXPECT_THROW((void)Allocator(law, huge).best(p, 1e20), base::InputError);
}

TEST(LineSearch, MinimumAndRoot) {
  const auto each = [](auto f) {
    return BatchFunction([f](std::span<const double> x) {
      std::vector<double> out;
      for (const double at : x) out.push_back(f(at));
      return out;
    });
  };
  EXPECT_NEAR(minimise_on_line(each([](double x) { return std::cosh(x - 1.2345); }), -20, 30).x, 1.2345, 1e-9);
  EXPECT_NEAR(minimise_on_line(each([](double x) { return std::abs(x - 0.7); }), -20, 30).x, 0.7, 4e-3);  // a kink
  EXPECT_EQ(minimise_on_line(each([](double x) { return x; }), 0, 1).edge, -1);
  EXPECT_EQ(minimise_on_line(each([](double x) { return -x; }), 0, 1).edge, 1);
  // Two valleys: the deeper one, though narrower.
  EXPECT_NEAR(minimise_on_line(
                  each([](double x) { return -std::exp(-(x + 5) * (x + 5)) - 1.1 * std::exp(-4 * (x - 6) * (x - 6)); }),
                  -10, 10)
                  .x,
              6, 1e-8);
  EXPECT_NEAR(root_between([](double x) { return 2 - std::exp(x); }, -3, 40), std::log(2.0), 1e-12);
  EXPECT_NEAR(root_between([](double x) { return -x * x * x; }, -1, 2), 0, 1e-4);
}

}  // namespace
}  // namespace phaselaw::advice
