// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <set>
#include <variant>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"
#include "phaselaw/data/npy.h"
#include "phaselaw/verbs/experiment.h"
#include "phaselaw/verbs/kernel.h"
#include "phaselaw/verbs/sweep.h"
#include "phaselaw/verbs/train.h"

// The program adds nothing to what a verb answers, and takes nothing away: its JSON is that of the library.
namespace phaselaw {
namespace {

constexpr const char* kExperiment =
    "seed = 2\n[model]\nn_layers = 1\nd_model = 4\nd_hidden = 16\nn_heads = 1\nd_head = 4\nseq_len = 3\n"
    "activation = \"gelu\"\n[data]\nn_data = 6\nn_test = 8\nnoise = 0.1\n[training]\nbatch = 3\nsteps = 60\n"
    "[flow]\npoints = 8\nrecords = 3\n";

class Answers : public testing::CliFixture {
 protected:
  void SetUp() override {
    CliFixture::SetUp();
    write("e.toml", kExperiment);
    write("s.toml", std::string(kExperiment) + "[grid]\n\"model.output_scale\" = [10.0, 100.0]\nseeds = 2\n");
    base::set_quiet(true);
  }
  [[nodiscard]] sweep::Experiment experiment() { return sweep::experiment_from(base::read_toml(path("e.toml"))); }

  // As text, without what belongs to the moment or to the machine.
  static std::string lasting(const base::Value& value) {
    static const std::set<std::string> kPassing = {"made_by", "seconds",          "seconds_beside",
                                                   "threads", "training_seconds", "prediction_over_training"};
    if (value.is_list()) {
      std::string text;
      for (const auto& item : value.list()) text += lasting(item) + ",";
      return "[" + text + "]";
    }
    if (!value.is_table()) return base::to_json(value, -1);
    std::string text;
    for (const auto& [key, item] : value.entries())
      if (!kPassing.contains(key)) text += key + ": " + lasting(item) + ",\n";
    return "{" + text + "}";
  }

