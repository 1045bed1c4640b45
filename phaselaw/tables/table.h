// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/documents/table.h"

// The tables of this layer are those of the documents.
namespace phaselaw::tables {

using documents::Table;

}  // namespace phaselaw::tables
