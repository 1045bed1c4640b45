// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/kernel_files.h"

#include <cmath>
#include <filesystem>

#include "phaselaw/base/files.h"
#include "phaselaw/data/npy.h"
#include "phaselaw/kernel/decay.h"
#include "phaselaw/kernel/spectrum.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/training/checkpoint.h"

namespace phaselaw::cli {

namespace {

namespace fs = std::filesystem;

template <class T>
void write_matrix(const fs::path& path, const numerics::Matrix<T>& m) {
  const std::int64_t shape[] = {m.rows(), m.cols()};
  data::write_npy(path, shape, std::span<const T>(m.data(), static_cast<std::size_t>(m.size())));
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

std::string file_of(const std::string& part) {
  const std::string prefix = "layers.";
  const bool layer = part.rfind(prefix, 0) == 0 && part.find('.', prefix.size()) == std::string::npos;
  return layer ? "kernel_layer_" + part.substr(prefix.size()) + ".npy" : "kernel_" + part + ".npy";
}

}  // namespace

template <class T>
void write_setting(const std::string& directory, const model::ModelOptions& options, const model::Transformer<T>& model,
                   const std::vector<T>& theta, const model::Inputs<T>& inputs, const data::Dataset& train) {
  const fs::path folder(directory);
  training::write_checkpoint<T>(folder / "weights.safetensors", options, theta);
  if (inputs.tokens != nullptr) {
    const std::int64_t shape[] = {train.n, train.seq_len};
    data::write_npy(folder / "inputs.npy", shape, std::vector<T>(train.tokens.begin(), train.tokens.end()));
    data::write_npy(folder / "targets.npy", shape, std::vector<T>(train.next_tokens.begin(), train.next_tokens.end()));
  } else {
    const std::int64_t in[] = {train.n, train.seq_len, options.d_model};
    const std::int64_t out[] = {train.n, train.seq_len, options.outputs()};
    data::write_npy(folder / "inputs.npy", in, std::span<const T>(inputs.vectors, train.x.size()));
    data::write_npy(folder / "targets.npy", out, std::vector<T>(train.y.begin(), train.y.end()));
  }
  typename model::Transformer<T>::Workspace workspace(model, inputs.n);
  std::vector<T> outputs(static_cast<std::size_t>(inputs.n * model.outputs_per_sequence()));
  model.forward(theta, inputs, workspace, outputs.data());
  const std::int64_t shape[] = {inputs.n, options.seq_len, options.outputs()};
  data::write_npy(folder / "outputs.npy", shape, std::span<const T>(outputs));
}

template <class T>
void write_kernel(const std::string& directory, kernel::DenseKernel<T>& result, const std::vector<double>& y,
                  base::Value& json) {
  const fs::path folder(directory);
  write_matrix(folder / "kernel.npy", result.total);
  base::Value layers(base::Value::List{});
  const auto in_place = [](numerics::Matrix<T>& m) {
    return kernel::spectrum_in_place<T>(numerics::MatrixView<T>(m.data(), m.rows(), m.cols()));
  };
  for (auto& part : result.parts) {
    write_matrix(folder / file_of(part.name), part.values);
    const auto spectrum = in_place(part.values);
    layers.push_back(base::Value::table({{"name", part.name},
                                         {"trace", spectrum.trace},
                                         {"lambda_min", spectrum.lambda_min},
                                         {"lambda_max", spectrum.lambda_max},
                                         {"numerical_rank", spectrum.numerical_rank}}));
    part.values.resize(0, 0);
  }

  kernel::Spectrum spectrum;
  std::vector<double> coefficients;
  if (!y.empty() && result.total.rows() <= kMostRowsOfVectors) {
    numerics::Matrix<double> copy = result.total.template cast<double>();
    spectrum =
        kernel::spectrum_in_place<double>(numerics::MatrixView<double>(copy.data(), copy.rows(), copy.cols()), true);
    coefficients = kernel::target_coefficients(copy, y);
  } else {
    spectrum = in_place(result.total);
  }
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
  if (!coefficients.empty())
    json["decay_a"] = decay_value(kernel::coefficient_decay(std::span(coefficients).first(rank)));

  std::string csv = "rank,eigenvalue,target_coefficient\n";
  for (std::size_t i = 0; i < spectrum.eigenvalues.size(); ++i)
    csv += fmt::format("{},{},{}\n", i + 1, spectrum.eigenvalues[i],
                       coefficients.empty() ? std::string() : fmt::to_string(coefficients[i]));
  base::write_file(folder / "spectrum.csv", csv);
}

void write_density(const std::string& directory, const kernel::SpectralDensity& density) {
  const double highest = density.exact().empty() ? density.highest_node() : density.exact().front();
  std::string csv = "eigenvalue,cdf,cdf_standard_error\n";
  for (const double x : numerics::log_spaced(std::max(density.lowest_node(), 1e-12 * highest), highest, 200)) {
    const auto cdf = density.cdf(x);
    csv += fmt::format("{},{},{}\n", x, cdf.value, cdf.standard_error);
  }
  base::write_file(fs::path(directory) / "density.csv", csv);
}

template void write_setting<float>(const std::string&, const model::ModelOptions&, const model::Transformer<float>&,
                                   const std::vector<float>&, const model::Inputs<float>&, const data::Dataset&);
template void write_setting<double>(const std::string&, const model::ModelOptions&, const model::Transformer<double>&,
                                    const std::vector<double>&, const model::Inputs<double>&, const data::Dataset&);
template void write_kernel<float>(const std::string&, kernel::DenseKernel<float>&, const std::vector<double>&,
                                  base::Value&);
template void write_kernel<double>(const std::string&, kernel::DenseKernel<double>&, const std::vector<double>&,
                                   base::Value&);

}  // namespace phaselaw::cli
