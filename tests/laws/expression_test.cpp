// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/expression.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/law.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/tables/columns.h"

namespace phaselaw::laws {
namespace {

double value_of(const std::string& text, double n, double d, const std::vector<double>& parameters = {1}) {
  tables::Columns columns;
  columns.add("n_params", {n});
  columns.add("tokens", {d});
  return evaluate(law_from_expression(text), columns, parameters).front();
}

std::string message_of(const std::string& text) {
  try {
    (void)Expression::parse(text);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Expression, PrecedenceIsThatOfTheFieldsFormulae) {
  EXPECT_DOUBLE_EQ(value_of("p*(1 + 2*N^2)", 3, 1), 19);
  EXPECT_DOUBLE_EQ(value_of("p*N^-2", 4, 1), 1.0 / 16);
  EXPECT_DOUBLE_EQ(value_of("-p*-N^2", 3, 1), 9);       // -(N^2) under two signs
  EXPECT_DOUBLE_EQ(value_of("100 - N^2*p", 3, 1), 91);  // a sign binds less than a power
  EXPECT_DOUBLE_EQ(value_of("p*2^3^2 + 0*N", 1, 1), 512);
  EXPECT_DOUBLE_EQ(value_of("p*N/D/2", 12, 3), 2);
  EXPECT_DOUBLE_EQ(value_of("p*10 - N - D", 4, 3), 3);
  EXPECT_DOUBLE_EQ(value_of("p*N**0.5", 9, 1), 3);
  EXPECT_DOUBLE_EQ(value_of("L = p + 1.5e1 + N*1e-1", 10, 1), 17);
  EXPECT_DOUBLE_EQ(value_of("G = p*N; H = G + D; H*H", 2, 3), 25);
}

TEST(Expression, Functions) {
  EXPECT_DOUBLE_EQ(value_of("p*exp(log(N)) + sqrt(D) + ln(exp(2))", 5, 16), 11);
  EXPECT_DOUBLE_EQ(value_of("p*min(N, D) + max(N, D) + pow(N, 2)", 2, 7), 13);
  const double w = value_of("p*lambert_w(N)", 10, 1);
  EXPECT_NEAR(w * std::exp(w), 10, 1e-14 * 10 * 10);
}

TEST(Expression, NamesAreColumnsOrParameters) {
  const Expression law = Expression::parse("E + A*N^-alpha + B*tokens^-beta + K*mixture", {"mixture"});
  EXPECT_EQ(law.columns(), (std::vector<std::string>{"n_params", "tokens", "mixture"}));
  EXPECT_EQ(law.parameters(), (std::vector<std::string>{"E", "A", "alpha", "B", "beta", "K"}));
  EXPECT_EQ(Expression::parse("a*depth + b*width").columns(), (std::vector<std::string>{"n_layers", "d_model"}));
}

TEST(Expression, AffineParametersAreTheAmplitudesAndFloors) {
  const auto affine = [](const char* text) { return Expression::parse(text).affine_parameters(); };
  EXPECT_EQ(affine("E + A*N^-alpha + B/D^beta"), (std::vector<bool>{true, true, false, true, false}));
  EXPECT_EQ(affine("E + (A*N^-a)^g"), (std::vector<bool>{true, false, false, false}));
  EXPECT_EQ(affine("A*B*N"), (std::vector<bool>{true, false}));  // not jointly
  EXPECT_EQ(affine("(N_c/N)^a"), (std::vector<bool>{false, false}));
  EXPECT_EQ(affine("E - K*N + 3"), (std::vector<bool>{true, true}));
}

TEST(Expression, EqualSubexpressionsShareANode) {
  const Expression law = Expression::parse("a*exp(N*b) + c*exp(N*b)");
  std::size_t exponentials = 0;
  for (const Node& node : law.nodes()) exponentials += node.op == Op::exp ? 1 : 0;
  EXPECT_EQ(exponentials, 1U);
}

TEST(Expression, ErrorsNameTheColumnAndWhatToDo) {
  EXPECT_EQ(message_of("E + A*N^"), "--law:1:9: expected a number, a name or '(', found the end");
  EXPECT_EQ(message_of("E + * N"), "--law:1:5: expected a number, a name or '(', found '*'");
  EXPECT_EQ(message_of("E + (A*N"), "--law:1:9: expected an operator or ')', found the end");
  EXPECT_EQ(message_of("E + A N"), "--law:1:7: expected an operator or the end, found 'N'");
  EXPECT_NE(message_of("E + expp(N)").find("--law:1:5: unknown function 'expp'; did you mean 'exp'"),
            std::string::npos);
  EXPECT_NE(message_of("E + A*tokns^-b").find("--law:1:7: unknown column 'tokns'; did you mean 'tokens'"),
            std::string::npos);
  EXPECT_NE(message_of("E + A*L^-b").find("L is the loss"), std::string::npos);
  EXPECT_NE(message_of("E + A").find("expected a column"), std::string::npos);
  EXPECT_NE(message_of("1 + N").find("expected a parameter"), std::string::npos);
  EXPECT_NE(message_of("exp + N").find("expected '(' after the function exp"), std::string::npos);
  EXPECT_NE(message_of("min(N) + a").find("expected ',' and a second argument"), std::string::npos);
  EXPECT_NE(message_of("x = N; a*D").find("definition 'x' is not used"), std::string::npos);
  EXPECT_NE(message_of("N = 3; a*N").find("'N' already has a meaning"), std::string::npos);
  EXPECT_NE(message_of("a + N; b").find("expected a definition"), std::string::npos);
  EXPECT_NE(message_of("a*N + 1e999").find("within double precision"), std::string::npos);
  EXPECT_NE(message_of("").find("found the end"), std::string::npos);
  EXPECT_NE(message_of(std::string("a\0b", 3)).find("found the byte 0x00"), std::string::npos);
}

TEST(Expression, DepthLengthAndParametersAreLimited) {
  EXPECT_NE(message_of(std::string(2000, '(')).find("levels of nesting"), std::string::npos);
  std::string towers = "a*N";
  for (int i = 0; i < 500; ++i) towers += "^N";
  EXPECT_NE(message_of(towers).find("levels of nesting"), std::string::npos);
  EXPECT_NE(message_of(std::string(5000, 'a')).find("at most 4096 characters"), std::string::npos);
  std::string many = "N";
  for (int i = 0; i < 20; ++i) many += " + x" + std::to_string(i);
  EXPECT_NE(message_of(many).find("at most 14 parameters"), std::string::npos);
  EXPECT_EQ(message_of(std::string(4000, '-') + "a*N"), "");  // signs need no depth
}

// Any text either parses or is an InputError: 20000 random texts of the grammar's own pieces.
TEST(Expression, RandomTextNeverCrashes) {
  const std::vector<std::string> pieces = {"N", "D", "A", "E",    "^", "*",  "/",   "+",  "-",   "(", ")",  ",",
                                           ";", "=", "1", "2e-3", ".", "**", "exp", "ln", "min", " ", "\t", "\x80"};
  numerics::RandomStream stream(3, "random text");
  int parsed = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    std::string text;
    for (std::size_t i = stream.below(12) + 1; i > 0; --i) text += pieces[stream.below(pieces.size())];
    try {
      const Expression law = Expression::parse(text);
      EXPECT_LT(law.root(), law.nodes().size());
      ++parsed;
    } catch (const base::InputError&) {
    }
  }
  EXPECT_GT(parsed, 10);
}

}  // namespace
}  // namespace phaselaw::laws
