// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "phaselaw/verbs/kernel.h"

// The tangent kernel of an experiment by all processes that a launcher started, none of which holds a matrix.
namespace phaselaw::verbs {

// Takes the kernel on the first rank: its members are called there alone.
template <class T>
class KernelSink {
 public:
  virtual ~KernelSink() = default;
  virtual void open() = 0;  // before anything is computed: what is wrong with the place is said here
  virtual void inputs(const sweep::Experiment& experiment, const KernelInputs<T>& inputs) = 0;
  // A matrix, "" for the total, in pieces from the first row to the last.
  virtual void begin(const std::string& part, std::int64_t rows) = 0;
  virtual void piece(std::span<const T> values) = 0;
  virtual void end() = 0;
};
struct DistributedAnswer {
  base::Value json;  // kernel.json
  KernelSpectrum spectrum;
};
// Collective, of all processes that a launcher started. Null on all ranks but the first. T is the request's dtype;
// memory_limit and threads (0: one) are for each rank. Errors: as ranks/process_group.h and ranks/distributed_kernel.h.
template <class T>
[[nodiscard]] std::optional<DistributedAnswer> distributed_kernel(const KernelRequest& request, KernelSink<T>& sink);

extern template std::optional<DistributedAnswer> distributed_kernel<float>(const KernelRequest&, KernelSink<float>&);
extern template std::optional<DistributedAnswer> distributed_kernel<double>(const KernelRequest&, KernelSink<double>&);

}  // namespace phaselaw::verbs
