// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/base/value.h"

// A JSON Schema (draft 2020-12) of experiment and study files, made from the option structs: type, range, words, default
// and meaning of every key. Editors that know JSON Schema for TOML (Taplo, VS Code with Even Better TOML) complete keys
// and mark errors with it.
//
// Every file that the program accepts is valid. A valid file may still be refused, because rules between keys (heads that
// divide a width), paths and expressions are checked by the program alone.
namespace phaselaw::sweep {

[[nodiscard]] base::Value key_schema();

}  // namespace phaselaw::sweep
