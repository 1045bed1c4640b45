// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "phaselaw/verbs/kernel.h"

// The tangent kernel of an experiment, computed by all processes of a launch; none of them holds a whole matrix.
namespace phaselaw::verbs {

// Receives the kernel on the first rank; its members are called only there.
template <class T>
class KernelSink {
 public:
  virtual ~KernelSink() = default;
  virtual void open() = 0;  // called before anything is computed, to report problems with the output
  virtual void setting(const sweep::Experiment& experiment, const KernelSetting<T>& setting) = 0;
  // A matrix in pieces from the first row to the last; the empty name is the total.
  virtual void begin(const std::string& part, std::int64_t rows) = 0;
  virtual void piece(std::span<const T> values) = 0;
  virtual void end() = 0;
};
struct DistributedAnswer {
  base::Value json;  // kernel.json
  KernelSpectrum spectrum;
};
// Collective, called by all processes of a launch. Null on all ranks but the first. T is the request's dtype;
// memory_limit and threads (0: one) apply to each rank. Errors: as ranks/crew.h and ranks/distributed_kernel.h.
template <class T>
[[nodiscard]] std::optional<DistributedAnswer> distributed_kernel(const KernelRequest& request, KernelSink<T>& sink);

extern template std::optional<DistributedAnswer> distributed_kernel<float>(const KernelRequest&, KernelSink<float>&);
extern template std::optional<DistributedAnswer> distributed_kernel<double>(const KernelRequest&, KernelSink<double>&);

}  // namespace phaselaw::verbs
