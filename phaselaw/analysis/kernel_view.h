// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/analysis/flow_views.h"

// The results of the kernel at initialisation alone: the curves `kernel`, `gd`, `sgd` and `sgd_epochs` of
// flow_views.h, and the
// statistics of its spectrum. Beyond flow.max_rows rows, and for the cross-entropy, no matrix is computed.
namespace phaselaw::analysis {

// Reads views.times and views.learning_rate.
void add_kernel_views(const PreparedExperiment& prepared, int threads, FlowViews& views);

}  // namespace phaselaw::analysis
