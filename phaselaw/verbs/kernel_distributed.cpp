// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/kernel_distributed.h"

#include <utility>

#include <sys/resource.h>

#include "phaselaw/base/format.h"
#include "phaselaw/base/hash.h"
#include "phaselaw/base/log.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/ranks/distributed_kernel.h"
#include "phaselaw/ranks/launch.h"
#include "phaselaw/ranks/process_group.h"

namespace phaselaw::verbs {

namespace {

double peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return 1024 * static_cast<double>(usage.ru_maxrss);
}

// The matrix of a part, -1 for the total, to the sink of the first rank.
template <class T>
void hand_over(ranks::DistributedKernel<T>& h, int part, const std::string& name, bool first, KernelSink<T>& sink) {
  if (first) sink.begin(name, h.rows());
  h.gather(part, [&](std::span<const T> piece) { sink.piece(piece); });
  if (first) sink.end();
}

// Hands over the total and each part, and gives the spectra of the parts.
template <class T>
std::vector<PartSpectrum> hand_over_all(ranks::DistributedKernel<T>& h, bool first, KernelSink<T>& sink) {
  std::vector<PartSpectrum> parts;
  hand_over(h, -1, "", first, sink);
  for (std::size_t i = 0; i < h.parts().size(); ++i) {
    const std::string name = h.parts()[i].name;
    hand_over(h, static_cast<int>(i), name, first, sink);
    parts.push_back({name, h.spectrum(static_cast<int>(i))});
  }
  return parts;
}

template <class T>
KernelSpectrum spectrum_of(ranks::DistributedKernel<T>& h, const sweep::Experiment& e, const KernelInputs<T>& s,
                           std::int64_t rows) {
  if (!has_targets(e) || rows > kMostRowsOfVectors) return {.spectrum = h.spectrum(-1), .coefficients = {}};
  auto both = h.spectrum_with_coefficients(s.split.train.y);
  return {std::move(both.spectrum), std::move(both.coefficients)};
}

void announce(const ranks::DistributedPlan& plan, int ranks, std::int64_t parameters, std::int64_t rows) {
  base::log_info(fmt::format(
      "{0} x {0} kernel on {1} ranks as {2} x {3}; each uses at most {4} GB, of which {5} GB are its part of "
      "{6} matrices",
      rows, ranks, plan.grid.rows, plan.grid.cols, base::format_number(plan.bytes() * 1e-9),
      base::format_number(plan.matrices * plan.matrix_bytes * 1e-9), plan.matrices));
  warn_if_singular(parameters, rows);
}

// Memory of one rank: its matrices, and the peak before, with the kernel, and at the end.
struct Bytes {
  double matrices = 0, before = 0, kernel = 0, all = 0;

  void take_largest(ranks::Engine& engine) {
    double most[] = {matrices, before, kernel, all};
    engine.largest(most);
    matrices = most[0], before = most[1], kernel = most[2], all = most[3];
  }
};

base::Value to_value(const ranks::DistributedPlan& plan, const Bytes& bytes) {
  return base::Value::table({{"ranks", ranks::launch().size},
                             {"grid_rows", plan.grid.rows},
                             {"grid_cols", plan.grid.cols},
                             {"bytes_planned", plan.bytes()},
                             {"bytes_matrices", bytes.matrices},
                             {"bytes_peak_before", bytes.before},
                             {"bytes_peak_kernel", bytes.kernel},
                             {"bytes_peak", bytes.all}});
}

}  // namespace

template <class T>
std::optional<DistributedAnswer> distributed_kernel(const KernelRequest& request, KernelSink<T>& sink) {
  request.validate();
  sweep::Experiment e = request.experiment;
  if (request.seed) e.seed = *request.seed;
  kernel::KernelTask& task = e.kernel;
  if (task.threads == 0) task.threads = 1;
  numerics::set_blas_threads(static_cast<int>(task.threads));
  sweep::Configuration configuration = sweep::configuration_of(e);
  std::optional<KernelInputs<T>> inputs;
  ranks::DistributedPlan plan;
  // What is wrong with the input is found here, where rank 0 can say it for all.
  auto engine = ranks::start_process_group([&] {
    if (ranks::launch().rank == 0) sink.open();
    inputs.emplace(e);
    plan = ranks::plan_distributed(e.model, inputs->inputs.n, ranks::launch().size, task, sizeof(T));
    const auto& theta = inputs->theta;
    return fmt::format("{} {:016x} {}", configuration.key,
                       base::hash_bytes({reinterpret_cast<const char*>(theta.data()), theta.size() * sizeof(T)}),
                       inputs->split.hash);
  });
  const auto& s = *inputs;
  const bool first = engine->rank() == 0;
  const ranks::EndOnInterrupt end_on_interrupt(first);
  const std::int64_t parameters = s.model.table().n_trainable();
  const std::int64_t rows = s.inputs.n * kernel::rows_per_sequence(e.model, task.reduce);
  if (first) announce(plan, engine->size(), parameters, rows);
  Bytes bytes{.before = peak_bytes()};
  ranks::DistributedKernel<T> h(*engine, s.model, s.theta, s.inputs, task);
  bytes.matrices = h.own_bytes();
  bytes.kernel = peak_bytes();
  if (first) sink.inputs(e, s);
  const std::vector<PartSpectrum> parts = hand_over_all(h, first, sink);
  KernelSpectrum found = spectrum_of(h, e, s, rows);
  bytes.all = peak_bytes();
  bytes.take_largest(*engine);
  engine->finish();
  if (!first) return {};
  base::Value json = kernel_identity(task, std::move(configuration.value), rows, parameters);
  json["algorithm"] = base::enum_to_text(kernel::Algorithm::sandwich);
  json["gflop"] = h.flop() / 1e9;
  json["seconds"] = h.seconds();
  json["distributed"] = to_value(plan, bytes);
  describe_spectra(parts, found, json);
  return DistributedAnswer{std::move(json), std::move(found)};
}

template std::optional<DistributedAnswer> distributed_kernel<float>(const KernelRequest&, KernelSink<float>&);
template std::optional<DistributedAnswer> distributed_kernel<double>(const KernelRequest&, KernelSink<double>&);

}  // namespace phaselaw::verbs
