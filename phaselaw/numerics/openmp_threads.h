// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <omp.h>

// The number of threads that oneDNN uses for calls from this thread while this lives. oneDNN takes the number from
// OpenMP and has no other way to be told. The library itself uses no threads of OpenMP (base/team.h).
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
