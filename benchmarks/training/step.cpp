// SPDX-License-Identifier: Apache-2.0
//
// How many tokens per second does the trainer process, and how does that compare with the rate of its own products?
//
//   a, b, c  byte models (vocabulary 256, cross-entropy, AdamW); tiny: the theory's size (regression, SGD); float32
//   one      one model on one thread
//   many     --workers K models, each on a thread of its own; speedup = many / one, best K
//   threads  one model on K threads (the batch's shards; no more threads than shards)
//   ceiling  the time that a step's products (attention sums included, causal half only) would take at the rate of its
//            linear layers' products alone, as a fraction of the step; the rest is element-wise work and attention
//
//   bench_training_step [--only a,b,c,tiny] [--workers K] [--seconds S] [--rounds R] [--write DIR] [--json 1]
//
// A step is the trainer's own: train() on one batch, timed from observer to observer, steps with a measurement left
// out. S seconds of steps a case and round; rounds take turns; medians, and the least and the most of the rounds. Every
// worker's losses are checked first: all equal, and falling. --write puts theta_0, the batch and the optimiser of each
// configuration into DIR/<name>/ for peers.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/value.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/training/checkpoint.h"
#include "phaselaw/training/trainer.h"

namespace {

using namespace phaselaw;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kLosses = 10;  // number of steps with losses that are printed and compared

struct Case {
  std::string name;
  model::ModelOptions model;
  training::TrainingOptions training;
};

Case byte_case(const char* name, std::int64_t d, std::int64_t layers, std::int64_t heads, std::int64_t seq_len,
               std::int64_t batch) {
  Case c;
  c.name = name;
  auto& o = c.model;
  o.d_model = d;
  o.n_layers = layers;
  o.n_heads = heads;
  o.d_head = d / heads;
  o.d_hidden = 4 * d;
  o.seq_len = seq_len;
  o.readout = model::Readout::tokens;
  o.activation = model::Activation::gelu;
  o.parametrisation = model::Parametrisation::standard;
  c.training.optimizer = training::OptimizerKind::adamw;
  c.training.learning_rate = 3e-4;
  c.training.weight_decay = 0.1;
  c.training.batch = batch;
  return c;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases{byte_case("a", 64, 2, 4, 64, 16), byte_case("b", 128, 4, 4, 128, 16),
                          byte_case("c", 256, 6, 8, 256, 8)};
  Case tiny;
  tiny.name = "tiny";
  tiny.model.d_model = 16;
  tiny.model.d_hidden = 256;
  tiny.model.parametrisation = model::Parametrisation::standard;
  tiny.training.learning_rate = 1e-3;
  tiny.training.batch = 32;
  cases.push_back(tiny);
  return cases;
}

// One batch: uniform tokens, or normal vectors with normal targets.
data::Dataset one_batch(const Case& c, std::int64_t n) {
  const auto& o = c.model;
  numerics::RandomStream stream(1, "bench_training_step");
  data::Dataset set;
  set.n = n;
  set.seq_len = o.seq_len;
  set.d_out = o.outputs();
  if (o.reads_tokens()) {
    for (std::int64_t i = 0; i < n * o.seq_len; ++i) {
      set.tokens.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(o.vocab))));
      set.next_tokens.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(o.vocab))));
    }
  } else {
    set.d_in = o.d_model;
    for (std::int64_t i = 0; i < n * o.seq_len * o.d_model; ++i) {
      set.x.push_back(stream.normal());
      set.y.push_back(stream.normal());
    }
  }
  return set;
}

class Stopwatch final : public training::Observer<float> {
 public:
  void on_step(std::int64_t step, std::span<const float>, std::span<const float>, double loss) override {
    const auto now = Clock::now();
    if (!measured_ && step >= kWarmUp) seconds.push_back(std::chrono::duration<double>(now - last_).count());
    if (step < kLosses) losses.push_back(loss);
    measured_ = false;
    last_ = now;
  }
  void on_measurement(const training::Measurement&, std::span<const float>) override { measured_ = true; }

  static constexpr std::int64_t kWarmUp = 3;
  std::vector<double> seconds, losses;

 private:
  Clock::time_point last_;
  bool measured_ = false;
};

struct Timing {
  double step_s = 0;
  std::int64_t microbatch = 0;
  std::vector<double> losses;
};

struct Setup {
  const Case& c;
  model::Transformer<float> model;
  std::vector<float> theta;
  data::Split data;

