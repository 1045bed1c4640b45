// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/data/dataset.h"
#include "phaselaw/kernel/density.h"
#include "phaselaw/kernel/kernel.h"
#include "phaselaw/verbs/kernel.h"

// The files of `phaselaw kernel`. Rows of every kernel: (sample, token, output coordinate), last fastest.
namespace phaselaw::cli {

// weights.safetensors, inputs.npy (n, L, d) or (n, L) for tokens, outputs.npy and targets.npy (n, L, o).
template <class T>
void write_setting(const std::string& directory, const model::ModelOptions& options, const model::Transformer<T>& model,
                   const std::vector<T>& theta, const model::Inputs<T>& inputs, const data::Dataset& train);

// kernel.npy, kernel_layer_<nu>.npy or kernel_<block>.npy.
template <class T>
void write_matrices(const std::string& directory, const kernel::DenseKernel<T>& result);

[[nodiscard]] std::string kernel_file(const std::string& part);  // "layers.1" -> "kernel_layer_1.npy"

// spectrum.csv: rank, eigenvalue, target_coefficient.
void write_spectrum(const std::string& directory, const verbs::KernelSpectrum& found);

// density.csv: eigenvalue, cdf and its standard error, on a log grid between the extremes.
void write_density(const std::string& directory, const kernel::SpectralDensity& density);

}  // namespace phaselaw::cli
