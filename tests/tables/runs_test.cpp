// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/runs.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"

namespace phaselaw::tables {
namespace {

std::vector<Curve> of(const std::string& text, const std::map<std::string, std::string>& columns = {}) {
  return curves_from(rows_from(documents::read_text(text, "runs/t.csv.gz"), {.col = columns, .every_stream = true}));
}

TEST(Runs, EmptyIsNotRecordedAndNanIs) {
  const auto curves = of("step,loss\n1,3\n2,\n3,NA\n4,2.5\n5,nan\n6,inf\n");
  ASSERT_EQ(curves.size(), 1U);
  EXPECT_EQ(curves[0].name, "t");
  ASSERT_EQ(curves[0].loss.size(), 4U);
  EXPECT_EQ(curves[0].step[1], 4);
  EXPECT_TRUE(std::isnan(curves[0].loss[2]));
  EXPECT_TRUE(std::isinf(curves[0].loss[3]));
}

// A sparse validation loss written as NaN between its records was not recorded there.
TEST(Runs, MostlyNanMeansNotRecorded) {
  const auto curves = of("step,val_loss\n1,nan\n2,3\n3,nan\n4,nan\n5,2.5\n6,nan\n");
  EXPECT_EQ(curves[0].loss, (std::vector<double>{3, 2.5}));
}

TEST(Runs, HeldOutLossFirstAndTheDenseOneBeside) {
  std::string text = "run,step,train_loss,val_loss,lr,grad_norm\n";
  for (int i = 0; i < 40; ++i)
    text += fmt::format("r,{},{},{},{},1\n", i, 5 - 0.1 * i, i % 8 == 0 ? fmt::to_string(5.5 - 0.1 * i) : "", 0.01 * i);
  const auto curves = of(text);
  EXPECT_EQ(curves[0].name, "r");
  EXPECT_EQ(curves[0].quantity, "val_loss");
  EXPECT_EQ(curves[0].loss.size(), 5U);
  EXPECT_EQ(curves[0].dense_quantity, "train_loss");
  EXPECT_EQ(curves[0].dense_loss.size(), 40U);
  EXPECT_EQ(curves[0].rates.lr.size(), 40U);
  EXPECT_EQ(curves[0].grad_norm.size(), 40U);
  EXPECT_EQ(of(text, {{"loss", "train_loss"}})[0].loss.size(), 40U);
}

TEST(Runs, RunsMayBeNamedByTwoColumnsAndComputeFollows) {
  const auto curves = of("model,seed,step,loss,flops_per_step,params\ns,1,2,3,10,7\ns,2,2,3,10,7\ns,1,1,4,10,7\n",
                         {{"run", "model+seed"}});
  ASSERT_EQ(curves.size(), 2U);
  EXPECT_EQ(curves[0].name, "s/1");
  EXPECT_EQ(curves[0].step, (std::vector<double>{1, 2}));  // in order
  EXPECT_EQ(curves[0].compute, (std::vector<double>{10, 20}));
  EXPECT_EQ(curves[0].n_params, 7);
}

TEST(Runs, MistakesAreNamed) {
  const auto message = [](const auto& act) {
    try {
      (void)act();
    } catch (const base::InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_NE(message([] { return of("step,loss\n1,x\n"); }).find("runs/t.csv.gz:2:3"), std::string::npos);
  EXPECT_NE(message([] { return of("loss\n1\n"); }).find("step, tokens or compute"), std::string::npos);
  EXPECT_NE(message([] { return of("step,loss\n"); }).find("found none"), std::string::npos);
  EXPECT_NE(message([] { return of("step,loss\n1,2\n", {{"loss", "lss"}}); }).find("loss"), std::string::npos);
}

TEST(Runs, EpochsThatCountFromZeroEndOneLater) {
  const auto steps = [](const std::string& text) {
    return curves_from(rows_from(documents::read_text(text, "t"), {.every_stream = true})).front().step;
  };
  EXPECT_EQ(steps("epoch,loss\n0,3\n1,2\n2,1.5\n3,1.2\n4,1.1\n"), (std::vector<double>{1, 2, 3, 4, 5}));
  EXPECT_EQ(steps("epoch,loss\n1,3\n2,2\n3,1.5\n4,1.2\n5,1.1\n"), (std::vector<double>{1, 2, 3, 4, 5}));
  EXPECT_EQ(steps("epoch,loss\n0,3\n0.5,2\n1,1.5\n1.5,1.2\n2,1.1\n"), (std::vector<double>{0, 0.5, 1, 1.5, 2}));
}

}  // namespace
}  // namespace phaselaw::tables
