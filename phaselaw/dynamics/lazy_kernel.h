// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/dynamics/lazy.h"

// The two implementations of the kernel for LazyRecorder, dense and matrix-free; see lazy.h for equations and cost.
namespace phaselaw::dynamics {

// A part of the parameters: the blocks of one layer, of the embedding or of the read-out, named as in
// kernel::DenseKernel.
struct TrainedPart {
  std::string name;
  std::vector<bool> blocks;  // one flag per table.blocks(), trainable ones only
};
[[nodiscard]] std::vector<TrainedPart> trained_parts(const model::ParameterTable& table);

class KernelDrift {
 public:
  virtual ~KernelDrift() = default;
  // Entry 0 is the total, then the parts.
  [[nodiscard]] virtual std::vector<LazyStart> start() const = 0;
  // drift, drift_error, drift_norm and alignment at theta; entry 0 is the total.
  [[nodiscard]] virtual std::vector<Laziness> at(std::span<const double> theta) = 0;
};

// `y` is the target, rows long; empty: no alignment.
[[nodiscard]] std::unique_ptr<KernelDrift> dense_drift(const model::Transformer<double>& model,
                                                       std::span<const double> theta_0,
                                                       const model::Inputs<double>& inputs, std::span<const double> y,
                                                       const LazyOptions& options);
[[nodiscard]] std::unique_ptr<KernelDrift> matrix_free_drift(const model::Transformer<double>& model,
                                                             std::span<const double> theta_0,
                                                             const model::Inputs<double>& inputs,
                                                             std::span<const double> y, const LazyOptions& options);

}  // namespace phaselaw::dynamics
