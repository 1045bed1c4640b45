// SPDX-License-Identifier: Apache-2.0
//
// ReadOptions::check_only says the same about a table as reading it for a fit or for curves, and keeps fewer numbers.
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/tables/row_names.h"
#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/runs.h"

namespace phaselaw::tables {
namespace {

struct Said {
  std::string error;
  std::vector<std::string> notes, warnings, runs;
  std::map<std::string, std::string> unusable, column_of;
  std::vector<std::string> curves;  // name, quantity and number of rows
  std::size_t rows = 0, n_runs = 0;
};

Said said_of(const documents::Reading& reading, bool curves, bool check_only) {
  Said out;
  ReadOptions options;
  options.any_sign = true;
  options.every_stream = curves;
  options.check_only = check_only;
  try {
    const Rows rows = rows_from(reading, options);
    if (curves)
      for (const Curve& curve : curves_from(rows)) {
        out.curves.push_back(fmt::format("{} {} {}", curve.name, curve.quantity, curve.loss.size()));
        for (const std::string& note : curve.notes) out.notes.push_back(note);
      }
    else
      out.rows = rows.n_rows();
    out.runs = rows.run_names;
    if (!curves) out.n_runs = rows.n_runs();
    for (const std::string& note : rows.notes)
      if (!note.starts_with("lr_sum and lr_drop")) out.notes.push_back(note);
    out.warnings = rows.warnings;
    out.unusable = rows.unusable;
    for (const char* name : {"lr_sum", "lr_drop"}) out.unusable.erase(name);
    out.column_of = rows.column_of;
    for (const char* name : {"lr_sum", "lr_drop"}) out.column_of.erase(name);
  } catch (const base::InputError& error) {
    out.error = error.what();
  }
  return out;
}

std::string table_of(std::mt19937& draw) {
  const auto below = [&](unsigned n) { return static_cast<unsigned>(draw() % n); };
  const std::vector<std::string> all = {"run",   "step",   "loss",     "val_loss", "lr",   "grad_norm",
                                        "flops", "tokens", "n_params", "seed",     "note", "n_data"};
  std::vector<std::string> names;
  for (const std::string& name : all)
    if (below(3) > 0) names.push_back(name);
  if (names.empty()) names.push_back("loss");
  std::string text = fmt::format("{}\n", fmt::join(names, ","));
  const unsigned rows = 3 + below(40), odd = below(3);
  for (unsigned row = 0; row < rows; ++row) {
    for (std::size_t c = 0; c < names.size(); ++c) {
      const std::string& name = names[c];
      std::string cell = fmt::format("{:.3f}", 1 + below(4000) / 1000.0);
      if (name == "run") cell = std::string(1, static_cast<char>('a' + row * 3 / rows));
      if (name == "step") cell = fmt::format("{}", 10 * (row % (2 + rows / 3)));
      if (name == "tokens" || name == "n_params") cell = fmt::format("{}", 1000000 * (1 + row / 4));
      if (name == "seed") cell = fmt::format("{}", below(2));
      if (name == "note") cell = below(2) > 0 ? "ok" : "slow";
      if (odd > 0 && below(30) == 0) cell = below(2) > 0 ? "" : below(2) > 0 ? "nan" : "word";
      text += (c > 0 ? "," : "") + cell;
    }
    text += "\n";
  }
  return text;
}

TEST(CheckOnly, SaysTheSameOfRandomTables) {
  std::mt19937 draw(11);
  std::size_t fitted = 0, drawn = 0, refused = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string text = table_of(draw);
    documents::Reading reading;
    try {
      reading = documents::read_text(text, "t.csv");
    } catch (const base::InputError&) {
      continue;
    }
    for (const bool curves : {false, true}) {
      const Said full = said_of(reading, curves, false), checked = said_of(reading, curves, true);
      EXPECT_EQ(checked.error, full.error) << text;
      EXPECT_EQ(checked.notes, full.notes) << text;
      EXPECT_EQ(checked.warnings, full.warnings) << text;
      EXPECT_EQ(checked.runs, full.runs) << text;
      EXPECT_EQ(checked.unusable, full.unusable) << text;
      EXPECT_EQ(checked.column_of, full.column_of) << text;
      EXPECT_EQ(checked.curves, full.curves) << text;
      EXPECT_EQ(checked.rows, full.rows) << text;
      EXPECT_EQ(checked.n_runs, full.n_runs) << text;
      refused += full.error.empty() ? 0 : 1;
      fitted += !curves && full.error.empty() ? 1 : 0;
      drawn += curves && full.error.empty() ? 1 : 0;
      if (HasFailure()) return;
    }
  }
  // The comparison is worth something only if tables of every kind came.
  EXPECT_GT(fitted, 50U);
  EXPECT_GT(drawn, 50U);
  EXPECT_GT(refused, 50U);
}

TEST(CheckOnly, KeepsNoColumnThatNoCheckNeeds) {
  const documents::Reading reading =
      documents::read_text("n_params,tokens,width,loss\n2e7,1e9,64,3\n3e7,2e9,96,2.5\n", "t");
  ReadOptions options;
  EXPECT_TRUE(rows_from(reading, options).data.columns.has("d_model"));
  options.check_only = true;
  const Rows rows = rows_from(reading, options);
  EXPECT_FALSE(rows.data.columns.has("d_model"));
  EXPECT_TRUE(rows.data.columns.has("tokens"));
}

TEST(RowNames, ReadsLikeAListOfTexts) {
  const RowNames names({1, 0, 1, 1}, {"b", "a", "unused"});
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "a", "a"}));
  EXPECT_EQ(std::vector<std::string>(names.begin(), names.end()), std::vector<std::string>(names));
  const std::size_t chosen[] = {3, 1};
  EXPECT_EQ(names.rows(chosen), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(names[2], "a");
  EXPECT_TRUE(RowNames().empty());
}

}  // namespace
}  // namespace phaselaw::tables
