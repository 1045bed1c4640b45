// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/launch.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "phaselaw/base/errors.h"

namespace phaselaw::ranks {

Launch launch_from(const char* (*variable)(const char* name)) {
  const auto number = [&](const char* name) {
    const char* text = variable(name);
    int value = -1;
    if (text != nullptr) std::from_chars(text, text + std::strlen(text), value);
    return value;
  };
  const struct {
    const char *launcher, *rank, *size;
  } known[] = {{"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
               {"PMI", "PMI_RANK", "PMI_SIZE"},
               {"srun", "PMIX_RANK", "SLURM_STEP_NUM_TASKS"}};
  for (const auto& k : known)
    if (const int rank = number(k.rank), size = number(k.size); rank >= 0 && rank < size)
      return {rank, size, k.launcher};
  return {};
}

const Launch& launch() {
  static const Launch found = launch_from([](const char* name) -> const char* { return std::getenv(name); });
  return found;
}

void require_one_rank(const std::string& verb, const std::string& remedy) {
  if (launch().several())
    throw base::InputError(fmt::format("{} was started on {} ranks by {} and would do the same work {} times; {}", verb,
                                       launch().size, launch().launcher, launch().size, remedy));
}

}  // namespace phaselaw::ranks
