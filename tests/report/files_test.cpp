// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/files.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "report/markup.h"

namespace phaselaw::report {
namespace {

namespace fs = std::filesystem;

Figure figure_of(const std::string& label, std::vector<double> x, std::vector<double> y) {
  Figure figure;
  figure.title = label;
  figure.x = {"compute", "FLOP", true};
  figure.y = {"loss", "", true};
  figure.series = {{label, std::move(x), std::move(y)}};
  return figure;
}

Page two_figures() {
  Page page;
  page.title = "page";
  page.figures = {figure_of("first", {1, 10}, {2, 1})};
  page.sections = {{.title = "section", .figures = {figure_of("second", {1, 10, 100}, {3, 2, 1})}}};
  return page;
}

class PageFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("phaselaw-page-files-{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    ::setenv("PATH", path_.c_str(), 1);
    fs::remove_all(folder_);
  }
  // A program that is found before others of its name; $1 ... are what it is called with.
  void put_in_path(const std::string& name, const std::string& script) {
    const fs::path program = folder_ / "bin" / name;
    fs::create_directories(program.parent_path());
    std::ofstream(program) << "#!/bin/sh\n" << script;
    fs::permissions(program, fs::perms::owner_all);
    ::setenv("PATH", (program.parent_path().string() + ":" + path_).c_str(), 1);
  }
  [[nodiscard]] std::size_t files_in_folder() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  std::string path_ = std::getenv("PATH");
  fs::path folder_;
};

TEST_F(PageFilesTest, APageAloneIsOneFile) {
  write_page(two_figures(), folder_ / "report.html");
  EXPECT_EQ(files_in_folder(), 1U);
  EXPECT_NE(base::read_text(folder_ / "report.html").find("<title>page"), std::string::npos);
}

// Stands in for the browser: what it prints is a word and the page itself.
constexpr const char* kPrinter =
    "for word; do case $word in\n"
    "  --print-to-pdf=*) to=${word#--print-to-pdf=} ;;\n"
    "  file://*) from=${word#file://} ;;\n"
    "esac; done\n"
    "{ echo printed; cat \"$from\"; } >\"$to\"\n";

TEST_F(PageFilesTest, FiguresAreWrittenInTheOrderOfThePage) {
  put_in_path("chromium", kPrinter);
  write_page(two_figures(), folder_ / "report.html", {.figures = true});
  const fs::path figures = folder_ / "report-figures";
  EXPECT_EQ(std::distance(fs::directory_iterator(figures), {}), 6);
  const char* label[] = {"first", "second"};
  for (const int i : {1, 2}) {
    const std::string stem = fmt::format("figure-{}", i);
    const std::string text = base::read_text(figures / (stem + ".svg"));
    const Markup svg = read_markup(text);
    EXPECT_EQ(svg.problem, "");
    EXPECT_NE(svg.text.find(label[i - 1]), std::string::npos) << svg.text;
    EXPECT_NE(text.find("prefers-color-scheme: dark"), std::string::npos);
    EXPECT_EQ(text.find("pointer-events"), std::string::npos);
    EXPECT_NE(base::read_text(figures / (stem + ".csv")).find(fmt::format("\n\"{}\",1,", label[i - 1])),
              std::string::npos);
    // The sheet that is printed holds the SVG file, and has its size.
    const std::string pdf = base::read_text(figures / (stem + ".pdf"));
    EXPECT_TRUE(pdf.starts_with("printed\n<!DOCTYPE html>")) << pdf.substr(0, 80);
    EXPECT_NE(pdf.find("@page { size: 760px 480px; margin: 0; }"), std::string::npos);
    EXPECT_NE(pdf.find(text), std::string::npos);
  }
}

TEST_F(PageFilesTest, WithoutABrowserFiguresAreWrittenAsSvgAndCsv) {
  std::vector<std::string> warnings;
  base::set_log_listener([&](base::LogLevel level, const std::string& message) {
    if (level == base::LogLevel::warning) warnings.push_back(message);
  });
  ::setenv("PATH", (folder_ / "nothing").c_str(), 1);
  write_page(two_figures(), folder_ / "report.html", {.figures = true});
  base::set_log_listener({});
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "report-figures"), {}), 4);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("Debian package chromium"), std::string::npos) << warnings[0];
}

TEST_F(PageFilesTest, PageIsPrintedByTheBrowserAndAppearsWhole) {
  put_in_path("chromium", kPrinter);
  write_page(two_figures(), folder_ / "report.html", {.pdf = true});
  EXPECT_EQ(base::read_text(folder_ / "report.pdf"), "printed\n" + base::read_text(folder_ / "report.html"));
  EXPECT_EQ(files_in_folder(), 3U);  // page, PDF, bin
}

TEST_F(PageFilesTest, BrowserThatFailsLeavesThePageAndNoPdf) {
  const auto error_of_pdf = [&] {
    try {
      write_page(two_figures(), folder_ / "report.html", {.pdf = true});
    } catch (const base::RunError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  put_in_path("chromium", "for word; do case $word in --print-to-pdf=*) echo half >${word#*=} ;; esac; done; exit 9\n");
  EXPECT_NE(error_of_pdf().find("exit status 9"), std::string::npos) << error_of_pdf();
  put_in_path("chromium", "exit 0\n");  // reports success and writes nothing
  EXPECT_NE(error_of_pdf().find("could not print"), std::string::npos) << error_of_pdf();
  EXPECT_TRUE(fs::exists(folder_ / "report.html"));
  EXPECT_EQ(files_in_folder(), 2U);  // page, bin
}

TEST_F(PageFilesTest, WithoutABrowserItsPackageIsNamed) {
  ::setenv("PATH", (folder_ / "nothing").c_str(), 1);
  try {
    write_page(two_figures(), folder_ / "report.html", {.pdf = true});
    FAIL() << "printed by what?";
  } catch (const base::RunError& error) {
    EXPECT_NE(std::string(error.what()).find("Debian package chromium"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(fs::exists(folder_ / "report.html"));
}

}  // namespace
}  // namespace phaselaw::report
