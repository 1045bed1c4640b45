// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/base/value.h"

// The studies that `reproduce` carries out, as study files (their TOML is printed in the report).
namespace phaselaw::reproduce {

struct Preset {
  std::string name;
  std::string teacher_toml, text_toml;
  std::string one_layer_toml, width_toml, scale_toml;  // lazy or rich
  int resamples = 400;
};

[[nodiscard]] Preset quick_preset();
// InputError naming the known presets.
[[nodiscard]] Preset preset_from_name(const std::string& name);

// The text of the demo when none is given: the folder of Debian's package fortunes.
[[nodiscard]] std::string default_text();

}  // namespace phaselaw::reproduce
