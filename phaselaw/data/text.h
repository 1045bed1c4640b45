// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/errors.h"

// Text as bytes. The last `test_fraction` of EVERY file is test: the last files of a directory may be of another kind
// (an appendix, a changelog) and would make test and train different distributions.
//
// Windows of seq_len + 1 bytes (the inputs and, one later, the targets) lie in slots that do not overlap and never
// cross a file or the border between train and test; a permutation drawn once for all slots orders them, and a run
// takes the first n_data. So a larger n_data contains a smaller one, and no test byte is ever seen in training.
namespace phaselaw::data {

struct TextFile {
  std::string path;
  std::string bytes;
};

// A file, or every regular file below a directory in the order of their paths. In a directory, files that are not UTF-8
// text (a NUL byte, an invalid sequence) are left out and counted, a file reached twice by links is
// read once, and links to directories are not followed. InputError: nothing there, a binary file, a directory without
// text.
struct Texts {
  std::vector<TextFile> files;
  std::size_t skipped = 0;  // not UTF-8 text
};
[[nodiscard]] Texts read_texts(const std::string& path);

// Valid UTF-8 [T: RFC 3629: no overlong forms, no surrogates, at most U+10FFFF] without NUL bytes.
[[nodiscard]] bool is_text(std::string_view bytes);

struct TextWindow {
  std::size_t file = 0;
  std::int64_t start = 0;  // byte offset in the file; the window has seq_len + 1 bytes
};

struct TextWindows {
  std::vector<TextWindow> train, test;
};

// n_data and n_test windows. InputError with the numbers when the text has fewer.
[[nodiscard]] TextWindows draw_windows(const std::vector<TextFile>& files, std::int64_t seq_len, std::int64_t n_data,
                                       std::int64_t n_test, double test_fraction, std::uint64_t seed,
                                       const base::Location& where = {});

}  // namespace phaselaw::data
