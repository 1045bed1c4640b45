// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/text.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <utility>

#include <sys/stat.h>

#include "phaselaw/base/files.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::data {

namespace fs = std::filesystem;

bool is_text(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  for (std::size_t i = 0; i < bytes.size();) {
    const unsigned lead = byte(i);
    if (lead == 0) return false;
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                               : lead >= 0xE0 && lead < 0xF0 ? 3
                               : lead >= 0xF0 && lead < 0xF5 ? 4
                                                             : 0;
    if (length == 0 || bytes.size() - i < length) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((byte(i + k) & 0xC0U) != 0x80) return false;
    const unsigned second = byte(i + 1);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool surrogate = lead == 0xED && second >= 0xA0;
    const bool beyond = lead == 0xF4 && second >= 0x90;
    if (overlong || surrogate || beyond) return false;
    i += length;
  }
  return true;
}

namespace {

std::vector<std::string> files_below(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code gone;  // a broken link is no file
    if (entry->is_regular_file(gone)) paths.push_back(entry->path().string());
  }
  if (error)
    throw base::InputError({directory}, fmt::format("cannot be listed ({}); check its permissions", error.message()));
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

Texts read_texts(const std::string& path) {
  if (!fs::is_directory(path)) {
    TextFile file{path, base::read_text(path)};
    if (!is_text(file.bytes))
      throw base::InputError({path},
                             "expected UTF-8 text, found a binary file; name a text file or a directory of them");
    return {{std::move(file)}, 0};
  }
  const std::vector<std::string> paths = files_below(path);
  if (paths.empty())
    throw base::InputError({path}, "expected text files, found an empty directory; name one that contains text");
  Texts texts;
  std::set<std::pair<dev_t, ino_t>> seen;
  std::size_t bytes = 0;
  for (const auto& name : paths) {
    struct stat identity {};
    if (::stat(name.c_str(), &identity) == 0 && !seen.emplace(identity.st_dev, identity.st_ino).second) continue;
    TextFile file{name, base::read_text(name)};
    if (!is_text(file.bytes)) {
      ++texts.skipped;
      continue;
    }
    bytes += file.bytes.size();
    texts.files.push_back(std::move(file));
  }
  if (bytes == 0)
    throw base::InputError(
        {path},
        fmt::format("expected text files, found {} files without UTF-8 text; name a directory that contains text",
                    paths.size()));
  return texts;
}

namespace {

std::vector<TextWindow> slots_of(const std::vector<TextFile>& files, std::int64_t window, double test_fraction,
                                 bool test) {
  std::vector<TextWindow> slots;
  for (std::size_t f = 0; f < files.size(); ++f) {
    const auto size = static_cast<std::int64_t>(files[f].bytes.size());
    const auto border = size - std::llround(test_fraction * static_cast<double>(size));
    const std::int64_t end = test ? size : border;
    for (std::int64_t start = test ? border : 0; start + window <= end; start += window) slots.push_back({f, start});
  }
  return slots;
}

std::vector<TextWindow> draw(const std::vector<TextWindow>& slots, std::int64_t count, numerics::RandomStream stream) {
  const auto order = stream.permutation(static_cast<std::int64_t>(slots.size()));
  std::vector<TextWindow> drawn;
  drawn.reserve(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    drawn.push_back(slots[static_cast<std::size_t>(order[i])]);
  return drawn;
}

}  // namespace

TextWindows draw_windows(const std::vector<TextFile>& files, std::int64_t seq_len, std::int64_t n_data,
                         std::int64_t n_test, double test_fraction, std::uint64_t seed, const base::Location& where) {
  std::int64_t bytes = 0;
  for (const auto& file : files) bytes += static_cast<std::int64_t>(file.bytes.size());
  const std::int64_t window = seq_len + 1;
  if (bytes < window)
    throw base::InputError(
        where,
        fmt::format(
            "the text has {} bytes, but one sequence needs seq_len + 1 = {}; use a longer text or reduce seq_len",
            bytes, window));
  const auto train = slots_of(files, window, test_fraction, false);
  const auto test = slots_of(files, window, test_fraction, true);
  const auto require = [&](const char* name, std::int64_t wanted, std::size_t held, const char* part,
                           const char* remedy) {
    if (wanted > static_cast<std::int64_t>(held))
      throw base::InputError(
          where,
          fmt::format(
              "{} = {}, but the {} part of the text ({} bytes, test_fraction {}) contains only {} windows of {} bytes; "
              "reduce {}, {}or use a longer text",
              name, wanted, part, bytes, test_fraction, held, window, name, remedy));
  };
  require("n_data", n_data, train.size(), "train", "");
  require("n_test", n_test, test.size(), "test", "raise test_fraction, ");
  return {draw(train, n_data, numerics::RandomStream(seed, "text/train")),
          draw(test, n_test, numerics::RandomStream(seed, "text/test"))};
}

}  // namespace phaselaw::data
