// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/fit_request.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "phaselaw/documents/document.h"
#include "phaselaw/tables/table.h"
#include "tests/fitting/lack_of_fit_designs.h"

namespace phaselaw::advice {
namespace {

FitAnswer answer_for(std::string_view design, RowChoice rows = RowChoice::all) {
  const fitting::testing::SimulatedTable table = fitting::testing::simulated_table(design, 1);
  std::string text = "run,n_params,tokens,compute,loss\n";
  for (std::size_t i = 0; i < table.run.size(); ++i) {
    const double n = table.data.columns.values[0][i], d = table.data.columns.values[1][i];
    text += fmt::format("{},{},{},{},{}\n", table.run[i], n, d, 6 * n * d, table.data.output[i]);
  }
  FitRequest request;
  request.law = rows == RowChoice::all ? "chinchilla" : "power";
  request.rows = rows;
  request.fit.interval = fitting::IntervalMethod::none;
  return fit(request, documents::read_text(text, "runs.csv"));
}

TEST(FitLackOfFit, TheAnswerHasTheVerdict) {
  const FitAnswer flagged = answer_for("cosine 10x6, 3 %");
  EXPECT_TRUE(flagged.lack_of_fit.significant);
  EXPECT_EQ(flagged.lack_of_fit.clusters, 10U);  // the runs
  EXPECT_EQ(flagged.json.at("lack_of_fit").at("sentence").text(), flagged.lack_of_fit.sentence);
  EXPECT_TRUE(flagged.json.at("pooled").list().empty());
  EXPECT_FALSE(answer_for("runs 12x10").lack_of_fit.significant);
}

TEST(FitLackOfFit, AnEnvelopeIsNotTested) {
  const FitAnswer envelope = answer_for("runs 12x10", RowChoice::envelope);
  EXPECT_FALSE(envelope.lack_of_fit.tested);
  EXPECT_NE(envelope.lack_of_fit.reason.find("envelope"), std::string::npos);
}

}  // namespace
}  // namespace phaselaw::advice
