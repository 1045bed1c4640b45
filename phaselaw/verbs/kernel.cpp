// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/kernel.h"

#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "phaselaw/base/format.h"
#include "phaselaw/base/log.h"
#include "phaselaw/kernel/decay.h"
#include "phaselaw/kernel/matrix_free.h"
#include "phaselaw/sweep/run_memory.h"
#include "phaselaw/training/checkpoint.h"

namespace phaselaw::verbs {

namespace {

template <class T>
void require_finite(const model::ParameterTable& table, const std::vector<T>& theta, const std::string& file) {
  for (const auto& block : table.blocks())
    for (std::int64_t i = 0; i < block.size(); ++i)
      if (!std::isfinite(theta[static_cast<std::size_t>(block.offset + i)]))
        throw base::InputError(
            {file}, fmt::format("tensor {}: expected finite numbers, found one that is not at [{}, {}]", block.name,
                                i / block.cols, i % block.cols));
}

base::Value finite(double x) { return std::isfinite(x) ? base::Value(x) : base::Value(); }

base::Value decay_value(const kernel::DecayExponent& d) {
  return base::Value::table({{"value", finite(d.value)},
                             {"lo", finite(d.lo)},
                             {"hi", finite(d.hi)},
                             {"first_rank", d.first},
                             {"last_rank", d.last},
                             {"method", d.method}});
}

template <class T>
numerics::MatrixView<T> view(numerics::Matrix<T>& m) {
  return {m.data(), m.rows(), m.cols()};
}

// The matrices are not changed. Coefficients need eigenvectors, which take one more matrix.
template <class T>
KernelSpectrum spectrum_of(const sweep::Experiment& e, const KernelInputs<T>& s, kernel::DenseKernel<T>& dense,
                           base::Value& json) {
  std::vector<PartSpectrum> parts;
  for (auto& part : dense.parts) parts.push_back({part.name, kernel::spectrum<T>(view(part.values))});
  KernelSpectrum found;
  if (has_targets(e) && dense.total.rows() <= kMostRowsOfVectors) {
    numerics::Matrix<double> vectors = dense.total.template cast<double>();
    found.spectrum = kernel::spectrum_in_place<double>(view(vectors), true);
    found.coefficients = kernel::target_coefficients(vectors, s.split.train.y);
  } else {
    found.spectrum = kernel::spectrum<T>(view(dense.total));
  }
  describe_spectra(parts, found, json);
  return found;
}

template <class T>
KernelAnswer dense(const sweep::Experiment& e) {
  const kernel::KernelTask& task = e.kernel;
  KernelInputs<T> s(e);
  const std::int64_t parameters = s.model.table().n_trainable();
  const std::int64_t rows = s.inputs.n * kernel::rows_per_sequence(e.model, task.reduce);
  const auto plan = kernel::plan_kernel(e.model, s.inputs.n, 0, task, sizeof(T));
  base::log_info(fmt::format("{} x {} kernel; {}", rows, rows, plan.reason));
  warn_if_singular(parameters, rows);
  auto result = kernel::dense_kernel<T>(s.model, s.theta, s.inputs, task);
  base::Value json = kernel_identity(task, sweep::resolved(e), rows, parameters);
  json["algorithm"] = base::enum_to_text(result.plan.cost.algorithm);
  json["gflop"] = result.flop / 1e9;
  json["seconds"] = result.seconds;
  KernelSpectrum found = spectrum_of(e, s, result, json);
  return {std::move(json), DenseAnswer<T>{std::move(s), std::move(result), std::move(found)}};
}

template <class T>
KernelAnswer matrix_free(const sweep::Experiment& e) {
  const kernel::KernelTask& task = e.kernel;
  KernelInputs<T> s(e);
  kernel::TangentOptions options;
  options.threads = static_cast<int>(task.threads);
  options.memory_limit =
      task.memory_limit > 0 ? static_cast<std::size_t>(task.memory_limit) : std::numeric_limits<std::size_t>::max();
  kernel::TangentOperator<T> op(e.model, s.theta, s.inputs, options);
  base::log_info(fmt::format("{} rows, matrix-free: {} GFLOP per product, {} GB", base::format_count(op.rows()),
                             base::format_number(op.product_flop() / 1e9),
                             base::format_number(static_cast<double>(op.bytes()) / 1e9)));
  warn_if_singular(op.selected_parameters(), op.rows());
  // With fewer parameters than rows the P x P dual has all non-zero eigenvalues, and its products cost the same.
  const bool dual = op.selected_parameters() < op.rows();
  auto density = kernel::spectral_density(dual ? op.dual() : op.kernel(), {.seed = static_cast<std::uint64_t>(e.seed)});
  const auto trace = density.trace(), rank = density.effective_rank();
  base::Value json = kernel_identity(task, sweep::resolved(e), op.rows(), op.selected_parameters());
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
  return {std::move(json), std::move(density)};
}

}  // namespace

void KernelRequest::validate() const {
  base::check_fields(*this);
  const kernel::KernelTask& task = experiment.kernel;
  if (task.spectrum_only && (task.reduce != kernel::Reduce::none || task.detail == kernel::Detail::blocks))
    throw base::InputError({"--spectrum-only"},
                           "needs the whole kernel; omit --reduce and --detail blocks, also in [kernel]");
  if (task.spectrum_only && task.algorithm != kernel::Algorithm::automatic)
    throw base::InputError({"--algorithm"},
                           "computes the matrix, but --spectrum-only works without one; omit one of them, also in "
                           "[kernel]");
  if (distributed && task.spectrum_only)
    throw base::InputError({"--distributed"},
                           "computes the matrix, but --spectrum-only works without one; omit one of them");
}

template <class T>
KernelInputs<T>::KernelInputs(const sweep::Experiment& e)
    : model(e.model),
      split(data::make_split(e.data, e.model, static_cast<std::uint64_t>(e.seed))),
      theta(e.kernel.weights.empty() ? model::initialise<T>(model.table(), static_cast<std::uint64_t>(e.seed))
                                     : training::read_checkpoint<T>(e.kernel.weights, e.model)),
      vectors(split.train.x.begin(), split.train.x.end()) {
  require_finite(model.table(), theta, e.kernel.weights);
  inputs.n = split.train.n;
  if (e.model.reads_tokens())
    inputs.tokens = split.train.tokens.data();
  else
    inputs.vectors = vectors.data();
}

bool has_targets(const sweep::Experiment& e) {
  return e.kernel.reduce == kernel::Reduce::none && !e.model.reads_tokens();
}

void warn_if_singular(std::int64_t parameters, std::int64_t rows) {
  if (parameters < rows)
    base::log_warning(fmt::format(
        "{} parameters for {} rows: the kernel is singular with rank at most {}, and its other eigenvalues are zero; "
        "--spectrum-only computes the non-zero ones from the smaller dual; "
        "for a positive definite kernel, widen the model or use fewer sequences",
        parameters, rows, parameters));
}

base::Value kernel_identity(const kernel::KernelTask& task, base::Value configuration, std::int64_t rows,
                            std::int64_t parameters) {
  return base::Value::table({{"n_rows", rows},
                             {"n_params", parameters},
                             {"reduce", base::enum_to_text(task.reduce)},
                             {"dtype", base::enum_to_text(task.dtype)},
                             {"outputs", "kappa G(theta; X), without the constant of init_scale"},
                             {"configuration", std::move(configuration)}});
}

void describe_spectra(const std::vector<PartSpectrum>& parts, const KernelSpectrum& found, base::Value& json) {
  base::Value layers(base::Value::List{});
  for (const auto& [name, part] : parts)
    layers.push_back(base::Value::table({{"name", name},
                                         {"trace", part.trace},
                                         {"lambda_min", part.lambda_min},
                                         {"lambda_max", part.lambda_max},
                                         {"numerical_rank", part.numerical_rank}}));
  const kernel::Spectrum& spectrum = found.spectrum;
  json["lambda_min"] = spectrum.lambda_min;
  json["lambda_max"] = spectrum.lambda_max;
  json["condition_number"] = finite(spectrum.condition_number);
  json["trace"] = spectrum.trace;
  json["effective_rank"] = spectrum.effective_rank;
  json["intrinsic_dimension"] = spectrum.intrinsic_dimension;
  json["numerical_rank"] = spectrum.numerical_rank;
  json["layers"] = layers;
  json["decay_b"] = decay_value(kernel::eigenvalue_decay(spectrum.eigenvalues, {.noise_floor = spectrum.noise_floor}));
  const auto rank = static_cast<std::size_t>(spectrum.numerical_rank);
  if (!found.coefficients.empty())
    json["decay_a"] = decay_value(kernel::coefficient_decay(std::span(found.coefficients).first(rank)));
}

KernelAnswer tangent_kernel(const KernelRequest& request) {
  request.validate();
  if (request.distributed)
    throw base::InputError({"--distributed"},
                           "a kernel on several ranks can only be computed by the program: phaselaw kernel");
  sweep::Experiment e = request.experiment;
  if (request.seed) e.seed = *request.seed;
  sweep::require_memory(e, 1);
  const bool single = e.kernel.dtype == kernel::Dtype::float32;
  if (e.kernel.spectrum_only) return single ? matrix_free<float>(e) : matrix_free<double>(e);
  return single ? dense<float>(e) : dense<double>(e);
}

template struct KernelInputs<float>;
template struct KernelInputs<double>;

}  // namespace phaselaw::verbs
