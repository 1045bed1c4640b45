// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/matching_band.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

namespace {

double log_bound(const SurfacePath& path, const SurfaceCell& cell) {
  return std::log(path.noise * path.noise / (16 * cell.n_data));
}

}  // namespace

Effect log_looseness(const SurfacePath& path) {
  return jackknife(path.teachers(),
                   [&](Teachers teachers) {
                     const auto best = best_times(path, teachers);
                     double smallest = base::kInfinity;
                     for (std::size_t i = 0; i < best.size(); ++i)
                       smallest = std::min(
                           smallest, best[i].log_risk + std::log(kSurfaceCoordinates) - log_bound(path, path.cells[i]));
                     return std::vector<double>{smallest};
                   })
      .front();
}

std::vector<report::Claim> claims_of(const SurfacePath& path) {
  report::Claim claim;
  claim.id = "LB.band.two_point";
  claim.standing = report::Standing::kSelfCheck;
  claim.statement = "At no n is the best measured risk below the two-point bound xi^2/(16 n).";
  claim.source = "docs/theory/lower-bounds.md: two-point lower bound [S name, T]";
  claim_at_least(0, claim);
  claim.predicted_text = "> 0";
  claim.unit = "ln of risk/bound";
  set_measured(log_looseness(path), claim);
  claim.reading = fmt::format(
      "The bound is loose: at its nearest the risk is {} times the bound, which contains neither the {} output coordinates "
      "nor d_eff.",
      base::format_number(std::exp(claim.measured), 2), kSurfaceCoordinates);
  claim.would_change =
      "A risk below the bound, which would mean an error in the risk or in the noise: the bound holds for every estimator "
      "that does not know the target.";
  return {std::move(claim)};
}

report::Figure figure_of(const SurfacePath& path) {
  report::Figure figure;
  figure.title = "Best risk and the two-point bound";
  figure.x = {"training sequences n", "", true};
  figure.y = {"excess risk", "squared, per sequence", true};
  report::Series measured, bound;
  measured.label = "best measured risk, " + path.name;
  measured.style = report::Style::kLinePoints;
  measured.colour = report::Colour::kBlack;
  bound.label = "lower bound xi^2/(16 n)";
  bound.colour = report::Colour::kGreen;
  const auto best = best_times(path, all_teachers(path.teachers()));
  for (std::size_t i = 0; i < best.size(); ++i) {
    measured.x.push_back(path.cells[i].n_data);
    measured.y.push_back(kSurfaceCoordinates * std::exp(best[i].log_risk));
    bound.x.push_back(path.cells[i].n_data);
    bound.y.push_back(std::exp(log_bound(path, path.cells[i])));
  }
  figure.series = {std::move(bound), std::move(measured)};
  figure.caption =
      "The bound has no constant to fit. The paper's matching band has two, so it would fit any envelope of a similar slope; "
      "the exponent itself is judged with the surface.";
  return figure;
}

Finding matching_band(const Context& context) {
  const auto& design = surface_designs().front();
  const auto path = surface_paths(surface_runs(context, design), design).back();
  Finding finding;
  finding.section.title = "The statistical lower bound beside the measured risk";
  finding.section.lead =
      "Edition v3 of the paper matches its upper bound with a lower bound. The part of it without free constants is "
      "compared with the surface's runs; it needs no further runs.";
  finding.section.claims = claims_of(path);
  finding.section.figures = {figure_of(path)};
  return finding;
}

}  // namespace phaselaw::reproduce
