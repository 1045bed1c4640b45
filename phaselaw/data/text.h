// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/errors.h"

// Text as bytes. The last `test_fraction` of EVERY file is for testing, because the last files of a directory may
// differ from the others (an appendix, a changelog), which would make train and test different distributions.
//
// Windows of seq_len + 1 bytes (the inputs and, shifted by one, the targets) lie in slots that do not overlap and never
// cross a file or the border between train and test. One permutation orders all slots, and a run uses the first n_data.
// A larger n_data therefore contains a smaller one, and no test byte occurs in training.
namespace phaselaw::data {

inline constexpr std::int64_t kBytes = 256;  // the vocabulary of a text

struct TextFile {
  std::string path;
  std::string bytes;
};

// A file, or every regular file below a directory in the order of their paths. In a directory, files without UTF-8 text
// (with a NUL byte or an invalid sequence) are skipped and counted, a file reached twice by links is read once, and
// links to directories are not followed. InputError if nothing exists there, for a binary file, and for a directory
// without text.
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

// n_data and n_test windows. InputError with the numbers if the text has fewer.
[[nodiscard]] TextWindows draw_windows(const std::vector<TextFile>& files, std::int64_t seq_len, std::int64_t n_data,
                                       std::int64_t n_test, double test_fraction, std::uint64_t seed,
                                       const base::Location& where = {});

}  // namespace phaselaw::data
