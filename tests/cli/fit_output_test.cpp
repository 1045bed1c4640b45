// SPDX-License-Identifier: Apache-2.0
//
// What `phaselaw fit` prints: the answer first, then what limits it, the most harmful first; stderr only about reading
// the file.
#include "cli/cli_fixture.h"

#include "phaselaw/base/value.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::testing {
namespace {

class FitOutput : public CliFixture {
 protected:
  static constexpr const char* kChinchilla = "chinchilla: E + A*N^-alpha + B*D^-beta";

  static double loss_of(double n, double d) { return 1.7 + 380 * std::pow(n, -0.34) + 420 * std::pow(d, -0.29); }

  // Six sizes at five lengths, with noise of `sd`.
  std::string runs(double sd) {
    std::string text = "n_params,tokens,loss\n";
    numerics::RandomStream noise(3, "fit_output");
    for (double n = 2e7; n < 6e9; n *= 3)
      for (double d = 5e8; d < 2e11; d *= 4)
        text += fmt::format("{},{},{:.8g}\n", n, d, loss_of(n, d) * std::exp(sd * noise.normal()));
    write("runs.csv", text);
    return path("runs.csv");
  }

  // Nine runs under a cosine schedule: a row at the share s of its run lies above what a run of that length would reach.
  std::string checkpoints() {
    std::string text = "run,n_params,tokens,loss\n";
    numerics::RandomStream noise(4, "fit_output");
    int run = 0;
    for (double n = 3e7; n < 3e9; n *= 8)
      for (double d = 4e9; d < 3e11; d *= 6, ++run)
        for (const double share : {0.2, 0.4, 0.6, 0.8, 1.0})
          text += fmt::format("r{},{},{},{:.8g}\n", run, n, share * d,
                              loss_of(n, share * d) * (1 + 0.04 * (1 - share)) * std::exp(0.001 * noise.normal()));
    write("checkpoints.csv", text);
    return path("checkpoints.csv");
  }

  // Three methods at the same sizes, each with its own law.
  std::string methods() {
    std::string text = "recipe,n_data,loss\n";
    const struct {
      const char* name;
      double floor, amplitude;
    } laws[] = {{"plain", 0.6, 9}, {"augmented", 0.5, 21}, {"pretrained", 0.4, 40}};
    numerics::RandomStream noise(5, "fit_output");
    for (const auto& law : laws)
      for (double n = 400; n < 30000; n *= 2)
        text += fmt::format("{},{},{:.6f}\n", law.name, n,
                            (law.floor + law.amplitude * std::pow(n, -0.7)) * std::exp(0.003 * noise.normal()));
    write("methods.csv", text);
    return path("methods.csv");
  }

  static std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }
  static std::vector<std::string> limits_of(const std::string& text) {
    std::vector<std::string> limits;
    bool inside = false;
    for (const std::string& line : lines_of(text)) {
      inside = inside || line == "what limits this fit:";
      if (inside && line.starts_with("- ")) limits.push_back(line.substr(2));
    }
    return limits;
  }
};

