// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/kernel_files.h"

#include <filesystem>

#include "phaselaw/base/files.h"
#include "phaselaw/data/npy.h"
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

std::string kernel_file(const std::string& part) {
  const std::string prefix = "layers.";
  const bool layer = part.rfind(prefix, 0) == 0 && part.find('.', prefix.size()) == std::string::npos;
  return layer ? "kernel_layer_" + part.substr(prefix.size()) + ".npy" : "kernel_" + part + ".npy";
}

template <class T>
void write_matrices(const std::string& directory, const kernel::DenseKernel<T>& result) {
  const fs::path folder(directory);
  write_matrix(folder / "kernel.npy", result.total);
  for (const auto& part : result.parts) write_matrix(folder / kernel_file(part.name), part.values);
}

void write_spectrum(const std::string& directory, const verbs::KernelSpectrum& found) {
  std::string csv = "rank,eigenvalue,target_coefficient\n";
  const auto& eigenvalues = found.spectrum.eigenvalues;
  for (std::size_t i = 0; i < eigenvalues.size(); ++i)
    csv += fmt::format("{},{},{}\n", i + 1, eigenvalues[i],
                       found.coefficients.empty() ? std::string() : fmt::to_string(found.coefficients[i]));
  base::write_file(fs::path(directory) / "spectrum.csv", csv);
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
template void write_matrices<float>(const std::string&, const kernel::DenseKernel<float>&);
template void write_matrices<double>(const std::string&, const kernel::DenseKernel<double>&);

}  // namespace phaselaw::cli
