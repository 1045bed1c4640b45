// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "accuracy/rows.h"

// accuracy                 prints docs/accuracy.md, measured now
// accuracy --check FILE    measures too; 1 where an error passes what is promised, or where the file promises other
// rows
namespace phaselaw::accuracy {

namespace {

constexpr const char* kBefore =
    "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
    "<!-- Written by build/release/bin/accuracy (tests/accuracy). -->\n"
    "# Accuracy\n\n"
    "For each fast path, this page lists the promised accuracy and the largest error that was found when the page was written.\n"
    "A test measures all rows again on the machine that runs it and fails if a promise is broken. The errors found differ\n"
    "slightly between processors. The header of each function says where its promise comes from and what it means. Random\n"
    "models have 1 to 3 layers and sizes of 1 to 65, including primes, with every readout, mask, activation and\n"
    "parametrisation; eps is 2.2e-16.\n\n";

std::string promise(const Row& row) {
  return fmt::format("| {} | {} | {} | {} | {:.2g} |", row.quantity, row.against, row.over, row.error, row.promised);
}

std::string heading(const char* title) {
  return fmt::format("## {}\n| what | checked against | over | error | promised | found |\n|---|---|---|---|---|---|\n",
                     title);
}

bool broken(const Row& row) { return !(row.found <= row.promised); }

}  // namespace

int run(int argc, char** argv) {
  const bool check = argc == 3 && std::strcmp(argv[1], "--check") == 0;
  if (argc != 1 && !check) {
    fmt::print(stderr, "usage: accuracy [--check docs/accuracy.md]\n");
    return 2;
  }
  std::string page = kBefore, promises;
  int faults = 0;
  const std::pair<const char*, std::vector<Row> (*)()> sections[] = {{"Model", model_rows},
                                                                     {"Tangent kernel", kernel_rows},
                                                                     {"Gradient flow and risk", dynamics_rows},
                                                                     {"Functions and laws", scalar_rows}};
  std::string text;
  if (check) {
    std::ifstream file(argv[2]);
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  for (const auto& [title, rows_of] : sections) {
    page += (page.ends_with("\n\n") ? "" : "\n") + heading(title);
    for (const Row& row : rows_of()) {
      page += fmt::format("{} {:.2g} |\n", promise(row), row.found);
      if (broken(row)) {
        fmt::print(stderr, "{}: error {:.3g} ({}), promised {:.3g}\n", row.quantity, row.found, row.error,
                   row.promised);
        ++faults;
      }
      if (check && text.find(promise(row)) == std::string::npos) {
        fmt::print(stderr, "{} has no row '{}': write it again\n", argv[2], promise(row));
        ++faults;
      }
    }
  }
  if (!check) fmt::print("{}", page);
  return faults == 0 ? 0 : 1;
}

}  // namespace phaselaw::accuracy

int main(int argc, char** argv) { return phaselaw::accuracy::run(argc, argv); }
