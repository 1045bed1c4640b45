// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/reproduce/surface_study.h"
#include "phaselaw/theory/two_stage.h"

// What the surface of a vector teacher says about the paper's exponents (E1.surface), and its figures.
//
// The exponent of an envelope alone decides nothing: a b below 1 and a p_T below 2 can compensate. A claim about a stated
// exponent is therefore undecidable where the envelope agrees with it, but b or p_T contradicts the accounting from
// which the exponent follows. Where the envelope itself contradicts the exponent, b and p_T need not agree.
namespace phaselaw::reproduce {

// Writes `undecidable` if the claim's measured exponent is within its margin, while the interval of b or of p_T lies
// outside the margin of what the accounting states (b = r, p_T).
void require_isolated_laws(const SurfaceRow& row, const theory::Edition& edition,
                           const theory::ComputeAccounting& accounting, report::Claim& claim);

// "b = 1.04 [0.98, 1.10], p_T = 1.03 [0.82, 1.26], p_M = 3, which imply 0.207 [0.19, 0.22]".
[[nodiscard]] std::string isolated_in_words(const SurfaceRow& row);

[[nodiscard]] std::vector<report::Claim> surface_claims(const VectorSurface& surface);

// Envelope against charge with the implied line; exponents against p_M; best times; best risk; threshold; model size;
// falling curves. The first is for the head of the page.
[[nodiscard]] std::vector<report::Figure> surface_figures(const VectorSurface& surface);
[[nodiscard]] std::vector<report::Table> surface_tables(const VectorSurface& surface);

// Envelope, implied line and stated slopes of one path; also for other sources.
[[nodiscard]] report::Figure envelope_figure(const SurfaceRow& row, const std::string& title);

[[nodiscard]] Finding surface(const Context& context);

}  // namespace phaselaw::reproduce