TEST_F(FitOutput, BeginsWithTheLawAndWhatItsRowsDetermine) {
  const Outcome outcome = run({"fit", runs(0.003), "--law", "chinchilla"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const std::vector<std::string> lines = lines_of(outcome.out);
  ASSERT_GT(lines.size(), 8U);
  EXPECT_EQ(lines[0], kChinchilla);
  EXPECT_TRUE(lines[1].starts_with("The rows determine alpha within ")) << lines[1];
  EXPECT_TRUE(lines[1].ends_with(" about the law.")) << lines[1];
  EXPECT_EQ(lines[2], "");
  EXPECT_TRUE(lines[3].starts_with("quantity ")) << lines[3];
  EXPECT_EQ(outcome.out.find("objective"), std::string::npos);
}

TEST_F(FitOutput, VerboseAndTheJsonHoldEverything) {
  const std::string table = runs(0.02);
  const Outcome shown = run({"fit", table, "--law", "chinchilla-outer", "--json", path("fit.json")});
  const Outcome verbose = run({"fit", table, "--law", "chinchilla-outer", "--verbose"});
  ASSERT_EQ(verbose.code, 0) << verbose.err;
  const std::vector<std::string> some = limits_of(shown.out), all = limits_of(verbose.out);
  EXPECT_LE(some.size(), 3U);
  ASSERT_GE(all.size(), some.size());
  for (std::size_t i = 0; i < some.size(); ++i) EXPECT_EQ(some[i], all[i]);
  if (all.size() > some.size()) {
    EXPECT_NE(shown.out.find(fmt::format("and {} more: --verbose", all.size() - some.size())), std::string::npos);
  }
  for (const char* words : {"objective", "starts agree", "held out"})
    EXPECT_NE(verbose.out.find(words), std::string::npos) << words;
  const base::Value fit = base::read_json(path("fit.json"));
  ASSERT_EQ(fit.at("limits").list().size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(fit.at("limits").list()[i].at("text").text(), all[i]);
  EXPECT_NE(shown.out.find(fit.at("summary").text()), std::string::npos);
}

// The commonest mistake in practice: rows before the end of a decaying schedule are taken for finished runs.
TEST_F(FitOutput, CheckpointsOfADecayingScheduleComeFirst) {
  const Outcome outcome = run({"fit", checkpoints(), "--law", "chinchilla", "--json", path("fit.json")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("The law misses these rows by more than their noise."), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("nominal 95 % interval"), std::string::npos) << outcome.out;
  const auto limits = limits_of(outcome.out);
  ASSERT_FALSE(limits.empty()) << outcome.out;
  EXPECT_TRUE(limits[0].starts_with("rows taken early in a run lie above the law")) << limits[0];
  EXPECT_NE(limits[0].find("--last"), std::string::npos) << limits[0];
  const base::Value fit = base::read_json(path("fit.json"));
  EXPECT_TRUE(fit.at("lack_of_fit").at("significant").boolean());
  EXPECT_EQ(fit.at("limits").list()[0].at("harm").text(), "wrong");
  // With the remedy the law fits.
  const Outcome last = run({"fit", path("checkpoints.csv"), "--law", "chinchilla", "--last"});
  EXPECT_EQ(last.out.find("The law misses"), std::string::npos) << last.out;
}

TEST_F(FitOutput, MethodsThatOneFitPoolsAreNamed) {
  const Outcome outcome = run({"fit", methods(), "--law", "E+A*n_data^-a"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto limits = limits_of(outcome.out);
  ASSERT_FALSE(limits.empty()) << outcome.out;
  const bool named = std::any_of(limits.begin(), limits.end(), [](const std::string& limit) {
    return limit.starts_with("recipe has 3 values (plain, augmented, pretrained)") &&
           limit.find("--where recipe=plain") != std::string::npos;
  });
  EXPECT_TRUE(named) << outcome.out;
  const Outcome one = run({"fit", path("methods.csv"), "--law", "E+A*n_data^-a", "--where", "recipe=plain"});
  EXPECT_EQ(one.out.find("recipe has"), std::string::npos) << one.out;
}

TEST_F(FitOutput, ARankingShowsTheBestLawsAndHidesTheRest) {
  const std::string table = runs(0.003);
  const Outcome shown = run({"fit", table, "--interval", "none"});
  const Outcome verbose = run({"fit", table, "--interval", "none", "--verbose"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  EXPECT_TRUE(shown.out.starts_with("best of the laws ranked: ")) << shown.out;
  EXPECT_EQ(shown.out.find("skipped"), std::string::npos);
  EXPECT_NE(verbose.out.find("skipped "), std::string::npos);
  EXPECT_LT(lines_of(shown.out).size(), lines_of(verbose.out).size());
  EXPECT_EQ(shown.err.find("skipped"), std::string::npos) << shown.err;
}

TEST_F(FitOutput, ThePageBeginsWithTheAnswer) {
  ASSERT_EQ(run({"fit", checkpoints(), "--law", "chinchilla", "--out", path("page"), "--quiet"}).code, 0);
  const std::string page = base::read_text(path("page") + "/report.html");
  const std::size_t answer = page.find("with E = "), notice = page.find("What limits this fit most: rows taken early"),
                    figure = page.find("<figure"), parameters = page.find("nominal 95 % interval");
  for (const std::size_t at : {answer, notice, figure, parameters}) ASSERT_NE(at, std::string::npos);
  EXPECT_LT(answer, notice);
  EXPECT_LT(notice, figure);
  EXPECT_LT(figure, parameters);
}

}  // namespace
}  // namespace phaselaw::testing
