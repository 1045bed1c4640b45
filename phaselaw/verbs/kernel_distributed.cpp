// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/kernel_distributed.h"

#include <utility>

#include <sys/resource.h>

#include "phaselaw/base/format.h"
#include "phaselaw/base/hash.h"
#include "phaselaw/base/log.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/ranks/crew.h"
#include "phaselaw/ranks/distributed_kernel.h"
#include "phaselaw/ranks/launch.h"

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
  std::optional<KernelSetting<T>> setting;
  ranks::DistributedPlan plan;
  // What is wrong with the input is found here, where rank 0 can say it for all.
  auto engine = ranks::meet([&] {
    if (ranks::launch().rank == 0) sink.open();
    setting.emplace(e);
    plan = ranks::plan_distributed(e.model, setting->inputs.n, ranks::launch().size, task, sizeof(T));
    const auto& theta = setting->theta;
    return fmt::format("{} {:016x} {}", configuration.key,
                       base::hash_bytes({reinterpret_cast<const char*>(theta.data()), theta.size() * sizeof(T)}),
                       setting->split.hash);
  });
  const auto& s = *setting;
  const bool first = engine->rank() == 0;
  const std::int64_t parameters = s.model.table().n_trainable();
  const std::int64_t rows = s.inputs.n * kernel::rows_per_sequence(e.model, task.reduce);
  if (first) {
    base::log_info(
        fmt::format("{0} x {0} kernel on {1} ranks as {2} x {3}; on each at most {4} GB, of which {5} GB are its "
                    "part of {6} matrices",
                    rows, engine->size(), plan.grid.rows, plan.grid.cols, base::format_number(plan.bytes() * 1e-9),
                    base::format_number(plan.matrices * plan.matrix_bytes * 1e-9), plan.matrices));
    warn_if_singular(parameters, rows);
  }
  const double before = peak_bytes();
  ranks::DistributedKernel<T> h(*engine, s.model, s.theta, s.inputs, task);
  double most[] = {h.own_bytes(), before, peak_bytes(), 0};
  if (first) sink.setting(e, s);
  std::vector<PartSpectrum> parts;
  hand_over(h, -1, "", first, sink);
  for (std::size_t i = 0; i < h.parts().size(); ++i) {
    const std::string name = h.parts()[i].name;
    hand_over(h, static_cast<int>(i), name, first, sink);
    parts.push_back({name, h.spectrum(static_cast<int>(i))});
  }
  KernelSpectrum found;
  if (has_targets(e) && rows <= kMostRowsOfVectors) {
    auto both = h.spectrum_with_coefficients(s.split.train.y);
    found = {std::move(both.spectrum), std::move(both.coefficients)};
  } else {
    found.spectrum = h.spectrum(-1);
  }
  most[3] = peak_bytes();
  engine->largest(most);
  engine->finish();
  if (!first) return {};
  base::Value json = kernel_identity(task, std::move(configuration.value), rows, parameters);
  json["algorithm"] = base::enum_to_text(kernel::Algorithm::sandwich);
  json["gflop"] = h.flop() / 1e9;
  json["seconds"] = h.seconds();
  json["distributed"] = base::Value::table({{"ranks", ranks::launch().size},
                                            {"grid_rows", plan.grid.rows},
                                            {"grid_cols", plan.grid.cols},
                                            {"bytes_planned", plan.bytes()},
                                            {"bytes_matrices", most[0]},
                                            {"bytes_peak_before", most[1]},
                                            {"bytes_peak_kernel", most[2]},
                                            {"bytes_peak", most[3]}});
  describe_spectra(parts, found, json);
  return DistributedAnswer{std::move(json), std::move(found)};
}

template std::optional<DistributedAnswer> distributed_kernel<float>(const KernelRequest&, KernelSink<float>&);
template std::optional<DistributedAnswer> distributed_kernel<double>(const KernelRequest&, KernelSink<double>&);

}  // namespace phaselaw::verbs
