// SPDX-License-Identifier: Apache-2.0
//
// How close is the dense tangent kernel to the machine's matrix-product ceiling? Whole kernel of all layers, forward
// pass, factors and writing of the result included, against numerics::gemm on 2048 x 2048 in the same minute.
//
//   bench_kernel_dense [--threads K] [--repeats R] [--double] [--algorithm NAME] [--only ROW] [--growth]
//
// --growth: how the time grows with n, L, o and d_hidden instead: best times along a ladder of each, and the slopes of
// ln time and of ln counted flop over ln size.
//
// Columns: counted flop (= the planner's prediction), best time of R, GFLOP/s, share of the ceiling measured between
// the repeats (best of each), peak resident memory over the result's size, and the answer's check: v^T H v against the
// norm of one backward pass.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "phaselaw/kernel/kernel.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"

namespace {

using phaselaw::numerics::Op;
namespace kernel = phaselaw::kernel;
namespace model = phaselaw::model;

struct Row {
  std::int64_t n_layers, d_model, d_hidden, seq_len, n;
  std::int64_t d_out = 0;  // 0: the identity readout, o = d_model
};
constexpr Row kRows[] = {{2, 32, 128, 16, 16}, {4, 32, 128, 16, 16}, {2, 32, 128, 16, 32},
                         {2, 64, 128, 16, 16}, {4, 64, 512, 16, 16}, {2, 32, 128, 64, 4}};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

template <class T>
double gemm_rate(int threads) {
  constexpr std::ptrdiff_t kSize = 2048;
  static const std::vector<T> a(kSize * kSize, T(0.5)), b(kSize * kSize, T(0.25));
  static std::vector<T> c(kSize * kSize);
  phaselaw::numerics::set_blas_threads(threads);
  const double start = now();
  phaselaw::numerics::gemm<T>(Op::none, Op::none, kSize, kSize, kSize, T(1), a.data(), kSize, b.data(), kSize, T(0),
                              c.data(), kSize);
  return 2.0 * kSize * kSize * kSize / (now() - start);
}

// Peak resident bytes since the last reset; where the reset is not possible the peak of the whole process.
double peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) * 1024;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

// |v^T H v / ||J^T v||^2 - 1| for a random v.
template <class T>
double check(const model::Transformer<T>& m, const std::vector<T>& theta, const model::Inputs<T>& inputs,
             const phaselaw::numerics::Matrix<T>& h) {
  phaselaw::numerics::RandomStream stream(1, "bench/v");
  std::vector<T> v(static_cast<std::size_t>(h.rows())), outputs(v.size()), gradient(theta.size());
  for (auto& x : v) x = static_cast<T>(stream.normal());
  typename model::Transformer<T>::Workspace workspace(m, inputs.n);
  m.forward(theta, inputs, workspace, outputs.data());
  m.backward(theta, inputs, workspace, v.data(), gradient);
  double norm = 0, form = 0;
  for (const T g : gradient) norm += static_cast<double>(g) * static_cast<double>(g);
  for (std::int64_t i = 0; i < h.rows(); ++i) {
    double row = 0;
    for (std::int64_t j = 0; j < h.cols(); ++j)
      row += static_cast<double>(h(i, j)) * static_cast<double>(v[static_cast<std::size_t>(j)]);
    form += row * static_cast<double>(v[static_cast<std::size_t>(i)]);
  }
  return std::abs(form / norm - 1);
}

model::ModelOptions options_of(const Row& row) {
  model::ModelOptions o;
  o.n_layers = row.n_layers;
  o.d_model = row.d_model;
  o.d_hidden = row.d_hidden;
  o.seq_len = row.seq_len;
  o.n_heads = 2;
  o.d_head = row.d_model / 2;
  if (row.d_out > 0) o.readout = model::Readout::linear, o.d_out = row.d_out;
  return o;
}

template <class T>
struct Problem {
  model::Transformer<T> m;
  std::vector<T> theta, x;
  model::Inputs<T> inputs;
  explicit Problem(const Row& row)
      : m(options_of(row)),
        theta(model::initialise<T>(m.table(), 7)),
        x(static_cast<std::size_t>(row.n * row.seq_len * row.d_model)) {
    phaselaw::numerics::RandomStream stream(7, "bench/inputs");
    for (auto& value : x) value = static_cast<T>(stream.normal());
    inputs.n = row.n;
    inputs.vectors = x.data();
  }
};

