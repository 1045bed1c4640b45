// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/row_condition.h"

#include <random>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"

namespace phaselaw::tables {
namespace {

using Lines = std::vector<long>;

const Table& example() {
  static const Table table = documents::read_text(
                                 "name,kind,n,loss,acc (%),time in (s)\n"
                                 "pythia-70m,train,70M,3,10,1\n"
                                 "pythia-1b,val,1e9,2.5,20,2\n"
                                 "Tom and Jerry,train,5,,30,3\n"
                                 "a (b),test,7,2,40,4\n"
                                 "gpt or else,val,nan,1.5,50,5\n",
                                 "t")
                                 .table;
  return table;
}

ComparedColumn column_of(const std::string& name) {
  const auto at = example().find(name);
  if (!at) throw base::InputError(base::unknown_name("column", name, example().header));
  return {*at, name == "loss" ? 1.0 : 1.0};
}

Lines lines(const std::string& text) {
  const RowCondition condition(text, example(), column_of);
  Lines out;
  for (std::size_t row = 0; row < example().n_rows(); ++row)
    if (condition.holds(example(), row)) out.push_back(static_cast<long>(row) + 1);
  return out;
}

std::string error_of(const std::string& text) {
  try {
    (void)lines(text);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(RowCondition, OldFormsKeepTheirMeaning) {
  EXPECT_EQ(lines("kind=train"), (Lines{1, 3}));
  EXPECT_EQ(lines("kind!=train"), (Lines{2, 4, 5}));
  EXPECT_EQ(lines("loss!="), (Lines{1, 2, 4, 5}));
  EXPECT_EQ(lines("loss="), Lines{3});
  EXPECT_EQ(lines("n>=1e6"), (Lines{1, 2}));
  EXPECT_EQ(lines("n==7.0"), Lines{4});
  EXPECT_EQ(lines("n<6"), Lines{3});
  EXPECT_EQ(lines("name=Tom and Jerry"), Lines{3});
  EXPECT_EQ(lines("name=gpt or else"), Lines{5});
  EXPECT_EQ(lines("name=a (b)"), Lines{4});
  EXPECT_EQ(lines("acc (%)>=40"), (Lines{4, 5}));
  EXPECT_EQ(lines("time in (s)>=5"), Lines{5});
}

TEST(RowCondition, JoinsListsAndPatterns) {
  EXPECT_EQ(lines("kind=train and n>100"), Lines{1});
  EXPECT_EQ(lines("kind = train or kind = test"), (Lines{1, 3, 4}));
  EXPECT_EQ(lines("kind=train and n<6 or kind=val and loss<2"), (Lines{3, 5}));
  EXPECT_EQ(lines("kind=train and (n<6 or kind=val) "), Lines{3});
  EXPECT_EQ(lines("not kind=train"), (Lines{2, 4, 5}));
  EXPECT_EQ(lines("not (kind=train or kind=val)"), Lines{4});
  EXPECT_EQ(lines("not kind=train and loss<2.2"), (Lines{4, 5}));
  EXPECT_EQ(lines("kind in (train, \"test\")"), (Lines{1, 3, 4}));
  EXPECT_EQ(lines("kind not in (train,test) and loss>=2"), Lines{2});
  EXPECT_EQ(lines("n in (7, 70000000, 1B)"), (Lines{1, 2, 4}));
  EXPECT_EQ(lines("name ~ 'pythia*'"), (Lines{1, 2}));
  EXPECT_EQ(lines("name~pythia-?b"), Lines{2});
  EXPECT_EQ(lines("name !~ *y*"), (Lines{4, 5}));
  EXPECT_EQ(lines("'acc (%)' > 30 AND \"time in (s)\" < 5"), Lines{4});
  EXPECT_EQ(lines("time in (s) in (1, 2)"), (Lines{1, 2}));
  EXPECT_EQ(lines("name=Tom and Jerry and kind=train"), Lines{3});
  EXPECT_EQ(lines("name='Tom and Jerry' or (name=a (b))"), (Lines{3, 4}));
  EXPECT_EQ(lines("loss!= and kind=val"), (Lines{2, 5}));
}

TEST(RowCondition, ErrorsNameTheirPlace) {
  const struct {
    const char *text, *place, *words;
  } cases[] = {{"kind", "--where:1:1: ", "expected column=value"},
               {"", "--where:1:1: ", "expected column=value"},
               {"=3", "--where:1:1: ", "expected column=value"},
               {"kind!train", "--where:1:1: ", "expected column=value"},
               {"kind=train and", "--where:1:1: ", "no error"},
               {"kind=train and knid=val", "--where:1:16: ", "did you mean 'kind'"},
               {"(kind=train", "--where:1:12: ", "expected ')'"},
               {"kind in train", "--where:1:1: ", "expected column=value"},
               {"kind in (train", "--where:1:15: ", "expected ',' or ')'"},
               {"kind in ('a' b)", "--where:1:14: ", "expected ',' or ')'"},
               {"n>=big", "--where:1:4: ", "expected a number after >=, found 'big'"},
               {"kind='train", "--where:1:6: ", "closing quote"},
               {"kind='train' val", "--where:1:14: ", "expected 'and', 'or' or the end"},
               {"`kind=train", "--where:1:1: ", "closing quote"}};
  for (const auto& [text, place, words] : cases) {
    const std::string message = error_of(text);
    EXPECT_TRUE(message == "no error" || message.starts_with(place)) << text << " gave " << message;
    EXPECT_NE(message.find(words), std::string::npos) << text << " gave " << message;
  }
  EXPECT_NE(error_of(std::string(100000, '(')).find("at most"), std::string::npos);
  EXPECT_NE(error_of(std::string(16000, '(')), "no error");
  EXPECT_EQ(error_of(std::string(8000, '(') + "n>0" + std::string(8000, ')')), "no error");
}

TEST(RowCondition, PatternsAgreeWithTheirDefinition) {
  const std::function<bool(std::string_view, std::string_view)> plain = [&](std::string_view text,
                                                                            std::string_view pattern) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '*') return plain(text, pattern.substr(1)) || (!text.empty() && plain(text.substr(1), pattern));
    return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) && plain(text.substr(1), pattern.substr(1));
  };
  std::mt19937 draw(1);
  for (int k = 0; k < 20000; ++k) {
    std::string text, pattern;
    for (std::size_t i = draw() % 7; i > 0; --i) text += "ab*"[draw() % 3];
    for (std::size_t i = draw() % 6; i > 0; --i) pattern += "ab*?"[draw() % 4];
    EXPECT_EQ(matches_pattern(text, pattern), plain(text, pattern)) << text << " ~ " << pattern;
  }
  EXPECT_FALSE(matches_pattern(std::string(20000, 'a'), "*a*a*a*a*b"));
}

// Random formulas have the value of their tree.
struct Formula {
  std::string text;
  std::vector<bool> holds;
  int strength;
};

Formula random_formula(std::mt19937& draw, int depth) {
  if (depth == 0) {
    const char* texts[] = {"kind=train", "n>100", "loss<2.7", "name~*y*", "kind in (val, test)", "loss!="};
    const std::string text = texts[draw() % 6];
    Formula out{text, std::vector<bool>(example().n_rows()), 3};
    for (const long row : lines(text)) out.holds[static_cast<std::size_t>(row) - 1] = true;
    return out;
  }
  Formula a = random_formula(draw, depth - 1);
  const auto inside = [&](const Formula& part, int least) {
    return part.strength < least || draw() % 3 == 0 ? "(" + part.text + ")" : part.text;
  };
  if (draw() % 4 == 0) {
    a.text = "not " + inside(a, 3);
    a.strength = 3;
    a.holds.flip();
    return a;
  }
  const Formula b = random_formula(draw, depth - 1);
  const bool both = draw() % 2 == 0;
  const int least = both ? 2 : 1;
  Formula out{inside(a, least) + (both ? " and " : " or ") + inside(b, least), a.holds, least};
  for (std::size_t row = 0; row < out.holds.size(); ++row)
    out.holds[row] = both ? a.holds[row] && b.holds[row] : a.holds[row] || b.holds[row];
  return out;
}

TEST(RowCondition, RandomFormulasHaveTheValueOfTheirTree) {
  std::mt19937 draw(5);
  for (int k = 0; k < 500; ++k) {
    const Formula formula = random_formula(draw, 1 + static_cast<int>(draw() % 4));
    Lines expected;
    for (std::size_t row = 0; row < formula.holds.size(); ++row)
      if (formula.holds[row]) expected.push_back(static_cast<long>(row) + 1);
    EXPECT_EQ(lines(formula.text), expected) << formula.text;
    std::string changed = formula.text;
    for (int change = 0; change < 3; ++change)
      changed[draw() % changed.size()] =
          static_cast<char>(draw() % 2 == 0 ? draw() % 256 : "()'\"=<>!~, nai"[draw() % 14]);
    (void)error_of(changed);
  }
}

}  // namespace
}  // namespace phaselaw::tables
