// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/files.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "phaselaw/base/csv.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/report/process.h"

namespace phaselaw::report {

namespace {

std::vector<const Figure*> figures_of(const Page& page) {
  std::vector<const Figure*> figures;
  for (const Figure& figure : page.figures) figures.push_back(&figure);
  for (const Section& section : page.sections)
    for (const Figure& figure : section.figures) figures.push_back(&figure);
  return figures;
}

std::string csv_name(const Axis& axis) {
  return base::csv_quoted(axis.unit.empty() ? axis.label : fmt::format("{} ({})", axis.label, axis.unit));
}

// Runs a program without a shell, its output to /dev/null. Its exit status; -1: not in PATH.
int run_quietly(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int stream : {0, 1, 2}) posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
  pid_t id = -1;
  const int problem = ::posix_spawnp(&id, arguments.front(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem == ENOENT) return -1;
  if (problem != 0)
    throw base::RunError(fmt::format("{} cannot be started ({})", words.front(), std::strerror(problem)));
  const int status = Process(id).wait();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// A browser prints the page: nothing else reads the page's own style sheet as it is shown.
void print_page(const std::filesystem::path& html, const std::filesystem::path& pdf) {
  std::filesystem::path part = pdf;
  part += ".part";
  for (const char* program : {"chromium", "chromium-browser", "google-chrome"}) {
    std::vector<std::string> words = {program, "--headless", "--disable-gpu", "--no-pdf-header-footer",
                                      "--print-to-pdf=" + std::filesystem::absolute(part).string()};
    if (::geteuid() == 0) words.emplace_back("--no-sandbox");  // its sandbox refuses to run for root
    words.push_back("file://" + std::filesystem::absolute(html).string());
    const int status = run_quietly(words);
    if (status < 0) continue;
    base::throw_if_interrupted();
    std::error_code none;
    if (status != 0 || !std::filesystem::exists(part)) {
      std::filesystem::remove(part, none);
      throw base::RunError(
          fmt::format("--pdf: {} could not print {} (exit status {})", program, html.string(), status));
    }
    std::filesystem::rename(part, pdf);
    return;
  }
  throw base::RunError(
      "--pdf: the page is printed by Chromium, which is not in PATH: install the Debian package chromium, or print the "
      "page from any browser");
}

}  // namespace

std::string figure_csv(const Figure& figure) {
  std::string out =
      fmt::format("series,{},{},band_lo,band_hi,error_lo,error_hi\n", csv_name(figure.x), csv_name(figure.y));
  const auto at = [](const std::vector<double>& values, std::size_t i) {
    return values.empty() ? std::string() : base::csv_number(values[i]);
  };
  for (const Series& s : figure.series)
    for (std::size_t i = 0; i < s.x.size(); ++i)
      out += fmt::format("{},{},{},{},{},{},{}\n", base::csv_quoted(s.label), base::csv_number(s.x[i]),
                         base::csv_number(s.y[i]), at(s.band_lo, i), at(s.band_hi, i), at(s.error_lo, i),
                         at(s.error_hi, i));
  return out;
}

void write_page(const Page& page, const std::filesystem::path& html, const PageFiles& files) {
  base::write_file(html, build_page(page));
  if (files.figures) {
    const auto folder = html.parent_path() / (html.stem().string() + "-figures");
    base::require_writable_directory(folder, "--figures");
    int number = 0;
    for (const Figure* figure : figures_of(page)) {
      const std::string name = fmt::format("figure-{}", ++number);
      base::write_file(folder / (name + ".svg"), render_svg(*figure, name));
      base::write_file(folder / (name + ".pdf"), render_pdf(*figure));
      base::write_file(folder / (name + ".csv"), figure_csv(*figure));
    }
  }
  if (files.pdf) print_page(html, std::filesystem::path(html).replace_extension(".pdf"));
}

}  // namespace phaselaw::report
