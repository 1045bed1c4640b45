// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/kernel.h"

#include <cmath>
#include <span>
#include <type_traits>

#include "phaselaw/base/log.h"
#include "phaselaw/kernel/decay.h"
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
kernel::Spectrum in_place(numerics::Matrix<T>& m) {
  return kernel::spectrum_in_place<T>(numerics::MatrixView<T>(m.data(), m.rows(), m.cols()));
}

}  // namespace

template <class T>
KernelSetting<T>::KernelSetting(const sweep::Experiment& e, const std::string& weights)
    : model(e.model),
      split(data::make_split(e.data, e.model, static_cast<std::uint64_t>(e.seed))),
      theta(weights.empty() ? model::initialise<T>(model.table(), static_cast<std::uint64_t>(e.seed))
                            : training::read_checkpoint<T>(weights, e.model)),
      vectors(split.train.x.begin(), split.train.x.end()) {
  require_finite(model.table(), theta, weights);
  inputs.n = split.train.n;
  if (e.model.reads_tokens())
    inputs.tokens = split.train.tokens.data();
  else
    inputs.vectors = vectors.data();
}

void warn_if_singular(std::int64_t parameters, std::int64_t rows) {
  if (parameters < rows)
    base::log_warning(fmt::format(
        "{} parameters for {} rows: the kernel is singular, its rank at most {}; the eigenvalues "
        "beyond are zero. --spectrum-only gives the others from the smaller dual; for a positive definite kernel "
        "widen the model or use fewer sequences",
        parameters, rows, parameters));
}

template <class T>
base::Value kernel_identity(const sweep::Experiment& e, kernel::Reduce reduce, std::int64_t rows,
                            std::int64_t parameters) {
  return base::Value::table({{"n_rows", rows},
                             {"n_params", parameters},
                             {"reduce", base::enum_to_text(reduce)},
                             {"dtype", std::is_same_v<T, float> ? "f32" : "f64"},
                             {"outputs", "kappa G(theta; X), without the constant of init_scale"},
                             {"configuration", sweep::resolved(e)}});
}

template <class T>
KernelAnswer<T> tangent_kernel(const KernelRequest& request) {
  const auto& e = request.experiment;
  KernelSetting<T> s(e, request.weights);
  const std::int64_t parameters = s.model.table().n_trainable();
  const std::int64_t rows = s.inputs.n * kernel::rows_per_sequence(e.model, request.options.reduce);
  const auto plan = kernel::plan_kernel(e.model, s.inputs.n, 0, request.options, sizeof(T));
  base::log_info(fmt::format("{} x {} kernel; {}", rows, rows, plan.reason));
  warn_if_singular(parameters, rows);
  auto result = kernel::dense_kernel<T>(s.model, s.theta, s.inputs, request.options);
  base::Value json = kernel_identity<T>(e, request.options.reduce, rows, parameters);
  json["algorithm"] = base::enum_to_text(result.plan.cost.algorithm);
  json["gflop"] = result.flop / 1e9;
  json["seconds"] = result.seconds;
  const bool targets = request.options.reduce == kernel::Reduce::none && !e.model.reads_tokens();
  std::vector<double> y = targets ? s.split.train.y : std::vector<double>();
  return {std::move(s), std::move(result), std::move(json), std::move(y)};
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

template <class T>
KernelSpectrum describe_spectrum(KernelAnswer<T>& answer) {
  auto& [total, parts, plan, flop, seconds] = answer.kernel;
  std::vector<PartSpectrum> spectra;
  for (auto& part : parts) {
    spectra.push_back({part.name, in_place(part.values)});
    part.values.resize(0, 0);
  }

  KernelSpectrum found;
  if (!answer.y.empty() && total.rows() <= kMostRowsOfVectors) {
    numerics::Matrix<double> copy = total.template cast<double>();
    found.spectrum =
        kernel::spectrum_in_place<double>(numerics::MatrixView<double>(copy.data(), copy.rows(), copy.cols()), true);
    found.coefficients = kernel::target_coefficients(copy, answer.y);
  } else {
    found.spectrum = in_place(total);
  }
  describe_spectra(spectra, found, answer.json);
  return found;
}

template struct KernelSetting<float>;
template struct KernelSetting<double>;
template KernelAnswer<float> tangent_kernel<float>(const KernelRequest&);
template KernelAnswer<double> tangent_kernel<double>(const KernelRequest&);
template KernelSpectrum describe_spectrum<float>(KernelAnswer<float>&);
template KernelSpectrum describe_spectrum<double>(KernelAnswer<double>&);
template base::Value kernel_identity<float>(const sweep::Experiment&, kernel::Reduce, std::int64_t, std::int64_t);
template base::Value kernel_identity<double>(const sweep::Experiment&, kernel::Reduce, std::int64_t, std::int64_t);

}  // namespace phaselaw::verbs
