// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <omp.h>

// Sets the number of threads of the calling thread's next OpenMP regions during its lifetime; oneDNN has no other way
// to set it.
namespace phaselaw::numerics {

class OpenMpThreads {
 public:
  explicit OpenMpThreads(int threads) : before_(omp_get_max_threads()), changed_(before_ != threads) {
    if (changed_) omp_set_num_threads(threads);
  }
  ~OpenMpThreads() {
    if (changed_) omp_set_num_threads(before_);
  }
  OpenMpThreads(const OpenMpThreads&) = delete;
  OpenMpThreads& operator=(const OpenMpThreads&) = delete;

 private:
  int before_;
  bool changed_;
};

}  // namespace phaselaw::numerics
