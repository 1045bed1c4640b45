// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/base/value.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/kernel/density.h"
#include "phaselaw/kernel/kernel.h"
#include "phaselaw/kernel/spectrum.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/settings.h"

// The tangent kernel of an experiment on its training inputs, and its spectrum (docs/kernel.md): in one process, with
// or without a matrix. For several ranks see kernel_distributed.h.
namespace phaselaw::verbs {

struct KernelRequest {
  sweep::Experiment experiment;  // its section [kernel] has the options of the kernel
  bool distributed = false;
  std::optional<std::int64_t> seed;  // unset: that of the experiment
  sweep::Settings set;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    kernel::KernelTask::fields(self.experiment.kernel, visit);
    visit("distributed", self.distributed, base::anything(),
          "compute on the ranks of mpirun -n K; each rank computes and keeps 1/K of the matrices");
    visit("seed", self.seed, base::seeds(), "seed of all random draws (default: that of the file, or 0)");
    visit("set", self.set, base::anything(), sweep::kSetHelp);
  }
  void validate() const;  // InputError
};

// Data, model and parameters in T. InputError for weights that are not finite, by the name of their tensor.
template <class T>
struct KernelInputs {
  model::Transformer<T> model;
  data::Split split;
  std::vector<T> theta, vectors;
  model::Inputs<T> inputs;  // points into `split` and `vectors`

  explicit KernelInputs(const sweep::Experiment& experiment);
  KernelInputs(KernelInputs&&) = default;
  KernelInputs& operator=(KernelInputs&&) = default;
};

// coefficients = (v_i^T y)^2, for up to kMostRowsOfVectors rows in double, if there are targets.
struct KernelSpectrum {
  kernel::Spectrum spectrum;
  std::vector<double> coefficients;
};
inline constexpr std::int64_t kMostRowsOfVectors = 4096;

template <class T>
struct DenseAnswer {
  KernelInputs<T> inputs;
  kernel::DenseKernel<T> kernel;
  KernelSpectrum spectrum;
};
struct KernelAnswer {
  base::Value json;  // kernel.json
  // With spectrum_only the density; otherwise the matrices in `dtype`.
  std::variant<DenseAnswer<double>, DenseAnswer<float>, kernel::SpectralDensity> found;
};

// Cost: kernel/planner.h, and one matrix in double if there are coefficients. InputError beyond memory_limit, and for a
// request that is distributed.
[[nodiscard]] KernelAnswer tangent_kernel(const KernelRequest& request);

// The contents of kernel.json, here and for several ranks (kernel_distributed.h).
// n_rows, n_params, reduce, dtype, outputs, configuration:
[[nodiscard]] base::Value kernel_identity(const kernel::KernelTask& task, base::Value configuration, std::int64_t rows,
                                          std::int64_t parameters);
// lambda_min .. layers .. decay, parts in their order:
struct PartSpectrum {
  std::string name;
  kernel::Spectrum spectrum;
};
void describe_spectra(const std::vector<PartSpectrum>& parts, const KernelSpectrum& found, base::Value& json);
void warn_if_singular(std::int64_t parameters, std::int64_t rows);
// Coefficients exist if rows are outputs that have targets.
[[nodiscard]] bool has_targets(const sweep::Experiment& experiment);

extern template struct KernelInputs<float>;
extern template struct KernelInputs<double>;

}  // namespace phaselaw::verbs
