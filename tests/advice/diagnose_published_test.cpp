// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/tables/runs.h"

// Loss curves of published runs. The files are not in the repository.
namespace phaselaw::advice {
namespace {

std::vector<tables::Curve> read_curves(const std::string& path, const std::map<std::string, std::string>& columns) {
  return tables::curves_from(tables::read_rows(path, {.col = columns, .every_stream = true}));
}

class PublishedCurves : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << "no published measurements at " << kFolder;
  }
  static std::string file(const char* name) { return std::string(kFolder) + "/" + name; }
  static constexpr const char* kFolder = PHASELAW_SOURCE_DIR "/../shared/data";
};

// Published: log10 L = -0.07876 log10 N + 1.0659 over the 8 dense runs at their final step.
TEST_F(PublishedCurves, DenseRoutingModelsFollowThePublishedSizeLaw) {
  const documents::Table table = documents::read(file("deepmind_routing/curves.csv.gz")).table;
  const auto column = [&](const char* name) { return table.column(name); };
  struct End {
    double size = 0, step = 0, loss = 0;
  };
  std::map<std::string, End> last;  // by run: six sizes, one of them with three seeds
  for (std::size_t i = 0; i < table.n_rows(); ++i) {
    const auto text = [&](const char* name) { return table.text(i, column(name)); };
    if (text("router_type") != "Dense" || text("loss_validation").empty()) continue;
    if (table.number(i, column("flop_increase")).value != 1) continue;  // wider than its size says
    const double step = table.number(i, column("step")).value;
    End& end = last[text("hyper_id")];
    if (step >= end.step)
      end = {table.number(i, column("dense_parameter_count")).value, step,
             table.number(i, column("loss_validation")).value};
  }
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const auto& [run, end] : last) {
    const double u = std::log10(end.size), v = std::log10(end.loss);
    n += 1;
    x += u;
    y += v;
    xx += u * u;
    xy += u * v;
  }
  const double slope = (xy - x * y / n) / (xx - x * x / n);
  EXPECT_EQ(n, 8);
  EXPECT_NEAR(slope, -0.07876, 5e-6);
  EXPECT_NEAR(y / n - slope * x / n, 1.0659, 5e-5);
}

TEST_F(PublishedCurves, ElevenRunsOfAHundredThousandRows) {
  const auto curves = read_curves(file("modded_nanogpt/curves.csv.gz"), {{"loss", "train_loss"}});
  ASSERT_EQ(curves.size(), 11U);
  std::size_t rows = 0;
  for (const tables::Curve& curve : curves) rows += curve.loss.size();
  EXPECT_EQ(rows, 108106U);
  const auto all = diagnose(curves);
  for (const Diagnosis& d : all) {
    if (d.curve.n_rows == 0) continue;  // the run that records a validation loss only
    EXPECT_LE(d.curve.x.size(), 101U);
    EXPECT_NE(d.signature.word, "instability") << d.curve.name << ": " << d.signature.reading;
    if (d.rate_known) continue;
    // All of them end with a learning rate that decays: nothing is promised of more steps.
    EXPECT_NE(d.state, CurveState::finished) << d.curve.name;
    EXPECT_FALSE(d.gain.identified) << d.curve.name;
  }
  // The learning rate of the first is recorded, with 700 steps of warm-up.
  EXPECT_EQ(all[0].curve.clock, "lr_sum");
  EXPECT_NEAR(all[0].curve.warmup_end, 700, 10);
}

// Sixteen models of 70M to 12B parameters on the same tokens: where the schedule is not stated, the warm-up of 1 % of the
// steps, 3 billion tokens, hides any bend before its end.
TEST_F(PublishedCurves, PythiaModelsBendWithinTheirWarmup) {
  const auto all =
      diagnose(read_curves(file("pythia/lambada_by_step.csv"), {{"loss", "lambada_logppl"}, {"run", "model+variant"}}));
  ASSERT_EQ(all.size(), 16U);
  for (const Diagnosis& d : all) {
    EXPECT_EQ(d.curve.clock, "tokens");
    EXPECT_FALSE(d.bend.identified) << d.curve.name;
  }
}

}  // namespace
}  // namespace phaselaw::advice
