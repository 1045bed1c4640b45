// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/fit_limits.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/advice/fit/row_checks.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"

namespace phaselaw::advice {
namespace {

using fitting::Estimate;

// A fit with these estimates of E + A*N^-alpha, as if it had been computed.
fitting::Fit fit_with(Estimate floor, Estimate amplitude, Estimate exponent) {
  fitting::Fit fit;
  fit.law = laws::law_from("E + A*N^-alpha");
  fit.parameters = {std::move(floor), std::move(amplitude), std::move(exponent)};
  fit.method = fitting::IntervalMethod::profile;
  fit.level = 0.95;
  fit.residual_scale = 0.0123;
  fit.convergence.certified = true;
  fit.convergence.status = "converged";
  return fit;
}

const Estimate kFloor{"E", 1.7, 0.0, 1.9, false, false};
const Estimate kAmplitude{"A", 400, 250, 1200, true, false};
const Estimate kExponent{"alpha", 0.34, 0.32, 0.3672, true, false};

TEST(FitSummary, SaysWhatIsKnownHowWellAndWhatIsNot) {
  EXPECT_EQ(
      fit_summary(fit_with(kFloor, kAmplitude, kExponent), {}),
      "The rows determine alpha within 8 % and A within a factor 3, but not E; they scatter by 1.2 % about the law.");
  Estimate known = kFloor;
  known.lo = 1.6;
  known.identified = true;
  EXPECT_EQ(
      fit_summary(fit_with(known, kAmplitude, kExponent), {}),
      "The rows determine alpha within 8 %, E within 12 % and A within a factor 3; they scatter by 1.2 % about the law.");
  Estimate open = kExponent;
  open.identified = false;
  Estimate vague = kAmplitude;
  vague.identified = false;
  EXPECT_EQ(fit_summary(fit_with(kFloor, vague, open), {}),
            "The rows determine none of the parameters; they scatter by 1.2 % about the law.");
}

TEST(FitSummary, DoesNotPraiseAFitThatMustNotBeUsed) {
  fitting::Fit fit = fit_with(kFloor, kAmplitude, kExponent);
  RowFacts facts;
  facts.lack_of_fit = "the largest rows lie above the law";
  EXPECT_TRUE(fit_summary(fit, facts).starts_with("The law misses these rows by more than their noise."));
  fit.method = fitting::IntervalMethod::none;
  EXPECT_NE(fit_summary(fit, {}).find("without intervals"), std::string::npos);
  fit.convergence.certified = false;
  fit.convergence.status = "flat: starts differ";
  EXPECT_TRUE(fit_summary(fit, facts).starts_with("The parameters must not be used")) << fit_summary(fit, facts);
}

// By harm: not certified, lack of fit, rows that belong to several laws, columns, identification, extrapolation,
// remarks.
TEST(FitLimits, AreOrderedByHarm) {
  fitting::RankedLaw best;
  Estimate vague = kAmplitude;
  vague.identified = false;
  best.fit = fit_with(kFloor, vague, kExponent);
  best.fit.convergence.certified = false;
  best.fit.convergence.status = "flat: starts differ";
  best.fit.warnings = {"the fit is not certified (flat: starts differ), so its parameters are unreliable",
                       "E has no lower end", "A is unbounded above",
                       "N and D are powers of each other in these rows, so their terms cannot be separated"};
  fitting::Holdout held_out;
  held_out.compute_factor = 4;
  held_out.mean_abs_rel_error = 0.07;
  best.holdout = held_out;
  RowFacts facts;
  facts.lack_of_fit = "the largest rows lie above the law";
  facts.limits = {{Harm::wrong, "method has three values"}};
  const std::vector<std::string> sentences = limit_sentences(fit_limits(best, facts));
  const char* expected[] = {"no certified optimum was found (flat: starts differ)",
                            "the largest rows lie above the law",
                            "method has three values",
                            "N and D are powers",
                            "the rows do not identify E and A",
                            "fits to the smaller rows missed the larger ones by up to 7 %, at 4 times the size",
                            "E has no lower end",
                            "A is unbounded above"};
  ASSERT_EQ(sentences.size(), std::size(expected));
  for (std::size_t i = 0; i < sentences.size(); ++i) EXPECT_TRUE(sentences[i].starts_with(expected[i])) << sentences[i];
}

TEST(FitLimits, OneParameterIsExplainedByItsOwnWarning) {
  fitting::RankedLaw best;
  best.fit = fit_with(kFloor, kAmplitude, kExponent);
  best.fit.warnings = {"E ends at its bound, so the data show no floor; fit again with --fix E=0"};
  const std::vector<Limit> limits = by_harm(fit_limits(best, {}));
  ASSERT_EQ(limits.size(), 1U);
  EXPECT_EQ(limits[0].harm, Harm::undetermined);
  EXPECT_EQ(limits[0].text, best.fit.warnings[0]);
}

TEST(FitLimits, AFitWithoutFaultHasNone) {
  fitting::RankedLaw best;
  Estimate known = kFloor;
  known.identified = true;
  known.lo = 1.5;
  best.fit = fit_with(known, kAmplitude, kExponent);
  EXPECT_TRUE(fit_limits(best, {}).empty());
}

TEST(RowChecks, AColumnThatHardlyVariesIsALimit) {
  const laws::Law law = laws::law_from("E + A*N^-alpha");
  tables::Columns narrow, wide;
  narrow.add("n_params", {1e6, 1.2e6, 1.4e6});
  wide.add("n_params", {1e6, 2e6, 4e6});
  const std::vector<Limit> limits = variation_limits(law, narrow);
  ASSERT_EQ(limits.size(), 1U);
  EXPECT_NE(limits[0].text.find("n_params varies only from 1M to 1.4M"), std::string::npos) << limits[0].text;
  EXPECT_TRUE(variation_limits(law, wide).empty());
}

TEST(RowChecks, StartsOfRunsAreLeftOutByRunOrBySize) {
  const auto left_out = [](const std::string& text) {
    tables::Rows rows = tables::rows_from(documents::read_text(text, "t"));
    leave_out_starts(rows);
    return rows.line;
  };
  using Lines = std::vector<long>;
  EXPECT_EQ(left_out("N,D,loss\n1e6,0,9\n1e6,1e8,3\n2e6,0,9\n2e6,1e8,2\n"), (Lines{3, 5}));
  EXPECT_EQ(left_out("C,loss\n0,9\n1e8,3\n2e8,2\n"), (Lines{3, 4}));
  EXPECT_THROW((void)left_out("C,loss\n1e8,3\n0,9\n2e8,2\n"), base::InputError);
  EXPECT_THROW((void)left_out("N,D,loss\n1e6,0,9\n2e6,1e8,3\n"), base::InputError);
}

}  // namespace
}  // namespace phaselaw::advice
