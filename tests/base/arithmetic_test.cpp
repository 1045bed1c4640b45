// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/arithmetic.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::base {
namespace {

const std::vector<std::string> kNames = {"x", "y", "Top 1", "val.acc"};

const Arithmetic::Source kColumns{{"--col", 1, 1}, "column", "a column of the table", "put it in double quotes"};

std::size_t column_at(const std::string& name) {
  for (std::size_t c = 0; c < kNames.size(); ++c)
    if (kNames[c] == name) return c;
  throw InputError(unknown_name("column", name, kNames));
}

double value(const std::string& text, const std::vector<double>& row = {2, 3, 0.25, 10}) {
  const Arithmetic expression(text, kColumns, column_at);
  std::vector<double> inputs, stack(expression.stack_size());
  for (const std::size_t column : expression.names()) inputs.push_back(row[column]);
  return expression.value(inputs, stack);
}

std::string error_of(const std::string& text) {
  try {
    (void)value(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Arithmetic, ArithmeticAsInLaws) {
  const struct {
    const char* text;
    double value;
  } cases[] = {{"1-x", -1},
               {"x*1e6", 2e6},
               {"x-y-1", -2},
               {"x/y/4", 2.0 / 3 / 4},
               {"-x^2", -4},
               {"x^-1", 0.5},
               {"x^y^2", 512},
               {"x**y", 8},
               {"2*-x", -4},
               {"-(x+y)*2", -10},
               {"+x - -y", 5},
               {"(x)", 2},
               {"100*(1 - \"Top 1\")", 75},
               {"1-`Top 1`", 0.75},
               {"log10(val.acc)", 1},
               {"ln(x)*log2(x)", std::log(2.0)},
               {"sqrt(x*x+y*4*y/9)", std::sqrt(8.0)},
               {"exp(-x) ", std::exp(-2.0)},
               {"x*x^y+y", 19}};
  for (const auto& [text, expected] : cases) EXPECT_DOUBLE_EQ(value(text), expected) << text;
}

TEST(Arithmetic, ErrorsNameTheirPlace) {
  const struct {
    const char *text, *place, *words;
  } cases[] = {{"1-", "--col:1:3: ", "found the end"},
               {"1-(x", "--col:1:3: ", "expected ')'"},
               {"x)", "--col:1:2: ", "without its '('"},
               {"x y", "--col:1:3: ", "in double quotes"},
               {"1-Top 1", "--col:1:3: ", "unknown column 'Top'"},
               {"1-\"Top 1", "--col:1:3: ", "closing \""},
               {"cos(x)", "--col:1:1: ", "unknown function 'cos'"},
               {"2x", "--col:1:2: ", "operator after the number"},
               {"1e999*x", "--col:1:1: ", "double precision"},
               {"(1-2)", "--col:1:1: ", "expected a column"},
               {"x**", "--col:1:4: ", "found the end"},
               {"*x", "--col:1:1: ", "found '*'"},
               {"", "--col:1:1: ", "found the end"}};
  for (const auto& [text, place, words] : cases) {
    const std::string message = error_of(text);
    EXPECT_TRUE(message.starts_with(place)) << text << " gave " << message;
    EXPECT_NE(message.find(words), std::string::npos) << message;
  }
  EXPECT_NE(error_of(std::string(5000, '(')).find("at most 4096 characters"), std::string::npos);
  EXPECT_EQ(error_of(std::string(2000, '(') + "x" + std::string(2000, ')')), "no error");
}

// Random expressions, written with every bracket or with none that precedence does not need.
struct Written {
  std::string text;
  double value;
  int strength;  // of its outermost operation
};

Written random_expression(std::mt19937& draw, int depth) {
  if (depth == 0 || draw() % 4 == 0) {
    if (draw() % 2 == 0) return {"x", 2, 9};
    return draw() % 2 == 0 ? Written{"y", 3, 9} : Written{"0.5", 0.5, 9};
  }
  const Written a = random_expression(draw, depth - 1);
  const auto inside = [&](const Written& part, int least) {
    return part.strength < least || draw() % 4 == 0 ? "(" + part.text + ")" : part.text;
  };
  if (draw() % 6 == 0) return {"-" + inside(a, 3), -a.value, 3};
  if (draw() % 6 == 0) return {"exp(" + a.text + ")", std::exp(a.value), 9};
  const Written b = random_expression(draw, depth - 1);
  switch (draw() % 5) {
    case 0:
      return {inside(a, 1) + " + " + inside(b, 2), a.value + b.value, 1};
    case 1:
      return {inside(a, 1) + "-" + inside(b, 2), a.value - b.value, 1};
    case 2:
      return {inside(a, 2) + "*" + inside(b, 3), a.value * b.value, 2};
    case 3:
      return {inside(a, 2) + "/" + inside(b, 3), a.value / b.value, 2};
    default:
      return {inside(a, 5) + "^" + inside(b, 3), std::pow(a.value, b.value), 4};
  }
}

TEST(Arithmetic, RandomExpressionsHaveTheValueOfTheirTree) {
  std::mt19937 draw(7);
  int read = 0;
  for (int k = 0; k < 3000; ++k) {
    const Written written = random_expression(draw, 5);
    std::string names = written.text;
    for (std::size_t at = names.find("exp("); at != std::string::npos; at = names.find("exp(")) names.erase(at, 4);
    if (names.find_first_of("xy") == std::string::npos || written.text.size() > 4000) continue;
    const double found = value(written.text);
    ++read;
    if (std::isnan(written.value))
      EXPECT_TRUE(std::isnan(found)) << written.text;
    else
      EXPECT_DOUBLE_EQ(found, written.value) << written.text;
  }
  EXPECT_GT(read, 2000);
}

TEST(Arithmetic, AnyBytesAreReadOrRefused) {
  std::mt19937 draw(3);
  for (int k = 0; k < 20000; ++k) {
    std::string text = random_expression(draw, 3).text;
    for (int change = 0; change < 3; ++change) {
      const std::size_t at = draw() % (text.size() + 1);
      if (draw() % 2 == 0)
        text.insert(at, 1, static_cast<char>(draw() % 256));
      else if (at < text.size())
        text[at] = "()+-*/^\"`x1e. "[draw() % 14];
    }
    (void)error_of(text);
  }
}

}  // namespace
}  // namespace phaselaw::base
