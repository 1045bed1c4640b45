// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>
#include <functional>

#include <gtest/gtest.h>

#include "phaselaw/documents/document.h"
#include "phaselaw/fitting/audit.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/tables/table.h"

// Optima of published measurements, recomputed by others with independent code. The files are not in the repository.
namespace phaselaw::fitting {
namespace {

using Row = std::function<std::string(const std::string&)>;
using Keep = std::function<bool(const Row&)>;

class PublishedValues : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << "no published measurements at " << kFolder;
  }
  static std::string text(const tables::Table& table, std::size_t row, const std::string& column) {
    return table.text(row, table.column(column));
  }
  static tables::Measurements load(const std::string& file, const std::map<std::string, std::string>& columns,
                                   const std::string& output, const Keep& keep = {}) {
    const documents::Table table = documents::read(std::string(kFolder) + "/" + file).table;
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < table.n_rows(); ++i) {
      const Row row = [&](const std::string& column) { return text(table, i, column); };
      if (!row(output).empty() && (!keep || keep(row))) rows.push_back(i);
    }
    tables::Measurements data;
    for (const auto& [name, column] : columns) {
      std::vector<double> values;
      for (const std::size_t i : rows) values.push_back(table.number(i, table.column(column)).value);
      data.columns.add(name, values);
    }
    for (const std::size_t i : rows) data.output.push_back(table.number(i, table.column(output)).value);
    return data;
  }
  static tables::Measurements gemstones() {
    return load(
        "gemstones/hot_100b.csv",
        {{"n_params", "params_active_precise"}, {"d_model", "width"}, {"n_layers", "depth"}, {"tokens", "tokens"}},
        "final_loss");
  }
  static tables::Measurements gadre(const std::string& dataset) {
    return load("gadre_overtrain/models.csv",
                {{"n_params", "N"}, {"tokens", "D"}, {"compute", "flops"}, {"tokens_per_param", "tok_mult"}},
                "loss_c4_val", [&](const Row& row) { return row("dataset_name") == dataset; });
  }
  static FitOptions plain(Objective objective = Objective::huber) {
    FitOptions options;
    options.objective = objective;
    if (objective == Objective::huber) options.delta = kPublishedDelta;
    options.interval = IntervalMethod::none;
    return options;
  }
  static double value(const Fit& fit, const char* name) { return fit.find(name)->value; }
  static constexpr const char* kFolder = PHASELAW_SOURCE_DIR "/../shared/data";
};

TEST_F(PublishedValues, GemstonesChinchilla) {
  const Fit fit = fit_law(laws::law_from("chinchilla"), gemstones(), plain());
  EXPECT_TRUE(fit.convergence.certified) << fit.convergence.status;
  EXPECT_LE(fit.objective_value, 0.006592534164516 * (1 + 1e-12));
  EXPECT_NEAR(value(fit, "alpha"), 0.25916446, 1e-8);
  EXPECT_NEAR(value(fit, "beta"), 0.59730126, 1e-8);
  EXPECT_NEAR(std::log(value(fit, "A")), 4.90164295, 2e-8);
  EXPECT_NEAR(std::log(value(fit, "B")), 12.85175303, 1e-7);  // the gradient, 1e-14 here, puts it at ...298
  EXPECT_NEAR(std::log(value(fit, "E")), 0.66825294, 1e-8);
  for (const Estimate& estimate : fit.parameters) EXPECT_TRUE(estimate.identified) << estimate.name;
}

TEST_F(PublishedValues, GemstonesFourTerms) {
  const Fit fit = fit_law(laws::law_from("width-depth-params-tokens"), gemstones(), plain());
  EXPECT_TRUE(fit.convergence.certified) << fit.convergence.status;
  EXPECT_LE(fit.objective_value, 0.0026427290883578 * (1 + 1e-11));
  EXPECT_NEAR(value(fit, "alpha"), 0.20532, 1e-5);
  EXPECT_NEAR(value(fit, "beta"), 0.47472, 1e-5);
  EXPECT_NEAR(value(fit, "delta"), 0.37199, 1e-5);
  EXPECT_NEAR(value(fit, "gamma"), 0.50305, 1e-5);
  EXPECT_NEAR(std::log(value(fit, "E")), 0.39592, 1e-5);
}

