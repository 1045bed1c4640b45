// SPDX-License-Identifier: Apache-2.0
// How names, roles and units of a table meet a question, and that the next step of each refusal succeeds.
#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/advice/diagnose/diagnose_request.h"
#include "phaselaw/advice/fit/fit_request.h"
#include "phaselaw/advice/isoflop/isoflop_request.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"

namespace phaselaw::advice {
namespace {

struct Said {
  std::map<std::string, std::string> col = {};
  std::string loss = {};
  std::map<std::string, double> scale = {};
  fitting::Objective objective = fitting::Objective::l2;
};

FitAnswer fit_of(const std::string& text, const std::string& law, const Said& said = {}) {
  FitRequest request;
  request.law = law;
  request.read.col = said.col;
  request.read.loss = said.loss;
  request.read.scale = said.scale;
  request.fit.objective = said.objective;
  request.fit.interval = fitting::IntervalMethod::none;
  request.holdout = 0;
  return fit(request, documents::read_text(text, "t"));
}

double parameter(const FitAnswer& answer, std::size_t p) { return answer.best().fit.value[p]; }

template <class Work>
std::string error_of(const Work& work) {
  try {
    work();
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

void expect_in(const std::string& message, const std::string& words) {
  EXPECT_NE(message.find(words), std::string::npos) << message;
}

std::string warnings(const FitAnswer& answer) { return fmt::format("{}", fmt::join(answer.rows.warnings, "\n")); }

// Losses that follow 20 x^-0.1 of the second column, and not of the first.
std::string two_sizes() {
  std::string text = "params,non_embedding_params,loss\n";
  for (int k = 0; k < 7; ++k) {
    const double n = 4e5 * std::pow(2.7, k);
    text += fmt::format("{:.0f},{:.0f},{:.9g}\n", n + 8e5, n, 20 * std::pow(std::round(n), -0.1));
  }
  return text;
}

TEST(ColumnsOfUsers, ALawReadsTheHeadingThatItNames) {
  const FitAnswer named = fit_of(two_sizes(), "A*non_embedding_params^-a");
  EXPECT_NEAR(parameter(named, 0), 20, 1e-4);
  EXPECT_NEAR(parameter(named, 1), 0.1, 1e-6);
  EXPECT_GT(std::abs(parameter(fit_of(two_sizes(), "A*params^-a"), 1) - 0.1), 0.005);
  // Of the catalogue's column both could be meant.
  const std::string message = error_of([] { (void)fit_of(two_sizes(), "kaplan-n"); });
  expect_in(message, "--col n_params=params or --col n_params=non_embedding_params");
  EXPECT_NEAR(parameter(fit_of(two_sizes(), "A*N^-a", {.col = {{"n_params", "non_embedding_params"}}}), 1), 0.1, 1e-6);
  // Two columns of one meaning in one law need a name of their own.
  const std::string both = error_of([] { (void)fit_of(two_sizes(), "A*non_embedding_params^-a + B*params^-b"); });
  expect_in(both, "--col x=params, and write x in the law");
  EXPECT_NEAR(parameter(fit_of(two_sizes(), "A*non_embedding_params^-a + 0*x", {.col = {{"x", "params"}}}), 1), 0.1,
              1e-6);
  // A column that the user computes, under a name of the user.
  EXPECT_NEAR(parameter(fit_of(two_sizes(), "A*x^-a", {.col = {{"x", "non_embedding_params/1000"}}}), 1), 0.1, 1e-6);
}

TEST(ColumnsOfUsers, ANameThatIsAParameterAndAColumnIsAsked) {
  std::string text = "n_params,A,E,loss\n";
  for (int k = 0; k < 8; ++k) {
    const double n = std::round(1e6 * std::pow(3, k));
    text += fmt::format("{:.0f},{},{},{:.9g}\n", n, 8 + k * k, 1 + k % 2, 0.7 + 30 * std::pow(n, -0.2));
  }
  const std::string message = error_of([&] { (void)fit_of(text, "E+A*N^-a"); });
  expect_in(message, "--law 'E_0+A_0*N^-a'");
  expect_in(message, "--col E=E --col A=A");
  const FitAnswer parameters = fit_of(text, "E_0+A_0*N^-a");
  EXPECT_NEAR(parameter(parameters, 0), 0.7, 1e-4);
  EXPECT_NEAR(parameter(parameters, 1), 30, 1e-2);
  const FitAnswer columns = fit_of(text, "E+A*N^-a", {.col = {{"E", "E"}, {"A", "A"}}});
  EXPECT_EQ(columns.best().fit.law.parameters.size(), 1U);
  // A law of the catalogue says itself what its parameters are.
  EXPECT_EQ(error_of([&] { (void)fit_of(text, "power@n_params"); }), "no error");
}

std::string accuracies(bool curve) {
  std::string text = curve ? "step,accuracy\n" : "flops,acc\n";
  for (int k = 0; k < 30; ++k) {
    const double c = curve ? 200.0 * k + 1 : 2e19 * std::pow(1.5, k);
    const double error = curve ? 0.8 * std::pow(c, -0.08) : 2600 * std::pow(c, -0.18);
    text += fmt::format("{:.6g},{:.9g}\n", c, 1 - error);
  }
  return text;
}

TEST(ColumnsOfUsers, AScoreIsNoLoss) {
  for (const char* law : {"A*C^-a", "power", "all"}) {
    const std::string message = error_of([&] { (void)fit_of(accuracies(false), law, {.loss = "acc"}); });
    expect_in(message, "acc rises with flops");
    expect_in(message, "give the error with --col loss=1-acc");
    expect_in(message, "--law 'I-A*compute^-a' --objective l2-raw");
  }
  const FitAnswer error = fit_of(accuracies(false), "A*C^-a", {.col = {{"loss", "1-acc"}}});
  EXPECT_NEAR(parameter(error, 0) / 2600, 1, 1e-3);
  EXPECT_NEAR(parameter(error, 1), 0.18, 1e-5);
  EXPECT_EQ(error_of([] { (void)fit_of(accuracies(false), "power", {.col = {{"loss", "1-acc"}}}); }), "no error");
  // A law that rises is one of a score.
  const FitAnswer rising =
      fit_of(accuracies(false), "I-A*compute^-a", {.loss = "acc", .objective = fitting::Objective::l2_raw});
  EXPECT_NEAR(parameter(rising, 2), 0.18, 1e-3);
  // A name that says nothing: a warning with both readings.
  std::string unknown = accuracies(false);
  unknown.replace(unknown.find("acc"), 3, "foo");
  expect_in(warnings(fit_of(unknown, "power", {.loss = "foo"})), "give the error with --col loss=1-foo");
}

TEST(ColumnsOfUsers, ACurveOfAScoreIsRefused) {
  DiagnoseRequest request;
  const auto diagnosed = [&](const std::string& text) {
    return error_of([&] { (void)diagnose(request, {documents::read_text(text, "t")}); });
  };
  request.read.col = {{"loss", "accuracy"}};
  const std::string message = diagnosed(accuracies(true));
  expect_in(message, "accuracy rises along the run");
  expect_in(message, "--col loss=1-accuracy");
  request.read.col = {{"loss", "1-accuracy"}};
  EXPECT_EQ(diagnosed(accuracies(true)), "no error");
  std::string unknown = accuracies(true);
  unknown.replace(unknown.find("accuracy"), 8, "foo");
  request.read.col = {{"loss", "foo"}};
  expect_in(diagnosed(unknown), "is it a score?");
  request.read.col = {{"loss", "1-foo"}};
  EXPECT_EQ(diagnosed(unknown), "no error");
}

TEST(ColumnsOfUsers, AnOutputBelowZeroNeedsTheLinearScale) {
  std::string text = "cells,info\n";
  for (int k = 0; k < 14; ++k) text += fmt::format("{0},{1:.6f}\n", 90 << k, 1.5 - 20 * std::pow(90 << k, -0.57));
  const std::string message = error_of([&] { (void)fit_of(text, "I-A*cells^-s", {.loss = "info"}); });
  expect_in(message, "t:2:4: ");
  expect_in(message, "--objective l2-raw");
  const FitAnswer raw = fit_of(text, "I-A*cells^-s", {.loss = "info", .objective = fitting::Objective::l2_raw});
  EXPECT_EQ(raw.rows.n_rows(), 14U);
  EXPECT_NEAR(parameter(raw, 2), 0.57, 1e-3);
}

TEST(ColumnsOfUsers, SizesInMillionsAreAsked) {
  std::string text = "model size,loss\n";
  for (const int n : {70, 160, 410, 1000, 1400, 2800})
    text += fmt::format("{},{:.9g}\n", n, 1.5 + 30 * std::pow(n * 1e6, -0.15));
  expect_in(error_of([&] { (void)fit_of(text, "E+A*N^-a"); }), "--scale n_params=1e6");
  EXPECT_NEAR(parameter(fit_of(text, "E+A*N^-a", {.scale = {{"n_params", 1e6}}}), 1), 30, 0.1);
  EXPECT_EQ(error_of([&] { (void)fit_of(text, "E+A*N^-a", {.scale = {{"n_params", 1}}}); }), "no error");
}

TEST(ColumnsOfUsers, IsoflopNamesWhatItNeeds) {
  std::string text = "params,total_params,flops,loss\n";
  for (const double c : {1e18, 1e19, 1e20})
    for (int k = -3; k <= 3; ++k) {
      const double n = std::sqrt(c / 120) * std::pow(1.6, k);
      text += fmt::format("{0:.8g},{1:.8g},{2},{3:.9g}\n", n, n + 5e7, c,
                          1.7 + 400 / std::pow(n, 0.34) + 410 / std::pow(c / (6 * n), 0.28));
    }
  IsoflopRequest request;
  const auto done = [&] { return error_of([&] { (void)isoflop(request, documents::read_text(text, "t")); }); };
  expect_in(done(), "--col n_params=params or --col n_params=total_params");
  request.read.col = {{"n_params", "params"}};
  EXPECT_EQ(done(), "no error");
}

}  // namespace
}  // namespace phaselaw::advice
