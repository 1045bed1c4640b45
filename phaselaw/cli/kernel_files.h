// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/kernel/density.h"
#include "phaselaw/kernel/kernel.h"

// The files of `phaselaw kernel`. Rows of every kernel: (sample, token, output coordinate), last fastest.
namespace phaselaw::cli {

// weights.safetensors, inputs.npy (n, L, d) or (n, L) for tokens, outputs.npy and targets.npy (n, L, o).
template <class T>
void write_setting(const std::string& directory, const model::ModelOptions& options, const model::Transformer<T>& model,
                   const std::vector<T>& theta, const model::Inputs<T>& inputs, const data::Dataset& train);

// kernel.npy, kernel_layer_<nu>.npy or kernel_<block>.npy, spectrum.csv (rank, eigenvalue, target_coefficient). Fills
// lambda_min .. layers .. decay into `json`. Destroys the matrices: eigenvalues are computed in place.
// target_coefficient = (v_i^T y)^2, for up to kMostRowsOfVectors rows in double, and where `y` is given.
template <class T>
void write_kernel(const std::string& directory, kernel::DenseKernel<T>& result, const std::vector<double>& y,
                  base::Value& json);
inline constexpr std::int64_t kMostRowsOfVectors = 4096;

// density.csv: eigenvalue, cdf and its standard error, on a log grid between the extremes.
void write_density(const std::string& directory, const kernel::SpectralDensity& density);

}  // namespace phaselaw::cli
