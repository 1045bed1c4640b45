// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "phaselaw/base/files.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/key_reference.h"

namespace phaselaw {
namespace {

const std::string kRoot = PHASELAW_SOURCE_DIR;

TEST(Examples, AreValid) {
  EXPECT_NO_THROW((void)sweep::experiment_from(base::read_toml(kRoot + "/examples/teacher.toml")));
  EXPECT_NO_THROW((void)sweep::experiment_from(base::read_toml(kRoot + "/examples/text.toml")));
  EXPECT_NO_THROW((void)sweep::experiment_from(base::read_toml(kRoot + "/examples/kernel.toml")));
  for (const char* name : {"/examples/gpt2.toml", "/examples/llama.toml"})
    EXPECT_FALSE(sweep::experiment_from(base::read_toml(kRoot + name)).model.is_plain_block()) << name;
  EXPECT_EQ(sweep::study_from(base::read_toml(kRoot + "/examples/study.toml")).points.size(), 12U);
  EXPECT_EQ(sweep::study_from(base::read_toml(kRoot + "/examples/associations.toml")).points.size(), 10U);
}

TEST(Documentation, KeysAreThoseOfTheCode) {
  EXPECT_EQ(base::read_text(kRoot + "/docs/configuration.md"), sweep::key_reference())
      << "regenerate it: phaselaw keys > docs/configuration.md";
}

}  // namespace
}  // namespace phaselaw
