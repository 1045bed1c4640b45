// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/training/trainer.h"

// What does rounding products to bfloat16 do to the loss? The table of docs/precision.md.
//
//   bench_training_study_precision TEXT [--steps S] [--seeds K] [--threads T]
//
// A byte model (d 32, N 2, m 128, L 32, batch 16, AdamW) on TEXT, a file or a folder: each learning rate with and
// without warm-up, K seeds, three variants: float32; float32 with another microbatch, which only changes the rounding
// of sums (the effect of differences of 1e-7 on training); bfloat16-emulated. Runs of one seed share weights and
// batches, so differences are taken in pairs. Loss: the last test loss in nats per token.
namespace {

using namespace phaselaw;

enum Way { kFloat32, kOtherSums, kBfloat16, kWays };

struct Run {
  double rate = 0, warmup = 0;
  int seed = 0, way = 0;
  double loss = std::nan("");  // NaN: diverged
};

model::ModelOptions byte_model() {
  model::ModelOptions o;
  o.d_model = 32;
  o.n_heads = 4;
  o.d_head = 8;
  o.d_hidden = 128;
  o.seq_len = 32;
  o.readout = model::Readout::tokens;
  o.activation = model::Activation::gelu;
  o.parametrisation = model::Parametrisation::standard;
  return o;
}

double loss_of(const Run& r, const data::Split& split, std::int64_t steps) {
  training::TrainingOptions options;
  options.optimizer = training::OptimizerKind::adamw;
  options.learning_rate = r.rate;
  options.weight_decay = 0.1;
  options.schedule = training::Schedule::cosine;
  options.warmup = r.warmup;
  options.final_fraction = 0.1;
  options.batch = 16;
  options.steps = steps;
  options.measurements_per_doubling = 1;
  options.microbatch = std::int64_t{r.way == kOtherSums ? 2 : 4};
  if (r.way == kBfloat16) options.precision = training::Precision::bfloat16_emulated;
  const auto seed = static_cast<std::uint64_t>(r.seed);
  const model::Transformer<float> model(byte_model());
  const auto result = training::train(model, model::initialise<float>(model.table(), seed), split, options, seed);
  return result.outcome == training::Outcome::finished ? result.curve.back().test_loss : std::nan("");
}

// Mean and standard deviation of those that did not diverge; "3 diverged" where some did.
std::string mean_and_spread(const std::vector<double>& all, const char* format_mean) {
  std::vector<double> finite;
  for (const double x : all)
    if (std::isfinite(x)) finite.push_back(x);
  std::string text = finite.size() < 2
                         ? std::string("-")
                         : fmt::format("{} ({:.5f})", fmt::format(fmt::runtime(format_mean), numerics::mean(finite)),
                                       numerics::standard_deviation(finite));
  if (finite.size() < all.size()) text += fmt::format(", {} diverged", all.size() - finite.size());
  return text;
}

void carry_out(std::vector<Run>& runs, const data::Split& split, std::int64_t steps, int threads) {
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&] {
      for (std::size_t i = next++; i < runs.size(); i = next++) runs[i].loss = loss_of(runs[i], split, steps);
    });
}

void print_row(const std::vector<Run>& runs) {
  std::vector<double> loss[kWays], difference[kWays];
  for (std::size_t i = 0; i < runs.size(); i += kWays)
    for (std::size_t way = 0; way < kWays; ++way) {
      loss[way].push_back(runs[i + way].loss);
      difference[way].push_back(runs[i + way].loss - runs[i].loss);
    }
  fmt::print("| {:g} | {:g} | {} | {} | {} | {} |\n", runs[0].rate, runs[0].warmup,
             mean_and_spread(loss[kFloat32], "{:.4f}"), mean_and_spread(loss[kBfloat16], "{:.4f}"),
             mean_and_spread(difference[kBfloat16], "{:+.5f}"), mean_and_spread(difference[kOtherSums], "{:+.5f}"));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: {} TEXT [--steps S] [--seeds K] [--threads T]\n", argv[0]);
    return 2;
  }
  std::int64_t steps = 1000;
  int seeds = 4, threads = 2;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--steps") steps = std::atoi(argv[i + 1]);
    if (flag == "--seeds") seeds = std::atoi(argv[i + 1]);
    if (flag == "--threads") threads = std::atoi(argv[i + 1]);
  }
  data::DataOptions text;
  text.source = data::Source::text;
  text.path = argv[1];
  text.n_data = 32768;
  text.n_test = 512;
  const auto split = data::make_split(text, byte_model(), 1);
  numerics::require_thread_safe_blas();
  const numerics::OneBlasThread one;
  fmt::print("{} steps, {} seeds; mean (standard deviation over seeds)\n\n", steps, seeds);
  fmt::print(
      "| learning rate | warm-up | loss, float32 | loss, bfloat16 | bfloat16 - float32 | other sums - float32 |\n");
  fmt::print("|---|---|---|---|---|---|\n");
  for (const double rate : {3e-4, 1e-3, 1e-2})
    for (const double warmup : {0.1, 0.0}) {
      std::vector<Run> runs;
      for (int seed = 1; seed <= seeds; ++seed)
        for (int way = 0; way < kWays; ++way) runs.push_back({rate, warmup, seed, way});
      carry_out(runs, split, steps, threads);
      print_row(runs);
    }
  return 0;
}
