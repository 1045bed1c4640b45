// SPDX-License-Identifier: Apache-2.0
//
// What does one product with the tangent kernel cost without the kernel, and how far is it from the matrix products
// that it cannot avoid?
//
//   apply/<type>/<keep>/N/d/m/L/n    H v = J (J^T v); keep: activations kept (8 n L P flop) or made again (12 n L P)
//   vjp/..., jvp/...                 its two halves
//   products/<type>/.../rows        the same dense products alone, per batch of `rows` tokens: the floor
//
// The answer is checked against the quadratic form v^T H v = ||J^T v||^2 before it is timed.
#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "phaselaw/kernel/matrix_free.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"

namespace {

using namespace phaselaw;

struct Size {
  std::int64_t n_layers, d_model, d_hidden, seq_len, n_data;
};

constexpr Size kSizes[] = {{2, 32, 128, 16, 16}, {4, 32, 128, 16, 16}, {2, 32, 128, 16, 32},
                           {2, 64, 128, 16, 16}, {4, 64, 512, 16, 16}, {4, 64, 512, 32, 32}};

std::string name_of(const Size& s) {
  return fmt::format("N{}/d{}/m{}/L{}/n{}", s.n_layers, s.d_model, s.d_hidden, s.seq_len, s.n_data);
}

template <class T>
std::vector<T> normal(std::int64_t size, const char* purpose) {
  numerics::RandomStream stream(1, purpose);
  std::vector<T> values(static_cast<std::size_t>(size));
  for (auto& x : values) x = static_cast<T>(stream.normal());
  return values;
}

template <class T>
kernel::TangentOperator<T> make(const Size& s, bool keep, std::int64_t batch) {
  model::ModelOptions o;
  o.n_layers = s.n_layers;
  o.d_model = s.d_model;
  o.d_hidden = s.d_hidden;
  o.seq_len = s.seq_len;
  o.n_heads = 2;
  o.d_head = s.d_model / 2;
  const model::ParameterTable table(o);
  std::vector<T> x = normal<T>(s.n_data * s.seq_len * s.d_model, "inputs");
  for (std::int64_t row = 0; row < s.n_data * s.seq_len; ++row) {
    T sum = 0;
    for (std::int64_t i = 0; i < s.d_model; ++i)
      sum += x[static_cast<std::size_t>(row * s.d_model + i)] * x[static_cast<std::size_t>(row * s.d_model + i)];
    for (std::int64_t i = 0; i < s.d_model; ++i)
      x[static_cast<std::size_t>(row * s.d_model + i)] *= std::sqrt(static_cast<T>(s.d_model) / sum);
  }
  model::Inputs<T> inputs;
  inputs.n = s.n_data;
  inputs.vectors = x.data();
  kernel::TangentOptions options;
  options.batch = batch;
  if (!keep) options.memory_limit = 0;
  return {o, model::initialise<T>(table, 1), inputs, options};
}

enum class What { apply, vjp, jvp };

template <class T>
void run(benchmark::State& state, const Size& size, bool keep, std::int64_t batch, What what) {
  auto op = make<T>(size, keep, batch);
  std::vector<T> v = normal<T>(op.rows(), "v"), hv(v.size()), gradient(static_cast<std::size_t>(op.parameters()));
  op.apply(v, hv);
  op.apply_adjoint(v, gradient);
  double form = 0, squares = 0;
  for (std::size_t i = 0; i < v.size(); ++i) form += static_cast<double>(v[i]) * static_cast<double>(hv[i]);
  for (const T g : gradient) squares += static_cast<double>(g) * static_cast<double>(g);
  if (!(std::abs(form - squares) <= (sizeof(T) == 4 ? 1e-4 : 1e-12) * squares))
    return state.SkipWithError("v^T H v is not ||J^T v||^2");
  for (auto _ : state) {
    if (what == What::apply) op.apply(v, hv);
    if (what == What::vjp) op.apply_adjoint(v, gradient);
    if (what == What::jvp) op.apply_jacobian(gradient, hv);
    benchmark::ClobberMemory();
  }
  state.counters["rows"] = static_cast<double>(op.rows());
  state.counters["MB"] = static_cast<double>(op.bytes()) / 1e6;
  if (what == What::apply)
    state.counters["FLOP"] = benchmark::Counter(op.product_flop(), benchmark::Counter::kIsIterationInvariantRate);
}

// The dense products of one H v with kept activations and nothing else, on two workers' own buffers: for each matrix
// (out x in) dX = dY W, dW = dY^T X, dY = dX W^T, dY += X dW^T.
template <class T>
void products(benchmark::State& state, const Size& s, std::int64_t rows) {
  numerics::set_blas_threads(1);
  const std::int64_t tokens = s.n_data * s.seq_len, batches = tokens / rows, wide = std::max(3 * s.d_model, s.d_hidden);
  struct Buffers {
    std::vector<T> x, y, w, g, result;
  };
  const int threads = static_cast<int>(std::thread::hardware_concurrency());
  std::vector<Buffers> buffers(static_cast<std::size_t>(threads));
  for (auto& b : buffers) {
    b.x = normal<T>(rows * wide, "x");
    b.y = normal<T>(rows * wide, "y");
    b.w = normal<T>(wide * wide, "w");
    b.g.resize(b.w.size());
    b.result.resize(b.y.size());
  }
  const std::pair<std::int64_t, std::int64_t> shapes[] = {
      {3 * s.d_model, s.d_model}, {s.d_model, s.d_model}, {s.d_hidden, s.d_model}, {s.d_model, s.d_hidden}};
  using numerics::gemm, numerics::Op;
  const auto work = [&](int worker) {
    auto& b = buffers[static_cast<std::size_t>(worker)];
    for (std::int64_t i = worker; i < batches; i += threads)
      for (std::int64_t layer = 0; layer < s.n_layers; ++layer)
        for (const auto& [out, in] : shapes) {
          gemm<T>(Op::none, Op::none, rows, in, out, T(1), b.y.data(), out, b.w.data(), in, T(0), b.result.data(), in);
          gemm<T>(Op::transpose, Op::none, out, in, rows, T(1), b.y.data(), out, b.x.data(), in, T(0), b.g.data(), in);
          gemm<T>(Op::none, Op::transpose, rows, out, in, T(1), b.x.data(), in, b.w.data(), in, T(0), b.result.data(),
                  out);
          gemm<T>(Op::none, Op::transpose, rows, out, in, T(1), b.x.data(), in, b.w.data(), in, T(1), b.result.data(),
                  out);
        }
  };
  for (auto _ : state) {
    std::vector<std::jthread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(work, t);
    work(0);
  }
  double flop = 0;
  for (const auto& [out, in] : shapes) flop += 8.0 * static_cast<double>(tokens * s.n_layers * out * in);
  state.counters["FLOP"] = benchmark::Counter(flop, benchmark::Counter::kIsIterationInvariantRate);
}

template <class T>
void register_all(const std::string& type) {
  for (const Size& size : kSizes) {
    const auto add = [&](const std::string& name, auto&&... arguments) {
      benchmark::RegisterBenchmark(fmt::format("{}/{}", name, name_of(size)).c_str(), arguments...)
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    };
    add("apply/" + type + "/keep", run<T>, size, true, 0, What::apply);
    add("apply/" + type + "/again", run<T>, size, false, 0, What::apply);
    add("vjp/" + type, run<T>, size, true, 0, What::vjp);
    add("jvp/" + type, run<T>, size, true, 0, What::jvp);
    for (const std::int64_t rows : {64, 128, 256})
      add(fmt::format("products/{}/rows{}", type, rows), products<T>, size, rows);
    for (const std::int64_t batch : {1, 2, 4, 8, 16})
      add(fmt::format("batch{}/{}", batch, type), run<T>, size, true, batch, What::apply);
  }
}

}  // namespace

int main(int argc, char** argv) {
  register_all<float>("float");
  register_all<double>("double");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("blas", numerics::blas_description());
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
