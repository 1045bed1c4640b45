// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/arrays.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <utility>

#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/data/npy.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

namespace {

namespace fs = std::filesystem;
using Task = ArraysTask;

constexpr std::uint64_t kSeed = 7;  // part of the task: the same for every preset and --seed
constexpr std::int64_t kWindow = 3;
constexpr double kFloorMargin = 0.05;  // of the claim about the floor, relative
constexpr const char* kUnit = "squared, per output coordinate";

constexpr std::int64_t kBatch = 16;
constexpr std::int64_t kFewest = 1024;  // training sequences, for 4 steps in the shortest of five durations

constexpr const char* kModel = R"(seed = 1
[model]
n_layers = 2
n_heads = 2
branch_scale = 0.7
activation = "gelu"
parametrisation = "mup"
readout = "linear"
[data]
source = "arrays"
[training]
optimizer = "adamw"
batch = 16
warmup = 0.02
schedule = "wsd"
decay = 0.5
measurements_per_doubling = 1
)";
constexpr const char* kQuick = R"([grid]
"model.d_hidden" = [4, 16, 64]
"training.learning_rate" = [0.01, 0.03]
seeds = 3
)";
constexpr const char* kFull = R"([grid]
"model.d_hidden" = [4, 16, 64]
"training.learning_rate" = [0.01, 0.03]
seeds = 12
)";

// The sizes of the model, the files, and the data sizes that they allow.
struct Files {
  std::string x, y, store = "arrays";
  std::int64_t n = Task::kSequences, n_test = Task::kTest;
  std::int64_t seq_len = Task::kSeqLen, d_model = Task::kModel, d_out = Task::kOut;
};

Files made_files(const Context& context) {
  const fs::path folder = (context.out / "arrays").lexically_normal();
  Files files{.x = folder / "x.npy", .y = folder / "y.npy"};
  if (fs::exists(files.x) && fs::exists(files.y)) return files;
  fs::create_directories(folder);
  const auto task = make_arrays();
  data::write_npy(files.x, std::array{Task::kSequences, Task::kSeqLen, Task::kModel}, task.x);
  data::write_npy(files.y, std::array{Task::kSequences, Task::kSeqLen, Task::kOut}, task.y);
  return files;
}

Files users_files(const Context& context) {
  const auto x = data::read_npy(context.arrays_x, 3), y = data::read_npy(context.arrays_y, 3);
  if (x.shape[0] != y.shape[0] || x.shape[1] != y.shape[1])
    throw base::InputError({context.arrays_y},
                           fmt::format("expected shape ({}, {}, d_out) as {} has, found ({})", x.shape[0], x.shape[1],
                                       context.arrays_x, fmt::join(y.shape, ", ")));
  std::uint64_t hash = numerics::hash_text("");
  for (const auto* array : {&x, &y})
    hash = numerics::hash_text(
        {reinterpret_cast<const char*>(array->values.data()), array->values.size() * sizeof(double)}, hash);
  return {.x = context.arrays_x,
          .y = context.arrays_y,
          .store = fmt::format("arrays.{:016x}", hash),
          .n = x.shape[0],
          .n_test = std::min(Task::kTest, x.shape[0] / 4),
          .seq_len = x.shape[1],
          .d_model = x.shape[2],
          .d_out = y.shape[2]};
}

bool has_users_arrays(const Context& context) { return !context.arrays_x.empty(); }

// Whether the floors that the data allow contain the known one.
report::Claim floor_claim(const LadderStudy& study) {
  const auto& range = study.measured.range;
  report::Claim claim;
  claim.id = "E1.arrays.floor";
  claim.statement =
      "The floor of a power law fitted to the loss of the best runs is the noise that was added to the targets.";
  claim.source = "docs/theory/excess-risk.md: the loss is the excess risk and the noise xi^2 [T]";
  claim.standing = report::Standing::kImplied;
  claim_equal(noise_of_test(make_arrays()), kFloorMargin * noise_of_test(make_arrays()), claim);
  claim.predicted_text = fmt::format("{} (xi^2 = 0.04)", base::format_number(claim.predicted, 4));
  claim.unit = kUnit;
  claim.measured = range.floor;
  claim.lo = range.floor_lo;
  claim.hi = range.floor_hi;
  claim.degrees = range.dof;
  if (!range.bounded)
    claim.undecidable = "The data do not bound the floor on both sides, so its value is not a measurement.";
  claim.reading = fmt::format(
      "Floors that the data allow, against the mean square of the noise of the {} test sequences; the lowest loss is {}. "
      "What no trained model can represent is part of a fitted floor.",
      base::format_count(Task::kTest), base::format_number(range.smallest, 4));
  claim.would_change =
      "More data and compute, which bring the loss nearer to the floor, or wider models, which represent the target.";
  return claim;
}

}  // namespace