TEST_F(PublishedValues, GemstonesThreeTermsHaveNoFloor) {
  const Fit fit = fit_law(laws::law_from("width-depth-tokens"), gemstones(), plain());
  EXPECT_NEAR(fit.objective_value, 0.0038782174, 1e-10);
  EXPECT_EQ(value(fit, "E"), 0);
  EXPECT_FALSE(fit.find("E")->identified);
}

TEST_F(PublishedValues, PorianOptimaAreLogLogRegressions) {
  const documents::Table fits = documents::read(std::string(kFolder) + "/porian_isoflop/published_fits.csv").table;
  int compared = 0, starts = 0, named = 0;
  for (std::size_t i = 0; i < fits.n_rows(); ++i) {
    const auto same = [&](const Row& row) {
      for (const char* key : {"file", "exp", "dataset", "hparams", "warmup", "decay", "param_count", "loss_kind"})
        if (row(key) != text(fits, i, key)) return false;
      return true;
    };
    if (text(fits, i, "fit") == "basic") {
      const tables::Measurements data =
          load("porian_isoflop/published_optima.csv", {{"compute", "flops"}}, "n_opt", same);
      const Fit fit = fit_law(laws::law_from("k*C^a"), data, plain(Objective::l2));
      const double published = fits.number(i, fits.column("n_exponent")).value;
      EXPECT_NEAR(value(fit, "a"), published, 1e-9);
      if (std::abs(value(fit, "a") - 0.83376793228) < 1e-10 || std::abs(value(fit, "a") - 0.49702879549) < 1e-10)
        ++named;
      ++compared;
    }
    if (text(fits, i, "fit") == "weighted" && text(fits, i, "alpha") == "0.1") {
      const tables::Measurements data =
          load("porian_isoflop/published_optima.csv", {{"compute", "flops"}}, "loss_opt", same);
      const Audit published = audit(fit_law(laws::law_from("power"), data, plain()), data,
                                    {{"A", fits.number(i, fits.column("A")).value},
                                     {"E", fits.number(i, fits.column("E")).value},
                                     {"alpha", 0.1}},
                                    plain());
      EXPECT_FALSE(published.is_optimum) << "row " << i;
      EXPECT_GT(published.gradient_norm, 0.01);
      // Started there, the fit leaves it, or says that it is no optimum.
      FitOptions from_there = plain();
      from_there.starts = {{{"A", fits.number(i, fits.column("A")).value},
                            {"E", fits.number(i, fits.column("E")).value},
                            {"alpha", 0.1}}};
      const Fit fit = fit_law(laws::law_from("power"), data, from_there);
      EXPECT_LT(fit.objective_value, published.objective * (1 - 1e-6)) << "row " << i;
      if (fit.convergence.certified) {
        EXPECT_LT(fit.convergence.gradient_norm, 1e-6) << "row " << i;
      }
      ++starts;
    }
  }
  EXPECT_EQ(compared, 15);
  EXPECT_EQ(named, 2);
  EXPECT_EQ(starts, 9);
}

TEST_F(PublishedValues, GadreSmallRunsPredictLargeOnes) {
  const auto rpj = [](bool small) {
    return [small](const Row& row) {
      if (row("dataset_name") != "rpj") return false;
      const double n = std::stod(row("N")), m = std::stod(row("tok_mult"));
      return small ? (m == 20 && n < 5e8) || (m == 320 && n < 2e7) : (m == 640 && n > 1e9) || (m == 20 && n > 5e9);
    };
  };
  const std::map<std::string, std::string> columns = {
      {"n_params", "N"}, {"compute", "flops"}, {"tokens_per_param", "tok_mult"}};
  const tables::Measurements small = load("gadre_overtrain/models.csv", columns, "loss_c4_val", rpj(true));
  const tables::Measurements large = load("gadre_overtrain/models.csv", columns, "loss_c4_val", rpj(false));
  ASSERT_EQ(small.output.size(), 5U);
  ASSERT_EQ(large.output.size(), 2U);
  const Fit fit = fit_law(laws::law_from("over-training"), small, plain(Objective::l2_raw));
  const std::vector<double> predicted = evaluate(fit.law, large.columns, fit.value);
  for (std::size_t i = 0; i < 2; ++i) {
    const double error = std::abs(predicted[i] / large.output[i] - 1);
    EXPECT_NEAR(error, large.columns.get("n_params")[i] < 2e9 ? 0.007103 : 0.007320, 1e-6);
  }
}

