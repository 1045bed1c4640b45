// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

// The parts of phaselaw._core, each in a file of its own.
namespace phaselaw::python {

void add_laws(nanobind::module_& module);
void add_experiments(nanobind::module_& module);
void add_executed_sweep(nanobind::module_& module);
void add_transformer(nanobind::module_& module);
void add_kernel(nanobind::module_& module);

}  // namespace phaselaw::python