std::vector<double> arrays_target(const std::vector<double>& x) {
  numerics::RandomStream stream(kSeed, "arrays.target");
  std::vector<double> w(static_cast<std::size_t>(Task::kOut * Task::kModel));
  for (auto& entry : w) entry = std::sqrt(static_cast<double>(kWindow) / Task::kModel) * stream.normal();
  const auto rows = static_cast<std::int64_t>(x.size()) / Task::kModel;
  std::vector<double> y;
  y.reserve(static_cast<std::size_t>(rows * Task::kOut));
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t count = std::min(kWindow, row % Task::kSeqLen + 1);
    for (std::int64_t o = 0; o < Task::kOut; ++o) {
      double z = 0;
      for (std::int64_t past = row + 1 - count; past <= row; ++past)
        for (std::int64_t k = 0; k < Task::kModel; ++k)
          z += w[static_cast<std::size_t>(o * Task::kModel + k)] * x[static_cast<std::size_t>(past * Task::kModel + k)];
      y.push_back(std::tanh(z / static_cast<double>(count)));
    }
  }
  return y;
}

ArraysTask make_arrays(std::int64_t n_sequences) {
  ArraysTask task;
  const auto rows = static_cast<std::size_t>(n_sequences * Task::kSeqLen);
  numerics::RandomStream inputs(kSeed, "arrays.x"), noise(kSeed, "arrays.noise");
  for (std::size_t row = 0; row < rows; ++row) {
    std::array<double, Task::kModel> token{};
    double square = 0;
    for (auto& entry : token) {
      entry = inputs.normal();
      square += entry * entry;
    }
    for (const double entry : token) task.x.push_back(entry * std::sqrt(Task::kModel / square));
  }
  task.clean = arrays_target(task.x);
  task.y = task.clean;
  for (auto& entry : task.y) entry += Task::kNoise * noise.normal();
  return task;
}

double noise_of_test(const ArraysTask& task, std::int64_t n_test) {
  const auto count = static_cast<std::size_t>(n_test * Task::kSeqLen * Task::kOut);
  double sum = 0;
  for (std::size_t i = task.y.size() - count; i < task.y.size(); ++i)
    sum += (task.y[i] - task.clean[i]) * (task.y[i] - task.clean[i]);
  return sum / static_cast<double>(count);
}

StudyRuns arrays_runs(const Context& context) {
  const Files files = has_users_arrays(context) ? users_files(context) : made_files(context);
  const std::string start = kModel;
  base::Value document = context.document(start + kQuick, start + kFull, "arrays");
  const std::int64_t n_data = files.n - files.n_test, longest = n_data / kBatch;
  if (n_data < kFewest)
    throw base::InputError(
        {files.x},
        fmt::format(
            "expected at least {} sequences, of which a quarter is for testing, for runs of five durations that use "
            "each sequence once; found {}",
            4 * kFewest / 3 + 1, files.n));
  base::Value durations;
  for (const std::int64_t part : {16, 8, 4, 2, 1}) durations.push_back(longest / part);
  document["grid"]["training.steps"] = std::move(durations);
  document.set("data.n_data", n_data);
  document.set("data.x", files.x);
  document.set("data.y", files.y);
  document.set("data.n_test", files.n_test);
  document.set("model.seq_len", files.seq_len);
  document.set("model.d_model", files.d_model);
  document.set("model.d_head", std::max<std::int64_t>(1, files.d_model / 2));
  document.set("model.d_out", files.d_out);
  return carry_out_study(context, files.store, document);
}

LadderStudy arrays_study(const StudyRuns& runs) { return ladder_study("arrays", runs, kUnit); }

Finding arrays_ladder(const Context& context) {
  const auto runs = arrays_runs(context);
  const LadderStudy study = arrays_study(runs);
  const bool own = has_users_arrays(context);
  const std::string how =
      "Model sizes times durations, each sequence used once and each run with its own decay of the learning rate. "
      "Only the ends of the runs are judged, for every floor that they allow.";
  Finding finding = finding_of(
      study, runs,
      own ? "Your arrays without a known floor" : "Arrays with a known floor, from a target that is no transformer",
      own ? fmt::format("The sequences of {} and {}. {}", context.arrays_x, context.arrays_y, how)
          : "Each token's target is tanh of fixed random projections of the mean of the last three tokens, "
            "with noise of standard deviation 0.2. The student uses only the files, so the fit must find the floor that the "
            "noise makes; the page knows it and draws it. " +
                how,
      own ? NAN : noise_of_test(make_arrays()));
  if (!own) finding.section.claims.push_back(floor_claim(study));
  return finding;
}

}  // namespace phaselaw::reproduce