TEST_F(PublishedValues, RepetitionIsWorthAnUnboundedNumberOfEpochs) {
  const tables::Measurements data =
      load("datablations/fit_subset.csv",
           {{"n_params", "params"}, {"tokens", "tokens"}, {"unique_tokens", "unique_tokens"}}, "val_loss");
  const laws::Law law = laws::law_from("repeated-data");
  FitOptions options = plain();
  options.fix = {{"A", std::exp(6.255414)},
                 {"B", std::exp(7.3049974)},
                 {"E", std::exp(0.6254804)},
                 {"alpha", 0.3526596},
                 {"beta", 0.3526596}};
  std::map<std::string, double> published = options.fix;
  published["R_D"] = 15.387756;
  published["R_N"] = 5.309743;
  const Fit fit = fit_law(law, data, options);
  const Audit judged = audit(fit, data, published, options);
  EXPECT_NEAR(judged.objective, 0.0158259, 5e-8);
  EXPECT_FALSE(judged.is_optimum);
  EXPECT_LT(fit.objective_value, 0.0158053);
  EXPECT_FALSE(fit.find("R_D")->identified);
  FitOptions held = options;
  held.fix["R_D"] = 47;
  EXPECT_NEAR(fit_law(law, data, held).objective_value, 0.0158074, 1e-7);
  held.fix["R_D"] = 100;
  EXPECT_NEAR(fit_law(law, data, held).objective_value, 0.0158053, 1e-7);

  // The published bootstrap interval, 6 .. infinity: the lower end to a standard error of its quantile.
  FitOptions resampled = options;
  resampled.interval = IntervalMethod::bootstrap;
  const Fit with_interval = fit_law(law, data, resampled);
  const Estimate& repetitions = *with_interval.find("R_D");
  EXPECT_FALSE(repetitions.hi.has_value());
  ASSERT_TRUE(repetitions.lo.has_value());
  EXPECT_NEAR(*repetitions.lo, 6, 1.5);

  // Explained variance of the published constants, and of the law without repetition.
  const auto explained = [&](const std::vector<double>& predicted) {
    double mean = 0, residual = 0, total = 0;
    for (const double loss : data.output) mean += loss / static_cast<double>(data.output.size());
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      residual += (predicted[i] - data.output[i]) * (predicted[i] - data.output[i]);
      total += (data.output[i] - mean) * (data.output[i] - mean);
    }
    return 1 - residual / total;
  };
  std::vector<double> all;
  for (const laws::Parameter& parameter : law.parameters) all.push_back(published[parameter.name]);
  EXPECT_NEAR(explained(evaluate(law, data.columns, all)), 0.7722046, 1e-7);
  const laws::Law tied = laws::law_from("chinchilla-tied");
  all.clear();
  for (const laws::Parameter& parameter : tied.parameters) all.push_back(published[parameter.name]);
  EXPECT_NEAR(explained(evaluate(tied, data.columns, all)), 0.4451684, 1e-7);
}

TEST_F(PublishedValues, HeldOutLargestRuns) {
  const laws::Law law = laws::law_from("chinchilla");
  const auto error = [&](const tables::Measurements& data, Objective objective) {
    return holdout(law, data, plain(objective), 0.2)->mean_abs_rel_error;
  };
  EXPECT_NEAR(error(gemstones(), Objective::huber), 0.0127, 5e-5);
  EXPECT_NEAR(error(gadre("c4_original"), Objective::huber), 0.0158, 5e-5);
  EXPECT_NEAR(error(gadre("rpj"), Objective::huber), 0.0099, 5e-5);
  EXPECT_NEAR(error(gadre("rw_original"), Objective::huber), 0.0118, 5e-5);
  EXPECT_NEAR(error(gadre("c4_original"), Objective::l2), 0.0404, 5e-5);
  EXPECT_NEAR(error(gadre("rpj"), Objective::l2), 0.0272, 5e-5);
  EXPECT_NEAR(error(gadre("rw_original"), Objective::l2), 0.0273, 5e-5);
}

}  // namespace
}  // namespace phaselaw::fitting