  explicit Setup(const Case& from) : c(from), model(from.model), theta(model::initialise<float>(model.table(), 1)) {
    data.train = one_batch(c, c.training.batch);
    data.test = one_batch(c, 1);
  }

  [[nodiscard]] Timing run(std::int64_t steps, int team = 1) const {
    training::TrainingOptions options = c.training;
    options.steps = std::max(steps, kLosses + 1);
    options.measurements_per_doubling = 1;
    Stopwatch watch;
    training::Observer<float>* observers[] = {&watch};
    const auto result = training::train(model, theta, data, options, 1, observers, {}, team);
    PHASELAW_CHECK(result.outcome == training::Outcome::finished);
    return {numerics::median(watch.seconds), result.microbatch, watch.losses};
  }

  // K models at once, started together; tokens/s is the sum over them.
  [[nodiscard]] std::vector<Timing> run_many(std::int64_t steps, int workers) const {
    std::vector<Timing> timings(static_cast<std::size_t>(workers));
    std::barrier start(workers);
    std::vector<std::jthread> threads;
    for (auto& timing : timings)
      threads.emplace_back([&, this] {
        start.arrive_and_wait();
        timing = run(steps);
      });
    threads.clear();
    return timings;
  }

  [[nodiscard]] double tokens() const { return static_cast<double>(c.training.batch * c.model.seq_len); }
};

// FLOP/s of the linear layers' products, forward and backward, in the order and at the sizes of one pass.
class Products {
 public:
  Products(const Setup& setup, std::int64_t microbatch)
      : setup_(setup), rows_(microbatch * setup.c.model.seq_len), gradient_(setup.theta.size()) {
    std::int64_t widest = 0;
    for (const auto& block : setup.model.table().blocks()) widest = std::max({widest, block.rows, block.cols});
    numerics::RandomStream stream(1, "products");
    for (auto* side : {&x_, &y_, &dx_}) {
      side->resize(static_cast<std::size_t>(3 * widest * rows_));
      for (auto& value : *side) value = static_cast<float>(stream.normal());
    }
  }

  [[nodiscard]] double flop_per_s(double seconds) {
    std::vector<double> rates;
    const auto begin = Clock::now();
    do {
      const auto start = Clock::now();
      const double flop = pass();
      rates.push_back(flop / std::chrono::duration<double>(Clock::now() - start).count());
    } while (rates.size() < 5 || std::chrono::duration<double>(Clock::now() - begin).count() < seconds);
    return numerics::median(rates);
  }

 private:
  double pass() {
    double flop = 0;
    for (const auto& block : setup_.model.table().blocks()) {
      using model::BlockKind;
      if (block.kind == BlockKind::embed || block.kind == BlockKind::position || block.kind == BlockKind::attn_k ||
          block.kind == BlockKind::attn_v)
        continue;
      const std::int64_t out = block.kind == BlockKind::attn_q ? 3 * block.rows : block.rows, in = block.cols;
      const float* w = setup_.theta.data() + block.offset;
      using numerics::gemm, numerics::Op;
      gemm<float>(Op::none, Op::transpose, rows_, out, in, 1, x_.data(), in, w, in, 0, y_.data(), out);
      gemm<float>(Op::none, Op::none, rows_, in, out, 1, y_.data(), out, w, in, 0, dx_.data(), in);
      gemm<float>(Op::transpose, Op::none, out, in, rows_, 1e-6F, y_.data(), out, x_.data(), in, 1,
                  gradient_.data() + block.offset, in);
      flop += 6.0 * static_cast<double>(rows_ * out * in);
    }
    return flop;
  }

  const Setup& setup_;
  std::int64_t rows_;
  std::vector<float> x_, y_, dx_, gradient_;
};

template <class T>
void write_numbers(const std::string& path, const std::vector<T>& numbers) {
  base::write_file(path, {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T)});
}

