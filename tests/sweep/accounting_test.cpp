// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/accounting.h"

#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "phaselaw/sweep/experiment.h"

namespace phaselaw::sweep {
namespace {

using base::parse_toml;

Accounting from(const std::string& text) { return accounting_from(parse_toml(text, "s.toml")); }

std::string error_of(const std::string& text) {
  try {
    (void)study_from(parse_toml(text, "s.toml"));
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

constexpr ChargedColumns kColumns = {
    .n_params = 100, .n_data = 8, .n_steps = 5, .tokens = 160, .seq_len = 4, .compute_flop = 1e6};

TEST(Accounting, ChargesWhatItNames) {
  EXPECT_EQ(charged_compute(from(""), kColumns), 1e6);
  EXPECT_EQ(charged_compute(from("[accounting]\ncompute = \"flop\"\n"), kColumns), 1e6);
  EXPECT_EQ(charged_compute(from("[accounting]\ncompute = \"steps\"\n"), kColumns), 5);
  EXPECT_EQ(charged_compute(from("[accounting]\ncompute = \"model-data-steps\"\n"), kColumns), 100 * 8 * 5);
  EXPECT_DOUBLE_EQ(charged_compute(from("[accounting]\nn_params = 0.5\ntokens = 1\nseq_len = 2\n"), kColumns),
                   10 * 160 * 16);
  // The same monomial under both names, and nothing before the first step.
  EXPECT_EQ(charged_compute(from("[accounting]\nn_params = 1\nn_data = 1\nn_steps = 1\n"), kColumns), 4000);
  EXPECT_EQ(charged_compute(from("[accounting]\nn_params = 1\nn_steps = 1\n"), {.n_params = 9}), 0);
}

TEST(Accounting, IsNamedInWords) {
  EXPECT_EQ(in_words(from("")), "exact FLOP");
  EXPECT_EQ(in_words(from("[accounting]\ncompute = \"model-data-steps\"\n")), "n_params n_data n_steps");
  EXPECT_EQ(in_words(from("[accounting]\nn_params = 0.5\ntokens = 1\n")), "n_params^0.5 tokens");
}

TEST(Accounting, UndefinedOnesAreRefusedWithTheirPlace) {
  EXPECT_NE(error_of("[accounting]\nn_param = 1\n").find("did you mean 'n_params'"), std::string::npos);
  EXPECT_EQ(error_of("[accounting]\nn_param = 1\n").substr(0, 9), "s.toml:2:");
  EXPECT_NE(error_of("[accounting]\ncompute = \"flops\"\n").find("did you mean 'flop'"), std::string::npos);
  EXPECT_NE(error_of("[accounting]\nn_steps = -1\n").find("n_steps must be >= 0"), std::string::npos);
  EXPECT_NE(error_of("[accounting]\nn_params = 1\nn_data = 1\n").find("n_steps = 1"), std::string::npos);
  EXPECT_NE(error_of("[accounting]\ncompute = \"monomial\"\n").find("no exponents"), std::string::npos);
  EXPECT_NE(error_of("[accounting]\ncompute = \"steps\"\ntokens = 1\n").find("remove the exponents"),
            std::string::npos);
}

TEST(Accounting, BelongsToAStudy) {
  EXPECT_THROW((void)experiment_from(parse_toml("[accounting]\ncompute = \"steps\"\n", "e.toml")), base::InputError);
}

TEST(Accounting, RunsOfOneStudyMeasureOneQuantity) {
  const std::string tokens =
      "[model]\nreadout = \"tokens\"\nvocab = 8\nseq_len = 4\n[data]\nsource = \"markov\"\nmarkov_order = 1\n";
  EXPECT_EQ(error_of(tokens + "[grid]\nseeds = 2\n"), "");
  const std::string mixed = error_of(
      "[model]\nvocab = 8\nseq_len = 4\n[data]\nmarkov_order = 1\n[grid]\n"
      "\"data.source, model.readout\" = [[\"teacher\", \"linear\"], [\"markov\", \"tokens\"]]\n");
  EXPECT_NE(mixed.find("same quantity"), std::string::npos) << mixed;
  EXPECT_NE(mixed.find("nats per token"), std::string::npos);
}

TEST(Accounting, DataOfAOnePassRunAreNotCharged) {
  const std::string study =
      "[model]\nreadout = \"tokens\"\nvocab = 8\nseq_len = 4\n[data]\nsource = \"markov\"\nmarkov_order = 1\n"
      "one_pass = true\n[training]\noptimizer = \"adamw\"\nsteps = 4\nbatch = 2\n";
  EXPECT_NE(error_of(study + "[accounting]\ncompute = \"model-data-steps\"\n").find("charge tokens"),
            std::string::npos);
  EXPECT_EQ(error_of(study + "[accounting]\nn_params = 1\ntokens = 1\n"), "");
}

TEST(Accounting, TheExportHasTheChargeBesideTheExactFlop) {
  store::RunRecord run;
  run.index = 0;
  run.status = store::Status::kFinished;
  run.configuration = R"({"data": {"n_data": 8}, "model": {"seq_len": 4}})";
  run.summary = R"({"n_params": 100})";
  run.measurements = {{.step = 5, .tokens = 160, .compute_flop = 1e6}};
  std::ostringstream plain, charged;
  store::export_csv({run}, plain, charged_column(from("")));
  store::export_csv({run}, charged, charged_column(from("[accounting]\ncompute = \"model-data-steps\"\n")));
  EXPECT_EQ(plain.str().find("charged_compute"), std::string::npos);
  EXPECT_NE(charged.str().find(",charged_compute\n"), std::string::npos);
  EXPECT_NE(charged.str().find(",4000\n"), std::string::npos) << charged.str();
  EXPECT_NE(charged.str().find("1000000"), std::string::npos);
}

TEST(LinkedGrid, KeysChangeTogether) {
  const auto study = study_from(
      parse_toml("[grid]\n\"data.n_data, model.d_hidden\" = [[8, 24], [16, 56], [32, 120]]\nseeds = 2\n", "s.toml"));
  ASSERT_EQ(study.points.size(), 6U);
  EXPECT_EQ(study.points[2].experiment.data.n_data, 16);
  EXPECT_EQ(study.points[2].experiment.model.d_hidden, 56);
  EXPECT_EQ(study.points[5].experiment.model.d_hidden, 120);
  EXPECT_NE(error_of("[grid]\n\"data.n_data, model.d_hidden\" = [[8, 24], [16]]\n").find("lists of 2 values"),
            std::string::npos);
  EXPECT_NE(error_of("[grid]\n\"data.n_data, model.d_hidden\" = [8]\n").find("lists of 2 values"), std::string::npos);
  EXPECT_NE(
      error_of("[grid]\n\"data.n_data, model.d_hidden\" = [[8, 24]]\n\"data.n_data\" = [8]\n").find("in two axes"),
      std::string::npos);
  EXPECT_NE(error_of("[grid]\n\"data.n_dat, model.d_hidden\" = [[8, 24]]\n").find("did you mean 'n_data'"),
            std::string::npos);
}

}  // namespace
}  // namespace phaselaw::sweep
