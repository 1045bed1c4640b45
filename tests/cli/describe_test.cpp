// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "cli/cli_fixture.h"

// The words that describe the program: manual pages, completion, citation, and the examples of --help.
namespace phaselaw {
namespace {

namespace fs = std::filesystem;

class DescribeTest : public testing::CliFixture {
 protected:
  // The verbs, from the list that the program prints.
  std::vector<std::string> verbs() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(manuals())) {
      const std::string name = entry.path().stem();
      if (name != "phaselaw") names.push_back(name.substr(std::string("phaselaw-").size()));
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string manuals() {
    EXPECT_EQ(run({"man", "--out", path("man")}).code, 0);
    return path("man");
  }
  // What a program of the shell prints; "" where it is absent.
  static std::string output_of(const std::string& command) {
    std::string out;
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    std::array<char, 256> buffer{};
    while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) out += buffer.data();
    ::pclose(pipe);
    return out;
  }
  static bool has(const std::string& program) { return !output_of("command -v " + program).empty(); }

  // What bash offers after these words.
  std::string completed(const std::string& words) {
    write("completion.bash", run({"completion", "bash"}).out);
    write("ask.bash", "source " + path("completion.bash") + "\nCOMP_WORDS=(phaselaw " + words +
                          ")\nCOMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))\n_phaselaw\necho \"${COMPREPLY[@]}\"\n");
    return output_of("bash " + path("ask.bash"));
  }
};

TEST_F(DescribeTest, EveryVerbHasAManualPageThatGroffReads) {
  const std::string folder = manuals();
  const auto names = verbs();
  EXPECT_GE(names.size(), 18U);
  for (const auto& name : names) {
    const std::string page = base::read_text(fs::path(folder) / ("phaselaw-" + name + ".1"));
    for (const char* part : {".TH ", ".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", ".SH EXAMPLES", ".SH EXIT STATUS"})
      EXPECT_NE(page.find(part), std::string::npos) << name << part;
    EXPECT_EQ(page, run({"man", name}).out);
  }
  if (has("groff")) {
    EXPECT_EQ(output_of("for f in " + folder + "/*.1; do groff -man -Tutf8 -ww $f >/dev/null; done"), "");
  }
  expect_bad({"man", "fti"}, "did you mean 'fit'");
}

TEST_F(DescribeTest, BashCompletesVerbsFlagsAndWords) {
  EXPECT_EQ(completed("pla"), "plan\n");
  EXPECT_EQ(completed("fit --obj"), "--objective\n");
  EXPECT_EQ(completed("fit --objective l1"), "l1 l1-raw\n");
  EXPECT_EQ(completed("fit runs.csv --law chinchilla-t"), "chinchilla-tied\n");
  EXPECT_EQ(completed("reproduce --preset f"), "full\n");
  EXPECT_EQ(completed("fit ru"), "\n");  // a file: left to the shell
  expect_bad({"completion", "bahs"}, "did you mean 'bash'");
  for (const char* shell : {"zsh", "fish"}) {
    const auto outcome = run({"completion", shell});
    EXPECT_EQ(outcome.code, 0);
    write(shell, outcome.out);
    if (has(shell)) {
      EXPECT_EQ(output_of(std::string(shell) + " -n " + path(shell)), "") << shell;
    }
  }
}

// The words after `--objective` are those that the verb takes: each is tried.
TEST_F(DescribeTest, OfferedWordsAreAccepted) {
  for (const std::string verb_and_flag : {"fit --objective", "fit --interval"}) {
    const std::string flag = verb_and_flag.substr(4);
    std::istringstream words(completed(verb_and_flag + " ''"));
    int tried = 0;
    for (std::string word; words >> word; ++tried) {
      const auto outcome = run({"fit", path("curve.csv"), "--law", "power", "--holdout", "0", flag, word, "--quiet"});
      EXPECT_EQ(outcome.code, 0) << verb_and_flag << " " << word << outcome.err;
    }
    EXPECT_GE(tried, 6);
  }
}

TEST_F(DescribeTest, CiteNamesThisVersion) {
  const auto outcome = run({"cite"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* part : {"@software{phaselaw,", "version = {0.1.0}", "@article{yang2025unifying,"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << outcome.out;
}

TEST_F(DescribeTest, EveryVerbHasAnExampleOfItsOwn) {
  for (const auto& name : verbs())
    EXPECT_NE(run({name, "--help"}).out.find("Example:\n  phaselaw " + name), std::string::npos) << name;
}

}  // namespace
}  // namespace phaselaw
