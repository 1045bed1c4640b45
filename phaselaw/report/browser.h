// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

// Chromium as a printer: it alone reads the style sheet of a page as a screen shows it.
namespace phaselaw::report {

// Prints an HTML file as a PDF document of its own page size; `pdf` appears whole or not at all. False when no Chromium is
// in PATH. RunError, beginning with `flag`, when it fails.
[[nodiscard]] bool print_to_pdf(const std::filesystem::path& html, const std::filesystem::path& pdf,
                                const std::string& flag);

}  // namespace phaselaw::report
