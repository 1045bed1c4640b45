// SPDX-License-Identifier: Apache-2.0
//
// How close is one forward + backward pass to the matrix-product ceiling? For each configuration: one float32 worker on
// one thread, microbatches as the trainer uses them.
//
//   FLOP      counted exactly (model/flops.h) per second, element-wise work included
//   ceiling   the part of it in matrix products, as a fraction of the rate of a 512 x 512 x 512 product A B'
//   tokens    per second
#include <algorithm>
#include <ctime>
#include <limits>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"

namespace {

using namespace phaselaw;

struct Configuration {
  const char* name;
  std::int64_t d_model, n_layers, n_heads, d_hidden, seq_len, microbatch;
  model::Readout readout;
};

// theory: the size at which the theory's experiments run; a, b, c: byte models of growing width.
constexpr Configuration kConfigurations[] = {
    {"theory", 16, 2, 2, 256, 8, 16, model::Readout::identity},
    {"a", 64, 2, 4, 256, 64, 2, model::Readout::tokens},
    {"b", 128, 4, 4, 512, 128, 1, model::Readout::tokens},
    {"c", 256, 6, 8, 1024, 256, 1, model::Readout::tokens},
};

// CPU time, like the benchmark's counters: other work on the machine counts for neither.
double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Of one 512^3 product: the shortest of 15.
double ceiling_flop_per_s() {
  constexpr std::ptrdiff_t kSize = 512;
  std::vector<float> a(kSize * kSize, 0.5F), b(kSize * kSize, 0.25F), c(kSize * kSize);
  double seconds = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 15; ++i) {
    const double start = thread_seconds();
    numerics::gemm<float>(numerics::Op::none, numerics::Op::transpose, kSize, kSize, kSize, 1.0F, a.data(), kSize,
                          b.data(), kSize, 0.0F, c.data(), kSize);
    benchmark::DoNotOptimize(c.data());
    seconds = std::min(seconds, thread_seconds() - start);
  }
  return 2.0 * kSize * kSize * kSize / seconds;
}

void forward_backward(benchmark::State& state, const Configuration& c) {
  model::ModelOptions o;
  o.d_model = c.d_model;
  o.n_layers = c.n_layers;
  o.n_heads = c.n_heads;
  o.d_head = c.d_model / c.n_heads;
  o.d_hidden = c.d_hidden;
  o.seq_len = c.seq_len;
  o.readout = c.readout;
  o.activation = model::Activation::gelu;
  const model::Transformer<float> transformer(o);
  model::Transformer<float>::Workspace workspace(transformer, c.microbatch);
  const auto theta = model::initialise<float>(transformer.table(), 1);
  numerics::RandomStream stream(1, "benchmark");
  const auto rows = static_cast<std::size_t>(c.microbatch * c.seq_len);
  std::vector<float> vectors(rows * static_cast<std::size_t>(c.d_model));
  std::vector<std::int32_t> tokens;
  for (auto& x : vectors) x = static_cast<float>(stream.normal());
  for (std::size_t i = 0; i < rows; ++i) tokens.push_back(static_cast<std::int32_t>(stream.below(256)));
  model::Inputs<float> inputs;
  inputs.n = c.microbatch;
  if (o.reads_tokens())
    inputs.tokens = tokens.data();
  else
    inputs.vectors = vectors.data();
  std::vector<float> outputs(rows * static_cast<std::size_t>(o.outputs())), gradient(theta.size());
  const double ceiling = ceiling_flop_per_s();
  for (auto _ : state) {
    transformer.forward(theta, inputs, workspace, outputs.data());
    transformer.backward(theta, inputs, workspace, outputs.data(), gradient);
    benchmark::DoNotOptimize(gradient.data());
  }
  const auto cost = model::sequence_cost(o);
  const double passes = static_cast<double>(state.iterations() * c.microbatch);
  using benchmark::Counter;
  state.counters["FLOP"] = Counter(cost.training_flop() * passes, Counter::kIsRate);
  state.counters["tokens"] = Counter(passes * static_cast<double>(c.seq_len), Counter::kIsRate);
  state.counters["ceiling"] = Counter(cost.products_flop * passes / ceiling, Counter::kIsRate);
  state.counters["workspace_MB"] = static_cast<double>(workspace.bytes()) / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  numerics::set_blas_threads(1);
  benchmark::AddCustomContext("blas", numerics::blas_description());
  for (const auto& c : kConfigurations)
    benchmark::RegisterBenchmark(fmt::format("forward_backward/{}", c.name).c_str(), forward_backward, c)
        ->Unit(benchmark::kMillisecond);
  benchmark::RunSpecifiedBenchmarks();
}
