// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/group_fits.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/report/page.h"

namespace phaselaw::advice {
namespace {

// Three methods with floors 0.6, 0.5 and 0.4; `mono` has two sizes only.
std::string methods_text() {
  std::string text = "method,n_train,test_loss\n";
  for (int m = 0; m < 3; ++m)
    for (int i = 0; i < 8; ++i)
      text += fmt::format("m{},{},{}\n", m, 500 << i, 0.6 - 0.1 * m + (10 + m) * std::pow(500 << i, -0.7));
  return text + "mono,500,0.9\nmono,1000,0.8\n";
}

FitRequest request_of() {
  FitRequest request;
  request.law = "E+A*n_train^-a";
  request.read.by = "method";
  request.fit.threads = 1;
  return request;
}

TEST(GroupFits, EachGroupIsFittedAlone) {
  const GroupFits fits = fit_groups(request_of(), documents::read_text(methods_text(), "t.csv"));
  ASSERT_EQ(fits.groups.size(), 4U);
  for (int m = 0; m < 3; ++m) {
    const GroupFit& group = fits.groups[static_cast<std::size_t>(m)];
    ASSERT_TRUE(group.answer.has_value()) << group.error;
    EXPECT_EQ(group.name, fmt::format("m{}", m));
    EXPECT_EQ(group.answer->rows.n_rows(), 8U);
    EXPECT_NEAR(group.answer->best().fit.find("E")->value, 0.6 - 0.1 * m, 1e-4);
    EXPECT_NEAR(group.answer->best().fit.find("a")->value, 0.7, 1e-3);
    EXPECT_TRUE(group.answer->pooled.empty());
  }
  EXPECT_FALSE(fits.groups[3].answer.has_value());
  EXPECT_FALSE(fits.groups[3].error.empty());
  EXPECT_EQ(fits.json.at("by").text(), "method");
  const auto& list = fits.json.at("groups").list();
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[1].at("name").text(), "m1");
  EXPECT_TRUE(list[1].at("error").is_null());
  EXPECT_EQ(list[3].at("error").text(), fits.groups[3].error);
  const std::string text = group_text(fits);
  EXPECT_NE(text.find("m2"), std::string::npos);
  EXPECT_NE(text.find("not fitted"), std::string::npos);
  EXPECT_EQ(group_page(fits).sections.size(), 5U);
}

// Without --by the pooled fit says what to do, and that works.
TEST(GroupFits, ThePooledFitNamesTheFlag) {
  FitRequest pooled = request_of();
  pooled.read.by.clear();
  const FitAnswer answer = fit(pooled, documents::read_text(methods_text(), "t.csv"));
  ASSERT_EQ(answer.pooled.size(), 1U);
  EXPECT_NE(answer.pooled[0].sentence().find("--by method"), std::string::npos);
  pooled.read.by = "methd";
  EXPECT_THROW((void)fit_groups(pooled, documents::read_text(methods_text(), "t.csv")), base::InputError);
}

// A plan needs one fit, and the message says how to get it.
TEST(GroupFits, AFileOfGroupsIsNotOneFit) {
  const GroupFits fits = fit_groups(request_of(), documents::read_text(methods_text(), "t.csv"));
  std::string message;
  try {
    (void)fitting::saved_fits_from(fits.json, "fit.json", "");
  } catch (const base::InputError& error) {
    message = error.what();
  }
  EXPECT_NE(message.find("--where COLUMN=GROUP"), std::string::npos) << message;
  FitRequest one = request_of();
  one.read.by.clear();
  one.read.where = {"method=m0"};
  const FitAnswer answer = fit(one, documents::read_text(methods_text(), "t.csv"));
  EXPECT_EQ(fitting::saved_fits_from(answer.json, "fit.json", "").size(), 1U);
}

}  // namespace
}  // namespace phaselaw::advice
