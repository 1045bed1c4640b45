// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "cli/cli_fixture.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/value.h"
#include "phaselaw/data/npy.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/training/checkpoint.h"

namespace phaselaw {
namespace {

class KernelVerb : public testing::CliFixture {
 protected:
  void SetUp() override {
    CliFixture::SetUp();
    write("k.toml", kExperiment);
  }
  static constexpr const char* kExperiment =
      "[model]\nn_layers = 2\nd_model = 4\nd_hidden = 16\nn_heads = 1\nd_head = 4\nseq_len = 3\n[data]\nn_data = 4\n"
      "n_test = 1\n";
};

TEST_F(KernelVerb, WritesTheContractedFilesAndItsLayersSumToIt) {
  ASSERT_EQ(run({"kernel", path("k.toml"), "--out", path("k"), "--quiet"}).code, 0);
  const auto total = data::read_npy(path("k") + "/kernel.npy");
  const auto first = data::read_npy(path("k") + "/kernel_layer_0.npy"),
             second = data::read_npy(path("k") + "/kernel_layer_1.npy");
  ASSERT_EQ(total.shape, (std::vector<std::int64_t>{48, 48}));
  double trace = 0;
  for (std::size_t i = 0; i < total.values.size(); ++i) {
    EXPECT_NEAR(total.values[i], first.values[i] + second.values[i], 1e-13 * (1 + std::abs(total.values[i])));
    if (i % 49 == 0) trace += total.values[i];
  }
  for (const char* name : {"inputs.npy", "outputs.npy", "targets.npy", "weights.safetensors", "spectrum.csv"})
    EXPECT_TRUE(std::filesystem::exists(path("k") + "/" + name)) << name;
  const auto json = base::read_json(path("k") + "/kernel.json");
  EXPECT_EQ(json.at("n_rows").integer(), 48);
  EXPECT_NEAR(json.at("trace").number(), trace, 1e-12 * trace);
  for (const char* key :
       {"lambda_min", "lambda_max", "condition_number", "effective_rank", "gflop", "seconds", "n_params"})
    EXPECT_NE(json.find(key), nullptr) << key;
  EXPECT_EQ(json.at("layers").list().size(), 2U);
  for (const char* key : {"name", "trace", "lambda_min", "lambda_max"})
    EXPECT_NE(json.at("layers").list().front().find(key), nullptr) << key;
}

TEST_F(KernelVerb, MatrixFreeAgreesWithTheMatrix) {
  ASSERT_EQ(run({"kernel", path("k.toml"), "--out", path("k"), "--quiet"}).code, 0);
  ASSERT_EQ(run({"kernel", path("k.toml"), "--out", path("f"), "--spectrum-only", "--quiet"}).code, 0);
  const auto dense = base::read_json(path("k") + "/kernel.json"), free = base::read_json(path("f") + "/kernel.json");
  EXPECT_NEAR(free.at("lambda_max").number(), dense.at("lambda_max").number(), 1e-8 * dense.at("lambda_max").number());
  EXPECT_NEAR(free.at("trace").number(), dense.at("trace").number(),
              5 * free.at("trace_standard_error").number() + 1e-9 * dense.at("trace").number());
  EXPECT_FALSE(std::filesystem::exists(path("f") + "/kernel.npy"));
}

TEST_F(KernelVerb, ReductionsAndBlocksHaveTheirShapes) {
  ASSERT_EQ(run({"kernel", path("k.toml"), "--out", path("c"), "--reduce", "coordinates", "--dtype", "float32"}).code,
            0);
  EXPECT_EQ(data::read_npy(path("c") + "/kernel.npy").shape, (std::vector<std::int64_t>{12, 12}));
  ASSERT_EQ(run({"kernel", path("k.toml"), "--out", path("s"), "--reduce", "sequence", "--detail", "blocks"}).code, 0);
  EXPECT_EQ(data::read_npy(path("s") + "/kernel_layers.1.mlp.up.npy").shape, (std::vector<std::int64_t>{4, 4}));
}

// Every option that has a flag is a key of [kernel] too, and the flag goes before the key.
TEST_F(KernelVerb, FlagsLieOverTheSectionOfTheFile) {
  write("s.toml",
        std::string(kExperiment) +
            "[kernel]\ndtype = \"float32\"\nreduce = \"coordinates\"\ndetail = \"total\"\nmemory_limit = 10\n");
  expect_bad({"kernel", path("s.toml"), "--out", path("s"), "--quiet"}, "the limit is 1e-8 GB");
  ASSERT_EQ(run({"kernel", path("s.toml"), "--out", path("s"), "--memory-limit", "1G", "--quiet"}).code, 0);
  const auto json = base::read_json(path("s") + "/kernel.json");
  EXPECT_EQ(json.at("dtype").text(), "float32");
  EXPECT_EQ(json.at("reduce").text(), "coordinates");
  EXPECT_TRUE(json.at("layers").list().empty());
  ASSERT_EQ(run({"kernel", path("s.toml"), "--out", path("s"), "--memory-limit", "0", "--dtype", "float64", "--reduce",
                 "none", "--detail", "layers", "--quiet"})
                .code,
            0);
  const auto other = base::read_json(path("s") + "/kernel.json");
  EXPECT_EQ(other.at("dtype").text(), "float64");
  EXPECT_EQ(other.at("n_rows").integer(), 48);
  EXPECT_EQ(other.at("layers").list().size(), 2U);
  write("f.toml", std::string(kExperiment) + "[kernel]\nspectrum_only = true\n");
  ASSERT_EQ(run({"kernel", path("f.toml"), "--out", path("f"), "--seed", "3", "--quiet"}).code, 0);
  const auto free = base::read_json(path("f") + "/kernel.json");
  EXPECT_EQ(free.at("algorithm").text().substr(0, 11), "matrix-free");
  EXPECT_EQ(free.at("configuration").at("seed").integer(), 3);
}

TEST_F(KernelVerb, TrainedWeightsAreReadAndWrongOnesNamed) {
  ASSERT_EQ(run({"train", path("k.toml"), "--out", path("t"), "--quiet"}).code, 0);
  const std::string weights = path("t") + "/weights.safetensors";
  EXPECT_EQ(run({"kernel", path("k.toml"), "--out", path("k"), "--weights", weights}).code, 0);
  auto wide = base::parse_toml(kExperiment, "k.toml");
  write("wide.toml", "[model]\nn_layers = 2\nd_model = 4\nd_hidden = 17\nn_heads = 1\nd_head = 4\nseq_len = 3\n");
  expect_bad({"kernel", path("wide.toml"), "--out", path("w"), "--weights", weights, "--quiet"}, "layers.0.mlp.up");
  const std::string bytes = base::read_text(weights);
  write("cut.safetensors", bytes.substr(0, bytes.size() - 9));
  expect_bad({"kernel", path("k.toml"), "--out", path("w"), "--weights", path("cut.safetensors"), "--quiet"},
             "cut.safetensors");
  const auto e = sweep::experiment_from(wide);
  auto theta = training::read_checkpoint<float>(weights, e.model);
  theta[0] = std::numeric_limits<float>::quiet_NaN();
  training::write_checkpoint<float>(path("nan.safetensors"), e.model, theta);
  expect_bad({"kernel", path("k.toml"), "--out", path("w"), "--weights", path("nan.safetensors"), "--quiet"},
             "layers.0.attn.q");
  EXPECT_FALSE(std::filesystem::exists(path("w") + "/kernel.json"));
}

TEST_F(KernelVerb, BadFlagsAndLimitsAreOneErrorEach) {
  expect_bad({"kernel", path("k.toml"), "--out", path("w"), "--memory-limit", "10K", "--quiet"}, "--spectrum-only");
  expect_bad({"kernel", path("k.toml"), "--out", path("w"), "--memory-limit", "8 potatoes"},
             "--memory-limit: expected a size such as 8G");
  expect_bad({"kernel", path("k.toml"), "--out", path("w"), "--dtype", "f32"}, "known: float32, float64");
  expect_bad({"kernel", path("k.toml"), "--out", path("w"), "--reduce", "sequences"}, "did you mean 'sequence'");
  expect_bad({"kernel", path("k.toml"), "--out", path("w"), "--algorithm", "sandwhich"}, "did you mean 'sandwich'");
  expect_bad({"kernel", path("k.toml"), "--out", path("w"), "--spectrum-only", "--detail", "blocks"},
             "--spectrum-only");
  expect_bad({"kernel", path("k.toml"), "--out", path("w"), "--spectrum-only", "--distributed"}, "--distributed");
  expect_bad({"kernel", path("k.toml"), "--out", path("w"), "--blocks"}, "use --detail blocks");
  expect_bad({"kernel", path("k.toml"), "--out", path("w"), "--threads", "-1"}, "--threads: expected an integer >= 0");
  expect_bad({"kernel", path("k.toml"), "--out", path("curve.csv") + "/k"}, "--out");
}

TEST_F(KernelVerb, FewerParametersThanRowsIsSaid) {
  write("thin.toml",
        "[model]\nn_layers = 1\nd_model = 4\nd_hidden = 1\nn_heads = 1\nd_head = 1\nseq_len = 3\n[data]\nn_data = 8\n"
        "n_test = 1\n");
  const auto outcome = run({"kernel", path("thin.toml"), "--out", path("k")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("24 parameters for 96 rows"), std::string::npos) << outcome.err;
  const auto dense = base::read_json(path("k") + "/kernel.json");
  EXPECT_LE(dense.at("numerical_rank").integer(), 24);
  ASSERT_EQ(run({"kernel", path("thin.toml"), "--out", path("d"), "--spectrum-only", "--quiet"}).code, 0);
  const auto dual = base::read_json(path("d") + "/kernel.json");
  EXPECT_EQ(dual.at("spectrum_of").text().substr(0, 4), "dual");
  EXPECT_NEAR(dual.at("lambda_max").number(), dense.at("lambda_max").number(), 1e-8 * dense.at("lambda_max").number());
}

}  // namespace
}  // namespace phaselaw
