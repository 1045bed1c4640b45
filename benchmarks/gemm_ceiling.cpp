// SPDX-License-Identifier: Apache-2.0
//
// How fast can matrix products be here? FLOP/s of numerics::gemm, the ceiling that forward + backward is measured
// against: square sizes, and the products of one transformer layer.
//
//   square/<type>/<size>/<threads>                  C = A B, size x size
//   layer/<type>/<pass>/<product>/<rows>x<out>x<in>  rows = tokens of a microbatch; one thread, as a worker runs it
//   engine/<library>/<pass>/...                      the same in float by each library behind numerics::gemm: what the
//                                                    choice between them rests on (docs/decisions/003)
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
#include "phaselaw/numerics/gemm_engines.h"
#include "phaselaw/numerics/random.h"

namespace {

using phaselaw::numerics::GemmEngine;
using phaselaw::numerics::Op;

struct Shape {
  Op op_a, op_b;
  std::ptrdiff_t m, n, k;
  bool accumulate;
};

template <class T>
using Multiply = void (*)(Op, Op, std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t, T, const T*, std::ptrdiff_t, const T*,
                          std::ptrdiff_t, T, T*, std::ptrdiff_t);

template <GemmEngine engine>
void by(Op op_a, Op op_b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, float alpha, const float* a,
        std::ptrdiff_t lda, const float* b, std::ptrdiff_t ldb, float beta, float* c, std::ptrdiff_t ldc) {
  phaselaw::numerics::sgemm(engine, op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

template <class T>
class Operands {
 public:
  Operands(const Shape& shape, Multiply<T> gemm)
      : shape_(shape),
        gemm_(gemm),
        a_(random(shape.m * shape.k, "a")),
        b_(random(shape.k * shape.n, "b")),
        c_(random(shape.m * shape.n, "c")) {}

  void multiply() {
    const auto& s = shape_;
    gemm_(s.op_a, s.op_b, s.m, s.n, s.k, T(1), a_.data(), s.op_a == Op::none ? s.k : s.m, b_.data(),
          s.op_b == Op::none ? s.n : s.k, T(s.accumulate ? 1 : 0), c_.data(), s.n);
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
  Multiply<T> gemm_;
  std::vector<T> a_, b_, c_;
};

template <class T>
void run(benchmark::State& state, const Shape& shape, int threads, Multiply<T> gemm) {
  phaselaw::numerics::set_blas_threads(threads);
  Operands<T> operands(shape, gemm);
  if (!operands.is_right()) return state.SkipWithError("the product is wrong");
  for (auto _ : state) operands.multiply();
  const double flop = 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.n) * static_cast<double>(shape.k);
  state.counters["FLOP"] = benchmark::Counter(flop, benchmark::Counter::kIsIterationInvariantRate);
}

template <class T>
void register_squares(const std::string& type) {
  for (const std::ptrdiff_t size : {16, 32, 64, 128, 256, 512, 1024})
    for (const int threads : {1, 2}) {
      const auto name = fmt::format("square/{}/{}/{}", type, size, threads);
      const Shape shape{Op::none, Op::none, size, size, size, false};
      benchmark::RegisterBenchmark(name.c_str(), run<T>, shape, threads, phaselaw::numerics::gemm<T>)->UseRealTime();
    }
}

// The products of one layer with d_hidden = 4 d_model, on 128 tokens.
template <class T>
void register_layers(const std::string& title, Multiply<T> gemm) {
  constexpr std::ptrdiff_t kRows = 128;
  for (const std::ptrdiff_t d : {16, 32, 64, 128, 256})
    for (const auto& [product, out, in] : {std::tuple{"qkv", 3 * d, d}, std::tuple{"attn.o", d, d},
                                           std::tuple{"mlp.up", 4 * d, d}, std::tuple{"mlp.down", d, 4 * d}}) {
      const std::pair<const char*, Shape> passes[] = {
          {"forward", {Op::none, Op::transpose, kRows, out, in, false}},
          {"input-gradient", {Op::none, Op::none, kRows, in, out, false}},
          {"weight-gradient", {Op::transpose, Op::none, out, in, kRows, true}}};
      for (const auto& [pass, shape] : passes) {
        const auto name = fmt::format("{}/{}/{}/{}x{}x{}", title, pass, product, kRows, out, in);
        benchmark::RegisterBenchmark(name.c_str(), run<T>, shape, 1, gemm)->UseRealTime();
      }
    }
}

}  // namespace

int main(int argc, char** argv) {
  register_squares<float>("float");
  register_squares<double>("double");
  register_layers<float>("layer/float", phaselaw::numerics::gemm<float>);
  register_layers<double>("layer/double", phaselaw::numerics::gemm<double>);
  register_layers<float>("engine/openblas", by<GemmEngine::openblas>);
  if (phaselaw::numerics::has_engine(GemmEngine::onednn))
    register_layers<float>("engine/onednn", by<GemmEngine::onednn>);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("blas", phaselaw::numerics::blas_description());
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
