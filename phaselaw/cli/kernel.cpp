// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include <sys/resource.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/hash.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/cli/kernel_files.h"
#include "phaselaw/data/npy.h"
#include "phaselaw/kernel/density.h"
#include "phaselaw/kernel/matrix_free.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/ranks/crew.h"
#include "phaselaw/ranks/distributed_kernel.h"
#include "phaselaw/ranks/launch.h"
#include "phaselaw/report/format.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/verbs/kernel.h"

// phaselaw kernel EXP.toml --out DIR: the tangent kernel on the training inputs, its layers and its spectrum.
namespace phaselaw::cli {

namespace {

struct KernelFlags {
  std::string experiment, out, weights, reduce, dtype = "f64", algorithm, memory_limit;
  bool blocks = false, spectrum_only = false, distributed = false;
};

std::int64_t bytes_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(end, text.data() + text.size());
  const std::string units = "KMGT";
  const auto at = unit.empty() ? std::string::npos : units.find(unit);
  if (error != std::errc() || !(value > 0) || (!unit.empty() && at == std::string::npos) || value > 1e6)
    throw base::InputError({"--memory-limit"}, fmt::format("expected a size such as 8G or 500M; found '{}'", text));
  const double scale = unit.empty() ? 1.0 : std::pow(1024.0, static_cast<double>(at) + 1);
  return static_cast<std::int64_t>(value * scale);
}

template <class T>
base::Value dense(const KernelFlags& flags, const verbs::KernelRequest& request) {
  auto answer = verbs::tangent_kernel<T>(request);
  const auto& s = answer.setting;
  write_setting<T>(flags.out, request.experiment.model, s.model, s.theta, s.inputs, s.split.train);
  write_matrices<T>(flags.out, answer.kernel);
  write_spectrum(flags.out, verbs::describe_spectrum<T>(answer));
  return answer.json;
}

double peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return 1024 * static_cast<double>(usage.ru_maxrss);
}

// The same files by all ranks of the launch, none of which holds a matrix. Null on all ranks but the first.
template <class T>
base::Value distributed(const KernelFlags& flags, const verbs::KernelRequest& request) {
  const auto& e = request.experiment;
  kernel::KernelOptions options = request.options;
  if (options.threads == 0) options.threads = 1;
  numerics::set_blas_threads(static_cast<int>(options.threads));
  std::optional<verbs::KernelSetting<T>> setting;
  ranks::DistributedPlan plan;
  // What is wrong with the input is found here, where rank 0 can say it for all.
  auto engine = ranks::meet([&] {
    if (ranks::launch().rank == 0) base::require_writable_directory(flags.out, "--out");
    setting.emplace(e, request.weights);
    plan = ranks::plan_distributed(e.model, setting->inputs.n, ranks::launch().size, options, sizeof(T));
    const auto& theta = setting->theta;
    return fmt::format("{} {:016x} {}", sweep::run_key(base::to_json(sweep::resolved(e), -1)),
                       base::hash_bytes({reinterpret_cast<const char*>(theta.data()), theta.size() * sizeof(T)}),
                       setting->split.hash);
  });
  const auto& s = *setting;
  const bool first = engine->rank() == 0;
  const std::int64_t parameters = s.model.table().n_trainable();
  const std::int64_t rows = s.inputs.n * kernel::rows_per_sequence(e.model, options.reduce);
  if (first) {
    base::log_info(fmt::format(
        "{0} x {0} kernel on {1} ranks as {2} x {3}; on each at most {4:.3g} GB, of which {5:.3g} GB are its "
        "part of {6} matrices",
        rows, engine->size(), plan.grid.rows, plan.grid.cols, plan.bytes() * 1e-9,
        plan.matrices * plan.matrix_bytes * 1e-9, plan.matrices));
    verbs::warn_if_singular(parameters, rows);
  }
  const double before = peak_bytes();
  ranks::DistributedKernel<T> h(*engine, s.model, s.theta, s.inputs, options);
  double most[] = {h.own_bytes(), before, peak_bytes(), 0};
  if (first) write_setting<T>(flags.out, e.model, s.model, s.theta, s.inputs, s.split.train);
  const auto write = [&](int part, const std::string& name) {
    const std::int64_t shape[] = {rows, rows};
    std::optional<data::NpyPieces<T>> file;
    if (first) file.emplace(std::filesystem::path(flags.out) / name, shape);
    h.gather(part, [&](std::span<const T> piece) { file->append(piece); });
    if (first) file->commit();
  };
  std::vector<verbs::PartSpectrum> parts;
  write(-1, "kernel.npy");
  for (std::size_t i = 0; i < h.parts().size(); ++i) {
    const std::string name = h.parts()[i].name;
    write(static_cast<int>(i), kernel_file(name));
    parts.push_back({name, h.spectrum(static_cast<int>(i))});
  }
  const bool targets = options.reduce == kernel::Reduce::none && !e.model.reads_tokens();
  verbs::KernelSpectrum found;
  if (targets && rows <= verbs::kMostRowsOfVectors) {
    auto both = h.spectrum_with_coefficients(s.split.train.y);
    found = {std::move(both.spectrum), std::move(both.coefficients)};
  } else {
    found.spectrum = h.spectrum(-1);
  }
  most[3] = peak_bytes();
  engine->largest(most);
  engine->finish();
  if (!first) return base::Value();
  base::Value json = verbs::kernel_identity<T>(e, options.reduce, rows, parameters);
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
  verbs::describe_spectra(parts, found, json);
  write_spectrum(flags.out, found);
  return json;
}

