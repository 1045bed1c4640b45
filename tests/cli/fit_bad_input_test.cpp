// SPDX-License-Identifier: Apache-2.0
//
// Tables and laws that cannot be fitted: one error, its place, what was expected and found, and what to do; never a
// table of nothing. Each answer is seen by its exit code, because scripts see only that.
#include "cli/cli_fixture.h"

#include "phaselaw/base/value.h"

namespace phaselaw::testing {
namespace {

class FitBadInput : public CliFixture {
 protected:
  void bad(const std::string& table, std::vector<std::string> flags, const std::string& place,
           const std::string& words) {
    write("t.csv", table);
    std::vector<std::string> all = {"fit", path("t.csv"), "--interval", "none", "--quiet"};
    all.insert(all.end(), flags.begin(), flags.end());
    const Outcome outcome = run(all);
    EXPECT_EQ(outcome.code, 2) << outcome.err << outcome.out;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(place), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << outcome.err;
  }
  // A curve of twelve steps from `first` on.
  static std::string curve(double first) {
    std::string text = "step,loss\n";
    for (int k = 0; k < 12; ++k) {
      const double t = first + 50 * k;
      text += fmt::format("{},{:.5f}\n", t, 2 + 6 * std::pow(1 + t, -0.4));
    }
    return text;
  }
};

TEST_F(FitBadInput, ValuesOutsideTheDomainOfALawAreNamedByTheirLine) {
  bad(curve(0), {"--law", "E+A*step^-a"},
      "t.csv:2:1: ", "step is 0, where step^-a is infinite; leave it out: --where 'step>0'");
  write("t.csv", curve(0));
  EXPECT_EQ(run({"fit", path("t.csv"), "--law", "E+A*step^-a", "--where", "step>0", "--interval", "none"}).code, 0);
  // A law that has a value at 0 keeps the row.
  const Outcome bend = run({"fit", path("t.csv"), "--law", "shifted-power", "--json", "-", "--quiet"});
  EXPECT_EQ(base::parse_json(bend.out, "stdout").at("n_points").integer(), 12);
}

TEST_F(FitBadInput, ALawThatIsNowhereDefinedIsRefused) {
  bad(curve(1), {"--law", "E+A*log(-step)"}, "--law: ", "log(-step) is not a number in all 12 rows");
}

// Each row has a value for some b between x/2 and x, but no b serves all rows.
TEST_F(FitBadInput, AFitWithoutOptimumExitsWithOneAndPrintsNoTable) {
  std::string table = "x,y\n";
  for (int k = 0; k < 12; ++k) table += fmt::format("{},{}\n", 1 + k, 0.5 + 0.1 * k);
  write("t.csv", table);
  const Outcome none = run({"fit", path("t.csv"), "--law", "a*sqrt(x - b)*sqrt(2*b - x)", "--loss", "y"});
  EXPECT_EQ(none.code, 1) << none.err;
  EXPECT_NE(none.err.find("could not be fitted (failed: "), std::string::npos) << none.err;
  EXPECT_EQ(std::count(none.err.begin(), none.err.end(), '\n'), 1) << none.err;
  EXPECT_EQ(none.out, "");
}

TEST_F(FitBadInput, AMissingColumnNamesTheNearest) {
  bad("n_parms,tokens,loss\n1e6,1e8,3\n2e6,2e8,2.8\n4e6,3e8,2.5\n", {"--law", "model-size"},
      "t.csv:1: ", "did you mean 'n_parms'? name it with --col 'n_params=n_parms'");
  bad("experts,N,loss\n1,1e6,3\n2,2e6,2.8\n4,4e6,2.5\n", {"--law", "E + A*N^-a + B*expertz^-b"},
      "--law:1:", "did you mean 'experts'");
}

TEST_F(FitBadInput, AZeroThatIsNoStartOfARunIsNamed) {
  bad("n_params,tokens,loss\n1e6,1e8,3\n2e6,0,2.8\n4e6,3e8,2.5\n8e6,4e8,2.4\n", {"--law", "kaplan-d"},
      "t.csv:3:5: ", "expected tokens > 0, found 0");
  bad("run,compute,loss\na,1e6,3\na,0,2.8\na,3e8,2.5\n", {"--law", "kaplan-c"}, "t.csv:3:3: ", "--where 'compute>0'");
  // The first rows of runs were measured before the first step.
  write("t.csv", "run,compute,loss\na,0,9\na,1e6,2.8\na,3e6,2.5\nb,0,9\nb,9e6,2.3\nb,2e7,2.2\n");
  const Outcome starts = run({"fit", path("t.csv"), "--law", "kaplan-c", "--interval", "none"});
  EXPECT_EQ(starts.code, 0) << starts.err;
  EXPECT_NE(starts.err.find("2 rows with zero compute or tokens are not used"), std::string::npos) << starts.err;
  EXPECT_NE(starts.err.find("(lines 2, 5)"), std::string::npos) << starts.err;
}

TEST_F(FitBadInput, LossesThatCannotBeFitted) {
  bad("C,loss\n1e6,3\n2e6,4.9e-310\n4e6,2\n", {"--law", "kaplan-c"}, "t.csv:3:5: ", "lose their digits");
  bad("C,loss\n1e6,3\n2e6,0\n4e6,2\n", {"--law", "kaplan-c"}, "t.csv:3:5: ", "--where 'loss>0'");
  bad("C,loss\n1e6,2.5\n2e6,2.5\n4e6,2.5\n8e6,2.5\n", {"--law", "kaplan-c"}, "t.csv:2:5: ", "found 2.5 in all 4 rows");
  bad("C,loss\n1e6,2.5\n2e6,2.5\n4e6,2.5\n8e6,2.5\n", {}, "t.csv:2:5: ", "found 2.5 in all 4 rows");
}

TEST_F(FitBadInput, RowsThatAreAllEqualOrTooFew) {
  bad("C,loss\n1e6,2.5\n1e6,2.5\n1e6,2.5\n1e6,2.5\n", {"--law", "kaplan-c"}, "t.csv: ", "found 1 (the table has 4");
  bad("N,D,loss\n1e6,1e8,3\n2e6,2e8,2.8\n4e6,3e8,2.5\n", {"--law", "chinchilla"},
      "t.csv: ", "5 free parameters and needs at least 6 rows, found 3; add rows, or hold a parameter with --fix");
}

TEST_F(FitBadInput, WeightsAndErrorsOfZero) {
  const std::string table = "C,loss,w,sd,zero\n1e6,3,1,0.1,0\n2e6,2.8,0,0.1,0\n4e6,2.5,1,0,0\n8e6,2.4,1,0.1,0\n";
  bad(table, {"--law", "kaplan-c", "--sd", "sd"}, "t.csv:4:11: ", "expected a standard error > 0 in sd, found 0");
  bad(table, {"--law", "kaplan-c", "--weights", "zero"}, "t.csv:2:13: ", "found 0 in every row of zero");
  write("t.csv", table);
  const Outcome weighted = run({"fit", path("t.csv"), "--law", "kaplan-c", "--weights", "w", "--interval", "none"});
  EXPECT_EQ(weighted.code, 0) << weighted.err;
  EXPECT_NE(weighted.err.find("1 row has no influence, because the weight in w is 0"), std::string::npos);
}

TEST_F(FitBadInput, FixedParametersNameTheirFlag) {
  const std::string table = "C,loss\n1e6,3\n2e6,2.8\n4e6,2.5\n8e6,2.4\n";
  bad(table, {"--law", "kaplan-c", "--fix", "alpha=0.1"}, "--fix: ", "unknown parameter 'alpha'");
  bad(table, {"--law", "kaplan-c", "--fix", "C_c=-1"},
      "--fix: ", "expected a finite positive number for C_c, found -1");
}

TEST_F(FitBadInput, UnitsInHeadingsAreReadOrRefused) {
  std::string peta = "FLOPs (P),loss\n", powers = "flops (1e18),loss\n", unknown = "FLOPs (Q),loss\n",
              plain = "C,loss\n";
  for (int k = 0; k < 8; ++k) {
    const double c = 3 * std::pow(2, k), loss = 1.5 + 40 * std::pow(c * 1e15, -0.08);
    peta += fmt::format("{},{}\n", c, loss);
    powers += fmt::format("{},{}\n", c / 1000, loss);
    unknown += fmt::format("{},{}\n", c, loss);
    plain += fmt::format("{}e15,{}\n", c, loss);
  }
  const auto amplitude = [&](const std::string& table) {
    write("t.csv", table);
    const Outcome outcome =
        run({"fit", path("t.csv"), "--law", "power", "--interval", "none", "--json", "-", "--quiet"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? base::parse_json(outcome.out, "stdout").at("parameters").at("A").at("value").number()
                             : 0;
  };
  const double truth = amplitude(plain);
  EXPECT_NEAR(truth, 40, 1e-3);
  EXPECT_NEAR(amplitude(peta) / truth, 1, 1e-6);
  EXPECT_NEAR(amplitude(powers) / truth, 1, 1e-6);
  bad(unknown, {"--law", "power", "--col", "compute=FLOPs (Q)"}, "t.csv:1: ", "--scale compute=FACTOR");
  bad(unknown, {"--law", "power"}, "t.csv:1: ", "did you mean 'FLOPs (Q)'?");
}

// Every run has the same step, and the sizes differ by a few percent: laws of step are no candidates.
TEST_F(FitBadInput, ColumnsThatDoNotVaryAreNotRanked) {
  std::string table = "run,n_params,iter,val_loss\n";
  for (int k = 0; k < 9; ++k)
    table += fmt::format("r{},{},3000,{}\n", k, 2000000 + 9000 * k, 1.7 + 0.01 * ((k * 5) % 9));
  write("t.csv", table);
  const Outcome ranked = run({"fit", path("t.csv"), "--interval", "none", "--verbose"});
  ASSERT_EQ(ranked.code, 0) << ranked.err;
  EXPECT_NE(ranked.out.find("step has one value"), std::string::npos) << ranked.out;
  EXPECT_NE(ranked.out.find("n_params varies only from 2M to 2.072M"), std::string::npos) << ranked.out;
  EXPECT_EQ(ranked.out.find("\nshifted-power "), std::string::npos) << ranked.out;
  bad(table, {"--law", "shifted-power"}, "t.csv:2:", "expected several values of step, found 3k in every row");
}

// A table may have columns with the names of parameters; the user says which is meant.
TEST_F(FitBadInput, ColumnsNamedLikeParametersAreAsked) {
  std::string table = "compute,A,E,loss\n";
  for (int k = 0; k < 8; ++k) {
    const double n = 1e6 * std::pow(3, k);
    table += fmt::format("{},{},{},{:.6f}\n", n, 8 + k, 1 + k % 2, 0.7 + 30 * std::pow(n, -0.2));
  }
  bad(table, {"--law", "E+A*C^-a"}, "--law: ", "--law 'E_0+A_0*C^-a'; to read the columns, add --col E=E --col A=A");
  const auto fitted = [&](const std::string& law) {
    const Outcome outcome = run({"fit", path("t.csv"), "--law", law, "--interval", "none", "--json", path("fit.json")});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  };
  fitted("E_0+A_0*C^-a");
  const base::Value fit = base::read_json(path("fit.json"));
  EXPECT_NEAR(fit.at("parameters").at("E_0").at("value").number(), 0.7, 1e-3);
  EXPECT_NEAR(fit.at("parameters").at("A_0").at("value").number(), 30, 0.1);
  // The file can be read again, although its rows have these columns.
  const Outcome plan = run({"plan", "--fit", path("fit.json"), "--compute", "1e12", "--quiet"});
  EXPECT_EQ(plan.code, 0) << plan.err;
  fitted("E0+K*C^-alpha");
  EXPECT_NEAR(base::read_json(path("fit.json")).at("parameters").at("E0").at("value").number(), 0.7, 1e-3);
  const Outcome columns =
      run({"fit", path("t.csv"), "--law", "E+A*C^-a", "--col", "E=E", "--col", "A=A", "--interval", "none"});
  EXPECT_EQ(columns.code, 0) << columns.err;
}

}  // namespace
}  // namespace phaselaw::testing
