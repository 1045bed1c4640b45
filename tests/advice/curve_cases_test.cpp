// SPDX-License-Identifier: Apache-2.0
// Curves that an earlier version of diagnose read wrongly, where their folder lies beside the repository.
#include <filesystem>
#include <fstream>
#include <string>

#include "advice/curve_kinds.h"
#include "gtest/gtest.h"

namespace phaselaw::advice {
namespace {

CurveOfTest curve_of_file(const std::string& path) {
  CurveOfTest curve;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  double step = 0, loss = 0;
  for (char comma = 0; file >> step >> comma >> loss;) {
    curve.step.push_back(step);
    curve.loss.push_back(loss);
  }
  return curve;
}

struct CurveCase {
  std::string file;
  std::vector<CurveState> right;  // besides unknown
  double exponent = 0, floor = 0, bend = 0;
};

TEST(CurveCases, AreRightOrUnknown) {
  const std::string folder = PHASELAW_SOURCE_DIR "/../shared/cases/statistics/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the folder shared/cases is not there";
  const CurveState falling = CurveState::falling, finished = CurveState::finished, decaying = CurveState::decaying;
  const std::vector<CurveCase> cases = {
      {"02/grok.csv", {finished}, 0, 0.05, 0},           {"03/plateau_drop.csv", {finished}, 0, 1.5, 0},
      {"04/warm_0.csv", {falling}, 0.45, 2, 0},          {"05/wsd_nolr.csv", {decaying}, 0.45, 2, 0},
      {"06/cos_nolr.csv", {decaying}, 0.45, 2, 0},       {"07/ema_1.csv", {falling}, 0.45, 2, 30},
      {"08/emapow_0.csv", {falling}, 0.35, 1.7, 0},      {"09/pureexp_0.005_0.csv", {finished}, 0, 1.7, 0},
      {"10/before_bend_0.csv", {falling}, 0.45, 2, 300}, {"11/exphard_0.02_0.csv", {falling}, 0.4, 1, 150},
      {"12/ar95_1.csv", {falling}, 0.45, 2, 30},         {"19/warm100.csv", {falling}, 0.45, 2, 0},
  };
  for (const CurveCase& one : cases) {
    const CurveOfTest curve = curve_of_file(folder + one.file);
    ASSERT_GE(curve.step.size(), 40U) << one.file;
    const CurveClaims claims = curve.claims();
    bool right = claims.state == CurveState::unknown;
    for (const CurveState state : one.right) right = right || claims.state == state;
    EXPECT_TRUE(right) << one.file << " " << static_cast<int>(claims.state);
    EXPECT_TRUE(!claims.exponent || holds(claims.exponent, one.exponent)) << one.file;
    EXPECT_TRUE(!claims.floor || holds(claims.floor, one.floor)) << one.file;
    EXPECT_TRUE(!claims.bend || holds(claims.bend, one.bend)) << one.file;
    EXPECT_TRUE(claims.spikes.empty()) << one.file;
    EXPECT_TRUE(claims.early_form.empty() || claims.early_form == "exponential") << one.file;
  }
}

}  // namespace
}  // namespace phaselaw::advice
