// SPDX-License-Identifier: Apache-2.0
#include <regex>
#include <string>
#include <vector>

#include "cli/cli_fixture.h"
#include "phaselaw/laws/law.h"
#include "phaselaw/numerics/random.h"

// Numbers for people, in the texts and pages of every verb that answers questions about tables.
namespace phaselaw {
namespace {

class Numbers : public testing::CliFixture {
 protected:
  // Budgets of six sizes with noise, so that amplitudes have wide intervals and sizes narrow ones.
  void SetUp() override {
    CliFixture::SetUp();
    std::string text = "n_params,tokens,loss\n";
    numerics::RandomStream stream(4, "numbers", 0);
    for (double budget = 1e18; budget < 2e20; budget *= 3.3)
      for (double n = 2e7; n < 3e9; n *= 2.2) {
        const double d = budget / (6 * n);
        const double loss = 1.69 + 406.4 * std::pow(n, -0.34) + 410.7 * std::pow(d, -0.28);
        text += fmt::format("{},{},{}\n", n, d, loss * std::exp(0.004 * stream.normal()));
      }
    write("runs.csv", text);
  }

  std::string all_texts() {
    const std::vector<std::string> quick = {"--quiet", "--resamples", "40"};
    const auto say = [&](std::vector<std::string> words, bool resampled) {
      words.insert(words.end(), quick.begin(), quick.begin() + (resampled ? 3 : 1));
      const testing::Outcome outcome = run(words);
      EXPECT_EQ(outcome.code, 0) << outcome.err;
      return outcome.out + outcome.err;
    };
    std::string text =
        say({"fit", path("runs.csv"), "--law", "chinchilla", "--json", path("fit.json"), "--out", path("f")}, true);
    text +=
        say({"plan", "--fit", path("fit.json"), "--compute", "1e21", "1e24", "--verbose", "--out", path("p")}, false);
    text += say({"plan", "--fit", path("fit.json"), "--loss", "2.4", "--verbose"}, false);
    text += say({"isoflop", path("runs.csv"), "--out", path("i")}, true);
    for (const char* page : {"f", "p", "i"}) text += base::read_text(path(page) + "/report.html");
    return text;
  }
};

// "160k [48k, 1.7M]": no thousands separator beside or inside an interval, no number of more digits than the half
// width supports.
TEST_F(Numbers, IntervalsHaveNoSeparatorsAndOnlyTheDigitsTheySupport) {
  const std::string text = all_texts();
  const std::string number = R"(-?[0-9][0-9,.]*(?:e-?[0-9]+|[kMBT])?)";
  const std::regex interval("(" + number + R"() \[()" + number + "), (" + number + R"()\])");
  const auto digits = [](const std::string& word) {
    std::string mantissa = word.substr(0, word.find_first_of("ekMBT"));
    mantissa.erase(std::remove_if(mantissa.begin(), mantissa.end(), [](char c) { return c == '.' || c == '-'; }),
                   mantissa.end());
    return mantissa.size() - std::min(mantissa.find_first_not_of('0'), mantissa.size());
  };
  const auto value = [](const std::string& word) {
    const std::size_t letter = std::string("kMBT").find(word.back());
    const double scale = letter == std::string::npos ? 1 : std::pow(1e3, letter + 1);
    return std::stod(word) * scale;
  };
  int found = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), interval), end; at != end; ++at, ++found) {
    const std::string what = (*at)[0];
    for (int part = 1; part <= 3; ++part) EXPECT_EQ((*at)[part].str().find(','), std::string::npos) << what;
    const double middle = std::abs(value((*at)[1])), half = (value((*at)[3]) - value((*at)[2])) / 2;
    if (!(middle > 0) || !(half > 0)) continue;
    // Two digits of the half width: with log10(middle/half) digits before them, and one where both are rounded up.
    const double supported = 2 + std::max(0.0, std::ceil(std::log10(middle / half))) + 1;
    EXPECT_LE(static_cast<double>(digits((*at)[1])), supported) << what;
  }
  EXPECT_GT(found, 40);
}

}  // namespace
}  // namespace phaselaw
