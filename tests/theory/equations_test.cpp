// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/files.h"

// docs/equations.md says where each equation is computed and tested: those places must exist.
namespace phaselaw::theory {
namespace {

namespace fs = std::filesystem;
const std::string kRoot = PHASELAW_SOURCE_DIR;

struct Row {
  std::string equation, status, function, test, experiment;
};

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

// Rows of tables with five columns; a '|' inside a cell is written as \|.
std::vector<Row> rows() {
  std::vector<Row> found;
  std::istringstream text(base::read_text(kRoot + "/docs/equations.md"));
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with("| ") || line.starts_with("| equation") || line.starts_with("|---")) continue;
    std::vector<std::string> cells(1);
    for (std::size_t i = 1; i < line.size(); ++i) {
      if (line[i] == '|' && line[i - 1] != '\\')
        cells.emplace_back();
      else
        cells.back() += line[i];
    }
    if (cells.size() != 6) ADD_FAILURE() << "expected five columns: " << line;
    cells.resize(6);
    found.push_back({trimmed(cells[0]), trimmed(cells[1]), trimmed(cells[2]), trimmed(cells[3]), trimmed(cells[4])});
  }
  return found;
}

std::vector<std::string> code_words(const std::string& cell) {
  static const std::regex word("`([^`]+)`");
  std::vector<std::string> words;
  for (auto it = std::sregex_iterator(cell.begin(), cell.end(), word); it != std::sregex_iterator(); ++it)
    words.push_back((*it)[1]);
  return words;
}

TEST(Equations, EveryRowHasAStatus) {
  static const std::regex status(R"(\[(S1?|R|T)\](, \[(S1?|R|T)\])*)");
  ASSERT_GE(rows().size(), 30U);
  for (const Row& row : rows()) EXPECT_TRUE(std::regex_match(row.status, status)) << row.equation << ": " << row.status;
}

// `layer/file.h: name, name`: the header exists and declares each name.
TEST(Equations, EveryFunctionExists) {
  for (const Row& row : rows()) {
    const auto words = code_words(row.function);
    EXPECT_FALSE(words.empty()) << row.equation;
    for (const std::string& word : words) {
      const auto colon = word.find(": ");
      ASSERT_NE(colon, std::string::npos) << word;
      const fs::path header = fs::path(kRoot) / "phaselaw" / word.substr(0, colon);
      ASSERT_TRUE(fs::exists(header)) << header;
      const std::string text = base::read_text(header);
      std::istringstream names(word.substr(colon + 2));
      for (std::string name; std::getline(names, name, ',');)
        EXPECT_TRUE(std::regex_search(text, std::regex("\\b" + trimmed(name) + R"(\b\s*[({=;])")))
            << header << " does not declare " << name;
    }
  }
}

// `Suite.Name` of a file tests/<layer>/..: a TEST or TEST_F of that name exists.
TEST(Equations, EveryTestExists) {
  std::string tests;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot + "/tests"))
    if (entry.path().extension() == ".cpp") tests += base::read_text(entry.path());
  for (const Row& row : rows()) {
    const auto words = code_words(row.test);
    EXPECT_FALSE(words.empty()) << row.equation;
    for (const std::string& word : words) {
      const auto dot = word.find('.');
      ASSERT_NE(dot, std::string::npos) << word;
      const std::regex declared("TEST(_F|_P)?\\(" + word.substr(0, dot) + ",\\s*" + word.substr(dot + 1) + "\\)");
      EXPECT_TRUE(std::regex_search(tests, declared)) << word;
    }
  }
}

// "E3, E2.noise, LB.band" or a dash. Experiments of the program by their whole id, those of the paper also by their
// number alone; each experiment of the program is named by a row.
TEST(Equations, ExperimentsAreThoseOfTheProgram) {
  static const std::regex one(R"(E[1-7](\.\w+)?|LB\.\w+)"), declared(R"re(\{"((E\d)\.\w+|LB\.\w+)")re");
  const std::string list = base::read_text(kRoot + "/phaselaw/reproduce/experiments.cpp");
  std::string named;
  for (const Row& row : rows()) {
    if (row.experiment == "–") continue;
    named += row.experiment + ", ";
    std::istringstream words(row.experiment);
    for (std::string word; std::getline(words, word, ',');) {
      EXPECT_TRUE(std::regex_match(trimmed(word), one)) << row.equation << ": " << word;
      const std::string id = trimmed(word);
      const std::string registered = "{\"" + id + (id.find('.') != std::string::npos ? "\"" : ".");
      EXPECT_NE(list.find(registered), std::string::npos) << word;
    }
  }
  int found = 0;
  for (auto it = std::sregex_iterator(list.begin(), list.end(), declared); it != std::sregex_iterator();
       ++it, ++found) {
    const std::string id = (*it)[2].matched ? (*it)[2] : (*it)[1];
    if (id == "E7" || id == "E8") continue;  // other architectures, the user's runs: no equation of their own
    EXPECT_TRUE(named.find(id + ",") != std::string::npos || named.find(id + ".") != std::string::npos) << id;
  }
  EXPECT_GE(found, 6);
}

// Links of docs/theory/*.md and docs/equations.md lead to files.
TEST(Equations, EveryLinkLeadsSomewhere) {
  std::vector<fs::path> pages = {fs::path(kRoot) / "docs/equations.md"};
  for (const auto& entry : fs::directory_iterator(kRoot + "/docs/theory")) pages.push_back(entry.path());
  static const std::regex link(R"(\]\(([^)#]+)[^)]*\))");
  for (const fs::path& page : pages) {
    const std::string text = base::read_text(page);
    for (auto it = std::sregex_iterator(text.begin(), text.end(), link); it != std::sregex_iterator(); ++it) {
      const std::string target = (*it)[1];
      if (target.starts_with("http")) continue;
      EXPECT_TRUE(fs::exists(page.parent_path() / target)) << page << " -> " << target;
    }
  }
}

}  // namespace
}  // namespace phaselaw::theory
