// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

#include "phaselaw/data/npy.h"
#include "phaselaw/verbs/kernel.h"
#include "phaselaw/verbs/kernel_distributed.h"

// The files of `phaselaw kernel`. Rows of every kernel are ordered by (sample, token, output coordinate), the last
// fastest.
namespace phaselaw::cli {

template <class T>
class KernelFiles : public verbs::KernelSink<T> {
 public:
  explicit KernelFiles(std::string directory) : directory_(std::move(directory)) {}
  void open() override;  // InputError at --out if nothing can be written there
  // weights.safetensors, inputs.npy (n, L, d) or (n, L) for tokens, outputs.npy and targets.npy (n, L, o).
  void setting(const sweep::Experiment& experiment, const verbs::KernelSetting<T>& setting) override;
  // kernel.npy, kernel_layer_<nu>.npy or kernel_<block>.npy.
  void begin(const std::string& part, std::int64_t rows) override;
  void piece(std::span<const T> values) override;
  void end() override;

 private:
  std::string directory_;
  std::optional<data::NpyPieces<T>> file_;
};

// Writes all files of a kernel with matrices.
template <class T>
void write_files(const std::string& directory, const sweep::Experiment& experiment,
                 const verbs::DenseAnswer<T>& answer);

// spectrum.csv: rank, eigenvalue, target_coefficient.
void write_spectrum(const std::string& directory, const verbs::KernelSpectrum& found);

// density.csv: eigenvalue, cdf and its standard error, on a logarithmic grid between the extreme eigenvalues.
void write_density(const std::string& directory, const kernel::SpectralDensity& density);

extern template class KernelFiles<float>;
extern template class KernelFiles<double>;
extern template void write_files<float>(const std::string&, const sweep::Experiment&, const verbs::DenseAnswer<float>&);
extern template void write_files<double>(const std::string&, const sweep::Experiment&,
                                         const verbs::DenseAnswer<double>&);

}  // namespace phaselaw::cli
