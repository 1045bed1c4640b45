// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/launch.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace phaselaw::ranks {
namespace {

std::map<std::string, const char*> environment;
const char* variable(const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? nullptr : found->second;
}

TEST(Launch, ReadsRankAndSizeOfEachLauncher) {
  environment = {};
  EXPECT_FALSE(launch_from(variable).several());
  EXPECT_EQ(launch_from(variable).size, 1);
  environment = {{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}};
  EXPECT_EQ(launch_from(variable).rank, 2);
  EXPECT_EQ(launch_from(variable).size, 4);
  EXPECT_EQ(launch_from(variable).launcher, "mpirun");
  environment = {{"PMI_RANK", "0"}, {"PMI_SIZE", "3"}};
  EXPECT_EQ(launch_from(variable).size, 3);
  environment = {{"PMIX_RANK", "1"}, {"SLURM_STEP_NUM_TASKS", "2"}};
  EXPECT_EQ(launch_from(variable).launcher, "srun");
}

TEST(Launch, ABatchScriptsOwnNumbersAreNoLaunch) {
  environment = {{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}};
  EXPECT_FALSE(launch_from(variable).several());
  environment = {{"OMPI_COMM_WORLD_RANK", "x"}, {"OMPI_COMM_WORLD_SIZE", "4"}};
  EXPECT_FALSE(launch_from(variable).several());
  environment = {{"OMPI_COMM_WORLD_RANK", "4"}, {"OMPI_COMM_WORLD_SIZE", "4"}};
  EXPECT_FALSE(launch_from(variable).several());
}

}  // namespace
}  // namespace phaselaw::ranks
