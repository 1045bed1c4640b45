// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/kernel/kernel.h"
#include "phaselaw/kernel/spectrum.h"
#include "phaselaw/sweep/experiment.h"

// The tangent kernel of an experiment on its training inputs, and what is said of its spectrum (docs/kernel.md).
namespace phaselaw::verbs {

struct KernelRequest {
  sweep::Experiment experiment;
  kernel::KernelOptions options;
  std::string weights;  // weights.safetensors; "": the initialisation
};

// Data, model and parameters in T. InputError for weights that are not finite, by the name of their tensor.
template <class T>
struct KernelSetting {
  model::Transformer<T> model;
  data::Split split;
  std::vector<T> theta, vectors;
  model::Inputs<T> inputs;  // points into `split` and `vectors`

  KernelSetting(const sweep::Experiment& experiment, const std::string& weights);
  KernelSetting(KernelSetting&&) = default;
};

template <class T>
struct KernelAnswer {
  KernelSetting<T> setting;
  kernel::DenseKernel<T> kernel;
  base::Value json;       // kernel.json without the spectrum, until describe_spectrum
  std::vector<double> y;  // targets in the kernel's rows; empty where it has other rows
};

// Cost: kernel/planner.h. InputError beyond options.memory_limit.
template <class T>
[[nodiscard]] KernelAnswer<T> tangent_kernel(const KernelRequest& request);

// coefficients = (v_i^T y)^2, for up to kMostRowsOfVectors rows in double, and where there are targets.
struct KernelSpectrum {
  kernel::Spectrum spectrum;
  std::vector<double> coefficients;
};
inline constexpr std::int64_t kMostRowsOfVectors = 4096;

// Fills lambda_min .. layers .. decay into answer.json. Destroys the matrices: eigenvalues are computed in place.
template <class T>
[[nodiscard]] KernelSpectrum describe_spectrum(KernelAnswer<T>& answer);

// The same from spectra: fills `json`, parts in their order.
struct PartSpectrum {
  std::string name;
  kernel::Spectrum spectrum;
};
void describe_spectra(const std::vector<PartSpectrum>& parts, const KernelSpectrum& found, base::Value& json);

// n_rows, n_params, reduce, dtype, outputs, configuration.
template <class T>
[[nodiscard]] base::Value kernel_identity(const sweep::Experiment& e, kernel::Reduce reduce, std::int64_t rows,
                                          std::int64_t parameters);

void warn_if_singular(std::int64_t parameters, std::int64_t rows);

}  // namespace phaselaw::verbs