template <class T>
base::Value matrix_free(const Common& common, const KernelFlags& flags, const verbs::KernelRequest& request) {
  const auto& e = request.experiment;
  verbs::KernelSetting<T> s(e, request.weights);
  kernel::TangentOptions options;
  options.threads = common.threads;
  options.memory_limit = static_cast<std::size_t>(request.options.memory_limit);
  kernel::TangentOperator<T> op(e.model, s.theta, s.inputs, options);
  base::log_info(fmt::format("{} rows, matrix-free: {:.2f} GFLOP a product, {:.2f} GB", op.rows(),
                             op.product_flop() / 1e9, static_cast<double>(op.bytes()) / 1e9));
  verbs::warn_if_singular(op.selected_parameters(), op.rows());
  // With fewer parameters than rows the P x P dual has every non-zero eigenvalue, and its products are as cheap.
  const bool dual = op.selected_parameters() < op.rows();
  const auto density =
      kernel::spectral_density(dual ? op.dual() : op.kernel(), {.seed = static_cast<std::uint64_t>(e.seed)});
  const auto trace = density.trace(), rank = density.effective_rank();
  base::Value json = verbs::kernel_identity<T>(e, kernel::Reduce::none, op.rows(), op.selected_parameters());
  json["algorithm"] = "matrix-free: Lanczos and stochastic Lanczos quadrature";
  json["spectrum_of"] = dual ? "dual (J^T J: the non-zero eigenvalues of the kernel)" : "kernel (J J^T)";
  json["lambda_min"] = base::Value();
  json["lambda_min_at_most"] = density.lowest_node();
  json["lambda_max"] = density.exact().empty() ? density.highest_node() : density.exact().front();
  json["condition_number"] = base::Value();
  json["trace"] = trace.value;
  json["trace_standard_error"] = trace.standard_error;
  json["effective_rank"] = rank.value;
  json["effective_rank_standard_error"] = rank.standard_error;
  json["largest"] = base::Value(density.exact());
  json["products"] = density.products();
  json["gflop"] = op.product_flop() * static_cast<double>(density.products()) / 1e9;
  write_density(flags.out, density);
  return json;
}

