// SPDX-License-Identifier: Apache-2.0
//
// How fast can matrix products be here? FLOP/s of numerics::gemm, the ceiling that forward + backward is measured
// against: square sizes, and the products of one transformer layer.
//
//   square/<type>/<size>/<threads>                  C = A B, size x size
//   layer/<type>/<pass>/<product>/<rows>x<out>x<in>  rows = tokens of a microbatch; one thread, as a worker runs it
//
// pass: forward Y = X W', input gradient dX = dY W, weight gradient dW = dY' X + dW.
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"

namespace {

using phaselaw::numerics::Op;

struct Shape {
  Op op_a, op_b;
  std::ptrdiff_t m, n, k;
  bool accumulate;
};

template <class T>
class Operands {
 public:
  explicit Operands(const Shape& shape)
      : shape_(shape),
        a_(random(shape.m * shape.k, "a")),
        b_(random(shape.k * shape.n, "b")),
        c_(random(shape.m * shape.n, "c")) {}

  void multiply() {
    const auto& s = shape_;
    phaselaw::numerics::gemm<T>(s.op_a, s.op_b, s.m, s.n, s.k, T(1), a_.data(), s.op_a == Op::none ? s.k : s.m,
                                b_.data(), s.op_b == Op::none ? s.n : s.k, T(s.accumulate ? 1 : 0), c_.data(), s.n);
    benchmark::DoNotOptimize(c_.data());
    benchmark::ClobberMemory();
  }

  // The last entry of C against its definition, before anything is timed.
  [[nodiscard]] bool is_right() {
    const auto& s = shape_;
    double sum = s.accumulate ? static_cast<double>(c_.back()) : 0.0, magnitude = std::abs(sum);
    for (std::ptrdiff_t l = 0; l < s.k; ++l) {
      const auto a = s.op_a == Op::none ? (s.m - 1) * s.k + l : l * s.m + s.m - 1;
      const auto b = s.op_b == Op::none ? l * s.n + s.n - 1 : (s.n - 1) * s.k + l;
      const double term =
          static_cast<double>(a_[static_cast<std::size_t>(a)]) * static_cast<double>(b_[static_cast<std::size_t>(b)]);
      sum += term;
      magnitude += std::abs(term);
    }
    multiply();
    const double eps = static_cast<double>(std::numeric_limits<T>::epsilon());
    return std::abs(static_cast<double>(c_.back()) - sum) <= static_cast<double>(s.k + 3) * eps * magnitude;
  }

 private:
  static std::vector<T> random(std::ptrdiff_t size, const char* purpose) {
    phaselaw::numerics::RandomStream stream(1, purpose);
    std::vector<T> values(static_cast<std::size_t>(size));
    for (auto& x : values) x = static_cast<T>(stream.normal());
    return values;
  }

  Shape shape_;
  std::vector<T> a_, b_, c_;
};

template <class T>
void run(benchmark::State& state, const Shape& shape, int threads) {
  phaselaw::numerics::set_blas_threads(threads);
  Operands<T> operands(shape);
  if (!operands.is_right()) return state.SkipWithError("the product is wrong");
  for (auto _ : state) operands.multiply();
  const double flop = 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.n) * static_cast<double>(shape.k);
  state.counters["FLOP"] = benchmark::Counter(flop, benchmark::Counter::kIsIterationInvariantRate);
}

template <class T>
void register_all(const std::string& type) {
  for (const std::ptrdiff_t size : {16, 32, 64, 128, 256, 512, 1024})
    for (const int threads : {1, 2}) {
      const auto name = fmt::format("square/{}/{}/{}", type, size, threads);
      const Shape shape{Op::none, Op::none, size, size, size, false};
      benchmark::RegisterBenchmark(name.c_str(), run<T>, shape, threads)->UseRealTime();
    }
  // The products of one layer with d_hidden = 4 d_model, on 128 tokens.
  constexpr std::ptrdiff_t kRows = 128;
  for (const std::ptrdiff_t d : {16, 32, 64, 128, 256})
    for (const auto& [product, out, in] : {std::tuple{"qkv", 3 * d, d}, std::tuple{"attn.o", d, d},
                                           std::tuple{"mlp.up", 4 * d, d}, std::tuple{"mlp.down", d, 4 * d}}) {
      const std::pair<const char*, Shape> passes[] = {
          {"forward", {Op::none, Op::transpose, kRows, out, in, false}},
          {"input-gradient", {Op::none, Op::none, kRows, in, out, false}},
          {"weight-gradient", {Op::transpose, Op::none, out, in, kRows, true}}};
      for (const auto& [pass, shape] : passes) {
        const auto name = fmt::format("layer/{}/{}/{}/{}x{}x{}", type, pass, product, kRows, out, in);
        benchmark::RegisterBenchmark(name.c_str(), run<T>, shape, 1)->UseRealTime();
      }
    }
}

}  // namespace

int main(int argc, char** argv) {
  register_all<float>("float");
  register_all<double>("double");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("blas", phaselaw::numerics::blas_description());
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
