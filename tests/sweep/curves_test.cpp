// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/curves.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "phaselaw/base/files.h"
#include "phaselaw/store/sqlite.h"
#include "phaselaw/sweep/check.h"
#include "phaselaw/training/schedule.h"
#include "sweep/small_study.h"

namespace phaselaw::sweep {
namespace {

class CurvesTest : public testing::StudyFixture {
 protected:
  void SetUp() override {
    testing::StudyFixture::SetUp();
    auto document = base::parse_toml(testing::kSmallStudy, "study.toml");
    document.set("training.schedule", "cosine");
    document.set("training.warmup", 0.2);
    study_ = study_from(document);
    auto store = open("s.db");
    (void)run_study(study_, store, {.threads = 2});
  }
  store::Store read() { return store::Store::open_read(path("s.db")); }
};

TEST_F(CurvesTest, RatesAreWhatTheTrainingUsed) {
  for (const auto& run : read().runs()) {
    const auto curve = named_curve(run);
    const Experiment e = experiment_from(base::parse_json(run.configuration, "c"));
    double time = 0;  // the sum of the rates is the curve's own time
    std::int64_t step = 0;
    for (std::size_t i = 0; i < curve.points.size(); ++i) {
      const auto& point = curve.points[i];
      double last = 0;
      for (; step < point.step; ++step) {
        last = e.training.learning_rate.value * training::rate_fraction(e.training, step);
        time += last;
      }
      EXPECT_EQ(point.scalars.back().first, "lr");
      EXPECT_EQ(point.scalars.back().second, last);
      EXPECT_NEAR(time, run.measurements[i].time, 1e-14);
    }
  }
}

TEST_F(CurvesTest, TextFormatsHoldEveryMeasurementUnderTheUsualNames) {
  std::ostringstream csv, jsonl;
  export_tensorboard_csv(read(), csv);
  export_wandb_jsonl(read(), jsonl);
  const auto runs = read().runs();
  std::size_t measurements = 0;
  for (const auto& run : runs) measurements += run.measurements.size();
  const std::string text = csv.str();
  EXPECT_EQ(text.substr(0, text.find('\n')), "run,tag,step,wall_time,value");
  const auto scalars = named_curve(runs[0]).points[0].scalars.size();
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), 1 + scalars * measurements);
  EXPECT_NE(text.find(fmt::format("run-00003-{},loss/val,16,0,", runs[3].key)), std::string::npos);
  std::istringstream lines(jsonl.str());
  std::string line;
  std::size_t heads = 0, rows = 0;
  while (std::getline(lines, line)) {
    const auto value = base::parse_json(line, "line");
    if (value.find("config") != nullptr) {
      const auto& run = runs[heads++];
      EXPECT_EQ(base::to_json(value.at("config"), -1), run.configuration);
      rows = 0;
      continue;
    }
    const auto& m = runs[heads - 1].measurements[rows++];
    EXPECT_EQ(value.at("_step").integer(), m.step);
    EXPECT_EQ(value.at("loss/train").number(), m.train_loss);
    EXPECT_EQ(value.at("loss/val").number(), m.test_loss);
    EXPECT_EQ(value.at("tokens").number(), m.tokens);
    EXPECT_EQ(value.at("flops").number(), m.compute_flop);
  }
  EXPECT_EQ(heads, 12U);
}

TEST_F(CurvesTest, EveryFieldButTheClocksIsAScalar) {
  store::RunRecord run = *read().run(0);
  run.measurements.resize(1);
  std::vector<double> expected;
  double next = 0.5;
  const auto set = [&](std::string_view name, auto& x, auto&&...) {
    x = static_cast<std::remove_reference_t<decltype(x)>>(next++);
    if (name != "step" && name != "time") expected.push_back(static_cast<double>(x));
  };
  store::Measurement::measured(run.measurements[0], set);
  store::Measurement::position(run.measurements[0], set);
  std::vector<double> found;
  const NamedCurve curve = named_curve(run);
  for (const auto& [name, value] : curve.points.at(0).scalars)
    if (name != "lr") found.push_back(value);
  EXPECT_EQ(found, expected);
}

// One record worked out from the formats' descriptions.
TEST(TensorBoard, TheFirstFrameIsTheKnownOne) {
  NamedCurve curve;
  const std::string file = tensorboard_events(curve);
  // length 26, Event{wall_time 0, step 0, file_version "brain.Event:2"}
  const std::string data =
      std::string("\x09", 1) + std::string(8, '\0') + std::string("\x10\x00", 2) + "\x1a\x0d" + "brain.Event:2";
  ASSERT_EQ(file.size(), 8 + 4 + data.size() + 4);
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  EXPECT_EQ(length, data.size());
  EXPECT_EQ(file.substr(12, data.size()), data);
  // CRC-32C in bits, one at a time, from its polynomial.
  const auto masked = [](const std::string& bytes) {
    std::uint32_t crc = ~0U;
    for (const char c : bytes) {
      crc ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
    }
    crc = ~crc;
    return std::rotr(crc, 15) + 0xa282ead8U;
  };
  std::uint32_t stored = 0;
  std::memcpy(&stored, file.data() + 8, 4);
  EXPECT_EQ(stored, masked(file.substr(0, 8)));
  std::memcpy(&stored, file.data() + 12 + data.size(), 4);
  EXPECT_EQ(stored, masked(data));
}

TEST_F(CurvesTest, CheckFindsWhatIsNotOfTheStudy) {
  EXPECT_TRUE(check_study(path("s.db")).sound());
  EXPECT_EQ(check_study(path("s.db")).missing, 0);
  {
    auto store = open("s.db");
    store::RunRecord run = *store.run(0);
    run.index = 77;  // a sound record at a place where the study has none
    store.add(run);
  }
  const auto outside = check_study(path("s.db"));
  ASSERT_EQ(outside.problems.size(), 1U);
  EXPECT_NE(outside.problems[0].find("run 77: the study has runs 0 to 11"), std::string::npos) << outside.problems[0];
  const auto with = [&](const std::string& sql) {
    std::filesystem::copy_file(path("s.db"), path("t.db"), std::filesystem::copy_options::overwrite_existing);
    store::Database(path("t.db"), SQLITE_OPEN_READWRITE, "").execute("DELETE FROM runs WHERE run = 77;" + sql);
    const auto check = check_study(path("t.db"));
    return check.problems.empty() ? std::string() : check.problems[0];
  };
  EXPECT_EQ(with("DELETE FROM measurements WHERE run = 77"), "");
  EXPECT_NE(with("DELETE FROM measurements WHERE run = 77; UPDATE meta SET value = 'x' WHERE name = 'study_key'")
                .find("not the hash of its document"),
            std::string::npos);
  // Records of two runs exchanged, their checksums made good: only the study tells.
  auto exchanged = open("e.db");
  const auto runs = read().runs();
  for (const auto& [index, source] : {std::pair{0, 1}, std::pair{1, 0}}) {
    store::RunRecord run = runs[static_cast<std::size_t>(source)];
    run.index = index;
    exchanged.add(run);
  }
  const auto check = check_study(path("e.db"));
  ASSERT_EQ(check.problems.size(), 2U);
  EXPECT_NE(check.problems[0].find("not that of the study's run 0"), std::string::npos) << check.problems[0];
  EXPECT_EQ(check.points, 12);
}

}  // namespace
}  // namespace phaselaw::sweep