// The file's [kernel], then the flags.
kernel::KernelOptions options_of(kernel::KernelOptions options, const KernelFlags& flags) {
  if (!flags.reduce.empty()) options.reduce = base::enum_from_text<kernel::Reduce>(flags.reduce, {"--reduce"}, "word");
  if (!flags.algorithm.empty())
    options.algorithm = base::enum_from_text<kernel::Algorithm>(flags.algorithm, {"--algorithm"}, "algorithm");
  if (flags.blocks) options.detail = kernel::Detail::blocks;
  if (!flags.memory_limit.empty() || options.memory_limit == 0)
    options.memory_limit = bytes_of(flags.memory_limit.empty() ? "8G" : flags.memory_limit);
  return options;
}

void run_kernel(const Common& common, const KernelFlags& flags) {
  auto e = sweep::experiment_from(base::read_toml(flags.experiment));
  if (common.seed) e.seed = *common.seed;
  if (flags.dtype != "f32" && flags.dtype != "f64")
    throw base::InputError({"--dtype"}, base::unknown_name("type", flags.dtype, {"f32", "f64"}));
  kernel::KernelOptions options = options_of(e.kernel, flags);
  if (common.threads > 0) options.threads = common.threads;
  if (flags.spectrum_only && (options.reduce != kernel::Reduce::none || flags.blocks))
    throw base::InputError({"--spectrum-only"}, "works on the whole kernel; leave --reduce and --blocks out");
  if (flags.distributed && flags.spectrum_only)
    throw base::InputError({"--distributed"}, "makes the matrix; --spectrum-only works without one: leave one out");
  if (!flags.distributed)
    ranks::require_one_rank("phaselaw kernel", "add --distributed, or start it without a launcher");
  const bool first = ranks::launch().rank == 0;
  if (first) require_outputs(common);
  if (!flags.distributed) base::require_writable_directory(flags.out, "--out");
  const bool single = flags.dtype == "f32";
  const verbs::KernelRequest request{e, options, flags.weights};
  base::Value json =
      flags.spectrum_only
          ? (single ? matrix_free<float>(common, flags, request) : matrix_free<double>(common, flags, request))
      : flags.distributed ? (single ? distributed<float>(flags, request) : distributed<double>(flags, request))
                          : (single ? dense<float>(flags, request) : dense<double>(flags, request));
  if (!first) return;
  json["made_by"] = made_by(common);
  base::write_file(std::filesystem::path(flags.out) / "kernel.json", base::to_json(json) + "\n");
  emit_json(common, json);
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"quantity", "value"}};
  for (const auto& [key, value] : json.entries())
    if (value.is_number()) rows.push_back({key, report::format_number(value.number(), 6)});
  fmt::print("{}{}/kernel.json\n", text_table(rows), flags.out);
}

}  // namespace

void add_kernel(Program& program) {
  auto flags = std::make_shared<KernelFlags>();
  add_verb(program, "kernel", "compute the layer-wise tangent kernel and its spectrum",
           "phaselaw kernel examples/kernel.toml --out kernel",
           [&program, flags] { run_kernel(program.common, *flags); })
      .positional("experiment", flags->experiment, "experiment file (TOML); the kernel is on its training inputs")
      .required("--out", flags->out, "directory for kernel.npy, kernel_layer_<nu>.npy, spectrum.csv, kernel.json, ...")
      .option("--weights", flags->weights, "weights.safetensors of a trained model; default: the initialisation")
      .option("--reduce", flags->reduce, "none (default), coordinates (nL x nL) or sequence (n x n): summed outputs")
      .flag("--blocks", flags->blocks, "one matrix for each parameter block instead of each layer")
      .option("--dtype", flags->dtype, "f64, or f32: half the time and memory; no test of positive definiteness")
      .option("--algorithm", flags->algorithm,
              "auto (default: the planner's), sandwich, jacobian, token_dual, recursion or vjp")
      .option("--memory-limit", flags->memory_limit, "refuse beyond this, default 8G; then use --spectrum-only")
      .flag("--distributed", flags->distributed,
            "under mpirun -n K: each rank makes and keeps 1/K of the matrices; --memory-limit, --threads are for each")
      .flag("--spectrum-only", flags->spectrum_only,
            "matrix-free: extremes, trace, density with error bars; no matrix");
}

}  // namespace phaselaw::cli
