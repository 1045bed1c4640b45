// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/architectures.h"
#include "phaselaw/reproduce/arrays.h"
#include "phaselaw/reproduce/depth_width.h"
#include "phaselaw/reproduce/exponents.h"
#include "phaselaw/reproduce/first_order_gap.h"
#include "phaselaw/reproduce/lazy_or_rich.h"
#include "phaselaw/reproduce/matching_band.h"
#include "phaselaw/reproduce/noise.h"
#include "phaselaw/reproduce/own_runs.h"
#include "phaselaw/reproduce/quality.h"
#include "phaselaw/reproduce/relaxation.h"
#include "phaselaw/reproduce/surface_claims.h"
#include "phaselaw/reproduce/text_ladder.h"
#include "phaselaw/reproduce/token_noise.h"
#include "phaselaw/reproduce/token_surface.h"
#include "phaselaw/reproduce/two_point.h"

// The list of experiments; a new one is added here.
namespace phaselaw::reproduce {

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> list = {
      {"E1.surface", "Excess-risk surface of a teacher", 40, surface},
      {"E1.markov", "Excess-risk surface of a Markov chain", 10, markov_surface},
      {"E1.associations", "Excess-risk surface of associations", 10, associations_surface},
      {"E1.text", "Text without a known floor", 30, text_ladder},
      {"E1.arrays", "Arrays with a known floor", 9, arrays_ladder},
      {"E2.noise", "Noise", 31, noise},
      {"E2.quality", "Data quality", 6, quality},
      {"E2.token_noise", "Label noise of tokens", 5, token_noise},
      {"E3.depth_width", "Depth against width", 10, depth_width},
      {"E4.relaxation", "Constraint relaxation", 27, relaxation},
      {"E5.lazy_or_rich", "Lazy or rich", 13, lazy_or_rich},
      {"E6.exponents", "Exponents side by side", 2, exponents},
      {"E7.architectures", "Decoder, encoder, encoder-decoder", 20, architectures},
      {"LB.two_point", "Lower bound from data: two points", 4, two_point},
      {"LB.oracle", "Lower bound from first-order steps", 10, first_order_gap},
      {"LB.band", "Lower bound beside the surface", 1, matching_band},
      {"E8.own_runs", "Your own runs", 3, own_runs, true},
  };
  return list;
}

}  // namespace phaselaw::reproduce
