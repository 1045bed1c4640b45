// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/arrays.h"
#include "phaselaw/reproduce/depth_width.h"
#include "phaselaw/reproduce/exponents.h"
#include "phaselaw/reproduce/first_order_gap.h"
#include "phaselaw/reproduce/lazy_or_rich.h"
#include "phaselaw/reproduce/mask.h"
#include "phaselaw/reproduce/matching_band.h"
#include "phaselaw/reproduce/noise.h"
#include "phaselaw/reproduce/phase_transition.h"
#include "phaselaw/reproduce/relaxation.h"
#include "phaselaw/reproduce/two_point.h"

// The list of experiments; a new one is added here.
namespace phaselaw::reproduce {

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> list = {
      {"E1.teacher", "Phase transition on a teacher", 25, phase_transition_on_teacher},
      {"E1.text", "Phase transition on text", 50, phase_transition_on_text},
      {"E1.arrays", "Phase transition on arrays", 12, phase_transition_on_arrays},
      {"E2.noise", "Noise", 38, noise},
      {"E3.depth_width", "Depth against width", 10, depth_width},
      {"E4.relaxation", "Constraint relaxation", 27, relaxation},
      {"E5.lazy_or_rich", "Lazy or rich", 13, lazy_or_rich},
      {"E6.exponents", "Exponents side by side", 2, exponents},
      {"E7.mask", "Encoder-only: the mask", 20, mask},
      {"LB.two_point", "Lower bound from data: two points", 4, two_point},
      {"LB.oracle", "Lower bound from first-order steps", 10, first_order_gap},
      {"LB.band", "Matching band", 1, matching_band},
  };
  return list;
}

}  // namespace phaselaw::reproduce
