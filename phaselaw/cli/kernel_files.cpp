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

// "layers.1" -> "kernel_layer_1.npy", "encoder.1" -> "kernel_encoder.1.npy"
std::string kernel_file(const std::string& part) {
  if (part.empty()) return "kernel.npy";
  const std::string prefix = "layers.";
  const bool layer = part.rfind(prefix, 0) == 0 && part.find('.', prefix.size()) == std::string::npos;
  return layer ? "kernel_layer_" + part.substr(prefix.size()) + ".npy" : "kernel_" + part + ".npy";
}

template <class T>
void write_matrix(KernelFiles<T>& files, const std::string& part, const numerics::Matrix<T>& m) {
  files.begin(part, m.rows());
  files.piece({m.data(), static_cast<std::size_t>(m.size())});
  files.end();
}

}  // namespace

template <class T>
void KernelFiles<T>::open() {
  base::require_writable_directory(directory_, "--out");
}

template <class T>
void KernelFiles<T>::inputs(const sweep::Experiment& e, const verbs::KernelInputs<T>& s) {
  const fs::path folder(directory_);
  const model::ModelOptions& options = e.model;
  const data::Dataset& train = s.split.train;
  training::write_checkpoint<T>(folder / "weights.safetensors", options, s.theta);
  if (s.inputs.tokens != nullptr) {
    const std::int64_t in[] = {train.n, options.input_len()}, shape[] = {train.n, train.seq_len};
    data::write_npy(folder / "inputs.npy", in, std::vector<T>(train.tokens.begin(), train.tokens.end()));
    data::write_npy(folder / "targets.npy", shape, std::vector<T>(train.next_tokens.begin(), train.next_tokens.end()));
  } else {
    const std::int64_t in[] = {train.n, options.input_len(), options.d_model};
    const std::int64_t out[] = {train.n, train.seq_len, options.outputs()};
    data::write_npy(folder / "inputs.npy", in, std::span<const T>(s.inputs.vectors, train.x.size()));
    data::write_npy(folder / "targets.npy", out, std::vector<T>(train.y.begin(), train.y.end()));
  }
  typename model::Transformer<T>::Workspace workspace(s.model, s.inputs.n);
  std::vector<T> outputs(static_cast<std::size_t>(s.inputs.n * s.model.outputs_per_sequence()));
  s.model.forward(s.theta, s.inputs, workspace, outputs.data());
  const std::int64_t shape[] = {s.inputs.n, options.seq_len, options.outputs()};
  data::write_npy(folder / "outputs.npy", shape, std::span<const T>(outputs));
}

template <class T>
void KernelFiles<T>::begin(const std::string& part, std::int64_t rows) {
  const std::int64_t shape[] = {rows, rows};
  file_.emplace(fs::path(directory_) / kernel_file(part), shape);
}

template <class T>
void KernelFiles<T>::piece(std::span<const T> values) {
  file_->append(values);
}

template <class T>
void KernelFiles<T>::end() {
  file_->commit();
  file_.reset();
}

template <class T>
void write_files(const std::string& directory, const sweep::Experiment& experiment,
                 const verbs::DenseAnswer<T>& answer) {
  KernelFiles<T> files(directory);
  files.inputs(experiment, answer.inputs);
  write_matrix(files, "", answer.kernel.total);
  for (const auto& part : answer.kernel.parts) write_matrix(files, part.name, part.values);
  write_spectrum(directory, answer.spectrum);
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

template class KernelFiles<float>;
template class KernelFiles<double>;
template void write_files<float>(const std::string&, const sweep::Experiment&, const verbs::DenseAnswer<float>&);
template void write_files<double>(const std::string&, const sweep::Experiment&, const verbs::DenseAnswer<double>&);

}  // namespace phaselaw::cli