template <class T>
void measure(const Row& row, const kernel::KernelOptions& options, int threads, int repeats) {
  const Problem<T> problem(row);
  const auto& [m, theta, x, inputs] = problem;

  double best = 1e300, ceiling = 0, flop = 0, error = 0, peak = 0, predicted = 0, result = 0;
  for (int i = 0; i < repeats; ++i) {
    for (int j = 0; j < 3; ++j) ceiling = std::max(ceiling, gemm_rate<T>(threads));
    reset_peak();
    const double before = peak_bytes();
    const auto dense = kernel::dense_kernel<T>(m, theta, inputs, options);
    peak = peak_bytes() - before;
    best = std::min(best, dense.seconds);
    flop = dense.flop;
    predicted = dense.plan.cost.bytes();
    result = dense.plan.cost.result_bytes;
    if (i == 0) error = check(m, theta, inputs, dense.total);
  }
  std::printf("%2ld %3ld %4ld %3ld %3ld %6ld  %8.1f  %8.1f  %7.3f  %6.1f  %7.1f  %5.1f %%   %5.2f  %5.2f   %.1e\n",
              row.n_layers, row.d_model, row.d_hidden, row.seq_len, row.n, row.n * row.seq_len * row.d_model,
              flop * 1e-9, result * 1e-6, best, flop / best * 1e-9, ceiling * 1e-9, 100 * flop / best / ceiling,
              peak / result, predicted / result, error);
  std::fflush(stdout);
}

double slope(const std::vector<double>& x, const std::vector<double>& y) {
  double mx = 0, my = 0, xy = 0, xx = 0;
  const auto n = static_cast<double>(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) mx += std::log(x[i]) / n, my += std::log(y[i]) / n;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (std::log(x[i]) - mx) * (std::log(y[i]) - my);
    xx += (std::log(x[i]) - mx) * (std::log(x[i]) - mx);
  }
  return xy / xx;
}

template <class T>
void growth(const kernel::KernelOptions& options, int repeats) {
  struct Ladder {
    const char* name;
    std::int64_t Row::*size;
    std::vector<std::int64_t> values;
  };
  constexpr Row kBase{2, 32, 128, 16, 16};
  for (const Ladder& ladder :
       {Ladder{"n", &Row::n, {8, 16, 32, 64}}, Ladder{"L", &Row::seq_len, {8, 16, 32, 64}},
        Ladder{"o", &Row::d_out, {8, 16, 32, 64}}, Ladder{"d_hidden", &Row::d_hidden, {256, 512, 1024, 2048}}}) {
    std::vector<double> size, seconds, flop;
    std::string line;
    for (const std::int64_t value : ladder.values) {
      Row row = kBase;
      if (ladder.size == &Row::seq_len) row.n = 8;  // the result of the longest fits in 1 GB
      row.*ladder.size = value;
      const Problem<T> problem(row);
      double best = 1e300, counted = 0;
      std::string algorithm;
      for (int i = 0; i < repeats; ++i) {
        const auto dense = kernel::dense_kernel<T>(problem.m, problem.theta, problem.inputs, options);
        best = std::min(best, dense.seconds);
        counted = dense.flop;
        algorithm = phaselaw::base::enum_to_text(dense.plan.cost.algorithm);
      }
      size.push_back(static_cast<double>(value));
      seconds.push_back(best);
      flop.push_back(counted);
      line += fmt::format("  {}: {:.3f} s ({})", value, best, algorithm);
    }
    fmt::print("{:8}  time ~ {}^{:.2f}  flop ~ {}^{:.2f} {}\n", ladder.name, ladder.name, slope(size, seconds),
               ladder.name, slope(size, flop), line);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int threads = 2, repeats = 3, only = -1;
  bool use_double = false, grow = false;
  kernel::KernelOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--double") {
      use_double = true;
    } else if (flag == "--growth") {
      grow = true;
    } else if (i + 1 < argc && flag == "--threads") {
      threads = std::stoi(argv[++i]);
    } else if (i + 1 < argc && flag == "--repeats") {
      repeats = std::stoi(argv[++i]);
    } else if (i + 1 < argc && flag == "--only") {
      only = std::stoi(argv[++i]);
    } else if (i + 1 < argc && flag == "--algorithm") {
      options.algorithm = phaselaw::base::enum_from_text<kernel::Algorithm>(argv[++i], {"--algorithm"}, "algorithm");
    } else {
      std::fprintf(stderr, "bench_kernel_dense: unknown flag %s\n", flag.c_str());
      return 2;
    }
  }
  options.threads = threads;
  if (grow) {
    use_double ? growth<double>(options, repeats) : growth<float>(options, repeats);
    return 0;
  }
  std::printf(
      " N   d    m   L   n   rows     GFLOP  result MB     s    GF/s  ceiling    share  peak/result (predicted)  check\n");
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (only >= 0 && static_cast<int>(i) != only) continue;
    use_double ? measure<double>(kRows[i], options, threads, repeats)
               : measure<float>(kRows[i], options, threads, repeats);
  }
  return 0;
}
