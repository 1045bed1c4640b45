// SPDX-License-Identifier: Apache-2.0
//
// What does the closed form of gradient flow cost? One eigendecomposition, then 200 times of training and test outputs
// as matrix products, then one time more; each against the matrix-product ceiling measured around it.
//
//   bench_dynamics_closed_form [--rows M] [--test-rows Q] [--threads K]
//
// The kernel is J J^T / M with a normal M x M Jacobian: nothing deflates, the hardest case for divide and conquer.
// Flop counted: 14/3 M^3 for the decomposition (4/3 reduction, half of it matrix-vector products and so bound by
// memory; 4/3 divide and conquer; 2 back-transformation). The last column is the share of the ceiling. The answer is
// checked first: dLoss/dt at 0 against r^T H r, and f(infinity) against the targets (J is square: H is regular).
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "phaselaw/dynamics/closed_form.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace {

using phaselaw::numerics::Matrix;
using phaselaw::numerics::Op;
using phaselaw::numerics::Vector;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

template <class Work>
double seconds(Work&& work) {
  const double start = now();
  work();
  return now() - start;
}

double gemm_rate() {
  constexpr std::ptrdiff_t kSize = 2048;
  static const std::vector<double> a(kSize * kSize, 0.5), b(kSize * kSize, 0.25);
  static std::vector<double> c(kSize * kSize);
  const double cube = 2.0 * kSize * kSize * kSize;
  double best = 0;
  for (int i = 0; i < 3; ++i)
    best = std::max(best, cube / seconds([&] {
                            phaselaw::numerics::gemm<double>(Op::none, Op::none, kSize, kSize, kSize, 1, a.data(),
                                                             kSize, b.data(), kSize, 0, c.data(), kSize);
                          }));
  return best;
}

Matrix<double> normal(Eigen::Index rows, Eigen::Index cols, const char* purpose) {
  phaselaw::numerics::RandomStream stream(7, purpose);
  Matrix<double> m(rows, cols);
  for (double& x : m.reshaped<Eigen::RowMajor>()) x = stream.normal();
  return m;
}

void print(const char* what, double time_s, double flop, double ceiling) {
  std::printf("%-34s %9.4f s %9.1f GFLOP/s %6.1f %%\n", what, time_s, flop / time_s * 1e-9,
              100 * flop / time_s / ceiling);
}

}  // namespace

int main(int argc, char** argv) {
  Eigen::Index rows = 2048, test_rows = 512;
  int threads = 2;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (i + 1 < argc && flag == "--rows") {
      rows = std::stol(argv[++i]);
    } else if (i + 1 < argc && flag == "--test-rows") {
      test_rows = std::stol(argv[++i]);
    } else if (i + 1 < argc && flag == "--threads") {
      threads = std::stoi(argv[++i]);
    } else {
      std::fprintf(stderr, "bench_dynamics_closed_form: unknown flag %s\n", flag.c_str());
      return 2;
    }
  }
  phaselaw::numerics::set_blas_threads(threads);
  const auto m = static_cast<double>(rows), q = static_cast<double>(test_rows);
  const Vector<double> targets = normal(rows, 1, "bench/targets");
  Matrix<double> h(rows, rows), on_test(test_rows, rows);
  {
    const Matrix<double> j = normal(rows, rows, "bench/jacobian"), j_test = normal(test_rows, rows, "bench/test");
    phaselaw::numerics::gemm<double>(Op::none, Op::transpose, rows, rows, rows, 1 / m, j.data(), rows, j.data(), rows,
                                     0, h.data(), rows);
    phaselaw::numerics::gemm<double>(Op::none, Op::transpose, test_rows, rows, rows, 1 / m, j_test.data(), rows,
                                     j.data(), rows, 0, on_test.data(), rows);
  }
  const double form = targets.dot(h * targets);
  const std::span<const double> y(targets.data(), static_cast<std::size_t>(rows));

  const double before = gemm_rate();
  double start = now();
  const phaselaw::dynamics::ClosedForm closed(std::move(h), 1, y);
  const double decomposition = now() - start;
  start = now();
  const phaselaw::dynamics::TestOutputs test(closed, on_test);
  const double projection = now() - start;
  const double ceiling = std::max(before, gemm_rate());

  const double top = closed.spectrum().lambda_max;
  const auto times = phaselaw::numerics::log_spaced(1e-2 / top, 1e4 / top, 200);
  Matrix<double> outputs, tested, one, one_test;
  const double many = seconds([&] { outputs = closed.outputs(times); });
  const double many_test = seconds([&] { tested = test.outputs(times); });
  const std::vector<double> added{3 / top};
  const double single = seconds([&] { one = closed.outputs(added); });
  const double single_test = seconds([&] { one_test = test.outputs(added); });

  const std::vector<double> zero{0}, end{std::numeric_limits<double>::infinity()};
  std::printf("rows %ld, test rows %ld, %d threads, ceiling %.1f GFLOP/s; checks %.1e %.1e\n", rows, test_rows, threads,
              ceiling * 1e-9, std::abs(closed.loss_rates(zero)[0] / (-4 * form) - 1),
              (closed.outputs(end).row(0).transpose() - targets).norm() / targets.norm());
  print("eigendecomposition", decomposition, 14.0 / 3 * m * m * m, ceiling);
  print("test kernel into the eigenbasis", projection, 2 * q * m * m, ceiling);
  print("200 times, training outputs", many, 400 * m * m, ceiling);
  print("200 times, test outputs", many_test, 400 * q * m, ceiling);
  print("one time more, training outputs", single, 2 * m * m, ceiling);
  print("one time more, test outputs", single_test, 2 * q * m, ceiling);
  std::printf("%-34s %9.4f s\n", "decomposition and 200 times", decomposition + projection + many + many_test);
  return 0;
}