  // Runs the program; its JSON and the answer's are the same, in the same order.
  void expect_program_says(const base::Value& answer, std::vector<std::string> words) {
    words.insert(words.end(), {"--json", path("j.json"), "--quiet"});
    const auto outcome = run(words);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(lasting(base::read_json(path("j.json"))), lasting(base::parse_json(base::to_json(answer), "answer")));
  }
};

TEST_F(Answers, Kernel) {
  verbs::KernelRequest request;
  request.experiment = experiment();
  request.seed = 5;
  const auto answer = verbs::tangent_kernel(request);
  expect_program_says(answer.json, {"kernel", path("e.toml"), "--out", path("k"), "--seed", "5"});
  const auto& dense = std::get<verbs::DenseAnswer<double>>(answer.found);
  EXPECT_EQ(data::read_npy(path("k") + "/kernel.npy").values,
            std::vector<double>(dense.kernel.total.data(), dense.kernel.total.data() + dense.kernel.total.size()));

  auto& task = request.experiment.kernel;
  task.dtype = kernel::Dtype::float32;
  task.detail = kernel::Detail::blocks;
  task.reduce = kernel::Reduce::sequence;
  expect_program_says(verbs::tangent_kernel(request).json,
                      {"kernel", path("e.toml"), "--out", path("k"), "--seed", "5", "--dtype", "float32", "--detail",
                       "blocks", "--reduce", "sequence"});

  request.experiment.kernel = {};
  request.experiment.kernel.spectrum_only = true;
  expect_program_says(verbs::tangent_kernel(request).json,
                      {"kernel", path("e.toml"), "--out", path("k"), "--seed", "5", "--spectrum-only"});
}

// The spectrum destroys no matrix: every one is, to the bit, what it is where no spectrum was asked for.
TEST_F(Answers, KernelKeepsItsMatrices) {
  for (const auto dtype : {kernel::Dtype::float64, kernel::Dtype::float32}) {
    verbs::KernelRequest request;
    request.experiment = experiment();
    request.experiment.kernel.dtype = dtype;
    const auto answer = verbs::tangent_kernel(request);
    const auto check = [&]<class T>(const verbs::DenseAnswer<T>& dense) {
      const auto alone = kernel::dense_kernel<T>(dense.inputs.model, dense.inputs.theta, dense.inputs.inputs,
                                                 request.experiment.kernel);
      const auto same = [](const numerics::Matrix<T>& a, const numerics::Matrix<T>& b) {
        return a.size() == b.size() &&
               std::memcmp(a.data(), b.data(), sizeof(T) * static_cast<std::size_t>(a.size())) == 0;
      };
      EXPECT_TRUE(same(dense.kernel.total, alone.total));
      ASSERT_EQ(dense.kernel.parts.size(), 1U);
      EXPECT_TRUE(same(dense.kernel.parts[0].values, alone.parts[0].values));
      EXPECT_EQ(dense.spectrum.spectrum.eigenvalues.size(), 72U);
      EXPECT_EQ(dense.spectrum.coefficients.size(), 72U);
    };
    if (dtype == kernel::Dtype::float64)
      check(std::get<verbs::DenseAnswer<double>>(answer.found));
    else
      check(std::get<verbs::DenseAnswer<float>>(answer.found));
  }
}

TEST_F(Answers, KernelRefusesWhatContradictsItself) {
  verbs::KernelRequest request;
  request.experiment = experiment();
  request.experiment.kernel.memory_limit = -1;
  EXPECT_THROW((void)verbs::tangent_kernel(request), base::InputError);
  request.experiment.kernel = {};
  request.distributed = true;
  EXPECT_THROW((void)verbs::tangent_kernel(request), base::InputError);
}

TEST_F(Answers, Flow) {
  verbs::FlowRequest request;
  request.document = base::read_toml(path("e.toml"));
  request.seed = 4;
  expect_program_says(std::get<verbs::FlowAnswer>(verbs::flow(request)).json,
                      {"flow", path("e.toml"), "--out", path("f"), "--seed", "4"});
  request.document = base::read_toml(path("s.toml"));
  request.threads = 1;
  expect_program_says(std::get<verbs::DriftAnswer>(verbs::flow(request)).json,
                      {"flow", path("s.toml"), "--out", path("g"), "--seed", "4", "--threads", "1"});
}

TEST_F(Answers, Predict) {
  verbs::PredictRequest request;
  request.experiment = experiment();
  request.seed = 4;
  request.options.n_data = {2, 4, 6};
  request.options.folds = 2;
  request.options.resamples = 10;
  request.options.check = true;
  request.options.replicates = 1;
  expect_program_says(verbs::predict(request).json,
                      {"predict", path("e.toml"), "--out", path("p"), "--seed", "4", "--n-data", "6,2", "4", "--folds",
                       "2", "--resamples", "10", "--check", "--replicates", "1"});
  request.options.subsets = 0;
  EXPECT_THROW((void)verbs::predict(request), base::InputError);
}

TEST_F(Answers, Theory) {
  theory::TheoryNumbers numbers;
  numbers.compute = 1e12;
  numbers.noise = 0.3;
  numbers.edition = "v3";
  expect_program_says(verbs::theory(numbers).json, {"theory", "--compute", "1T", "--noise", "0.3", "--edition", "v3"});
  verbs::ExperimentRequest request;
  request.experiment = experiment();
  request.seed = 4;
  expect_program_says(verbs::measured_constants(request).json, {"theory", "--from", path("e.toml"), "--seed", "4"});
}

TEST_F(Answers, Train) {
  verbs::TrainRequest request;
  request.experiment = experiment();
  request.seed = 4;
  request.threads = 1;
  const auto answer = verbs::train(request);
  expect_program_says(answer.json, {"train", path("e.toml"), "--out", path("t"), "--seed", "4", "--threads", "2"});
  EXPECT_EQ(base::to_json(base::read_json(path("t") + "/run.json").at("configuration")),
            base::to_json(answer.result.configuration.value));
}

TEST_F(Answers, Sweep) {
  verbs::SweepRequest request;
  request.study = path("study.toml");
  request.out = path("library.db");
  request.shard = "1/2";
  request.seed = 4;
  expect_program_says(verbs::sweep(request).json,
                      {"sweep", path("study.toml"), "--out", path("program.db"), "--shard", "1/2", "--seed", "4"});
  EXPECT_EQ(run({"export", path("program.db")}).out, run({"export", path("library.db")}).out);
  request.study = base::read_toml(path("study.toml"));
  request.shard.clear();
  const auto plan = verbs::plan_sweep(request);
  EXPECT_EQ(plan.already_there, 2U);
  EXPECT_EQ(plan.runs.size(), 2U);
  request.checkpoint_every = -1;
  EXPECT_THROW((void)verbs::sweep(request), base::InputError);
}

}  // namespace
}  // namespace phaselaw