// For peers: weights.safetensors (its metadata hold the model's section), training.json, and the batch: tokens.i32 and
// next_tokens.i32, or x.f64 and y.f64.
void write_case(const std::string& folder, const Setup& setup) {
  std::filesystem::create_directories(folder);
  const auto& t = setup.c.training;
  training::write_checkpoint<float>(folder + "/weights.safetensors", setup.c.model, setup.theta);
  base::write_file(folder + "/training.json",
                   base::to_json(base::Value::table({{"batch", t.batch},
                                                     {"adamw", t.optimizer == training::OptimizerKind::adamw},
                                                     {"learning_rate", t.learning_rate.value},
                                                     {"beta1", t.beta1},
                                                     {"beta2", t.beta2},
                                                     {"adam_eps", t.adam_eps},
                                                     {"weight_decay", t.weight_decay}})));
  if (setup.c.model.reads_tokens()) {
    write_numbers(folder + "/tokens.i32", setup.data.train.tokens);
    write_numbers(folder + "/next_tokens.i32", setup.data.train.next_tokens);
  } else {
    write_numbers(folder + "/x.f64", setup.data.train.x);
    write_numbers(folder + "/y.f64", setup.data.train.y);
  }
}

struct Rounds {
  std::vector<double> one, many, threads, speedup, ceiling;
};

bool right(const Setup& setup, const std::vector<Timing>& timings) {
  const auto& first = timings[0].losses;
  bool good = first.back() < first.front();
  for (const Timing& timing : timings) good = good && timing.losses == first;
  if (!good) std::printf("%s: losses differ between workers or do not fall; nothing timed\n", setup.c.name.c_str());
  return good;
}

std::string spread(const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return fmt::format("{:9.0f} ({:.0f} to {:.0f})", numerics::median(values), *least, *most);
}

void print(const Setup& setup, const Rounds& rounds, const Timing& timing, int workers, bool json) {
  if (json) {
    std::puts(base::to_json(base::Value::table({{"config", setup.c.name},
                                                {"workers", workers},
                                                {"one", base::Value(rounds.one)},
                                                {"many", base::Value(rounds.many)},
                                                {"threads", base::Value(rounds.threads)},
                                                {"speedup", base::Value(rounds.speedup)},
                                                {"ceiling", base::Value(rounds.ceiling)},
                                                {"microbatch", timing.microbatch},
                                                {"losses", base::Value(timing.losses)}}),
                            -1)
                  .c_str());
    return;
  }
  fmt::print(
      "{:5s} one {} tokens/s   many({}) {} tokens/s   speedup {:.2f}   threads({}) {}   ceiling {:.0f} %   microbatch {}\n",
      setup.c.name, spread(rounds.one), workers, spread(rounds.many), numerics::median(rounds.speedup), workers,
      spread(rounds.threads), 100 * numerics::median(rounds.ceiling), timing.microbatch);
}

}  // namespace

int main(int argc, char** argv) {
  int workers = 2, n_rounds = 3;
  double seconds = 2;
  bool json = false;
  std::string only = ",a,b,c,tiny,", folder;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i], value = argv[i + 1];
    if (flag == "--only") only = "," + value + ",";
    if (flag == "--workers") workers = std::max(1, std::atoi(argv[i + 1]));
    if (flag == "--seconds") seconds = std::atof(argv[i + 1]);
    if (flag == "--rounds") n_rounds = std::atoi(argv[i + 1]);
    if (flag == "--write") folder = value;
    if (flag == "--json") json = value != "0";
  }
  numerics::require_thread_safe_blas();
  numerics::set_blas_threads(1);
  if (!json) std::printf("%s\n", numerics::blas_description().c_str());
  for (const Case& c : all_cases()) {
    if (only.find("," + c.name + ",") == std::string::npos) continue;
    const Setup setup(c);
    if (!folder.empty()) write_case(folder + "/" + c.name, setup);
    auto timings = setup.run_many(kLosses, workers);
    timings.push_back(setup.run(kLosses, workers));
    if (!right(setup, timings)) return 1;
    const auto steps = static_cast<std::int64_t>(seconds / timings[0].step_s);
    const double products = model::sequence_cost(c.model).products_flop * static_cast<double>(c.training.batch);
    Products ceiling(setup, timings[0].microbatch);
    Rounds rounds;
    for (int round = 0; round < n_rounds; ++round) {
      const double one = setup.run(steps).step_s, rate = ceiling.flop_per_s(seconds / 4);
      double many = 0;
      for (const Timing& timing : setup.run_many(steps, workers)) many += setup.tokens() / timing.step_s;
      rounds.one.push_back(setup.tokens() / one);
      rounds.threads.push_back(setup.tokens() / setup.run(steps, workers).step_s);
      rounds.many.push_back(many);
      rounds.speedup.push_back(many * one / setup.tokens());
      rounds.ceiling.push_back(products / rate / one);
    }
    print(setup, rounds, timings[0], workers, json);
    std::fflush(stdout);
  }
  return 0;
}
