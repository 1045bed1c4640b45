// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// Whether this process is one of several started by a launcher, read from the launcher's environment; MPI is not used.
// A plain start is rank 0 of 1.
namespace phaselaw::ranks {

struct Launch {
  int rank = 0, size = 1;
  std::string launcher;  // "mpirun", "PMI", "srun"; empty for a plain start
  [[nodiscard]] bool several() const { return size > 1; }
};

// Open MPI's mpirun (OMPI_COMM_WORLD_RANK and _SIZE), PMI (PMI_RANK and PMI_SIZE: MPICH, srun --mpi=pmi2), PMIx under
// Slurm (PMIX_RANK, SLURM_STEP_NUM_TASKS). The numbers of a Slurm batch script alone do not count: its commands are
// single processes. The environment is read once.
[[nodiscard]] const Launch& launch();
[[nodiscard]] Launch launch_from(const char* (*variable)(const char* name));  // for tests

// InputError if several ranks were started for a verb that uses one process; the message names `verb` and what to do
// instead.
void require_one_rank(const std::string& verb, const std::string& remedy);

}  // namespace phaselaw::ranks
