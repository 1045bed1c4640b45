// SPDX-License-Identifier: Apache-2.0
// toml++ from its headers, compiled once: Debian has no static library of it.
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
