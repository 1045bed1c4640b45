// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/base/value.h"

// Every key of an experiment or study file as a Markdown page: name, default, domain, meaning. The page is generated
// from the option structs; docs/configuration.md is this text, and a test compares the two.
namespace phaselaw::sweep {

[[nodiscard]] std::string key_reference();

// The same for programs: section, name, type, words, list, default, range and help of each key, one table each.
[[nodiscard]] base::Value key_table();

}  // namespace phaselaw::sweep
