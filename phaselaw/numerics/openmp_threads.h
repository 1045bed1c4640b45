// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <omp.h>

// OpenMP gives the calling thread's next regions this many threads while it lives: oneDNN has no other way to be told.
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
