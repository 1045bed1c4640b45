// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/tokens.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <unordered_map>

#include "phaselaw/data/sources.h"

namespace phaselaw::data {

using numerics::RandomStream;

TokenWindows::TokenWindows(const TokenFile& file, std::int64_t begin, std::int64_t end, std::int64_t window,
                           std::int64_t separator)
    : window_(window) {
  const std::int64_t row = file.row_length();
  std::int64_t start = begin;
  const auto finish = [&](std::int64_t stop) {
    add(start, stop);
    start = stop;
  };
  if (separator >= 0) {
    for (std::int64_t i = begin; i < end; ++i)
      if (file.at(i) == separator || (row > 0 && (i + 1) % row == 0)) finish(i + 1);
  } else if (row > 0) {
    for (std::int64_t stop = (begin / row + 1) * row; stop < end; stop += row) finish(stop);
  }
  finish(end);
}

void TokenWindows::add(std::int64_t start, std::int64_t end) {
  const std::int64_t length = end - start;
  if (length < 2) return;
  documents_.push_back({start, length, size_});
  size_ += length / window_ + (length % window_ >= 2 ? 1 : 0);
}

TokenWindow TokenWindows::at(std::int64_t i) const {
  const auto after = std::upper_bound(documents_.begin(), documents_.end(), i,
                                      [](std::int64_t index, const Document& d) { return index < d.first_window; });
  const Document& document = *(after - 1);
  const std::int64_t offset = (i - document.first_window) * window_;
  return {document.start + offset, std::min(window_, document.length - offset)};
}

std::vector<std::int64_t> random_start(std::int64_t n, std::int64_t count, RandomStream stream) {
  PHASELAW_CHECK_LE(count, n);
  std::unordered_map<std::int64_t, std::int64_t> moved;  // elements that are not at their own place
  const auto element = [&](std::int64_t i) {
    const auto found = moved.find(i);
    return found == moved.end() ? i : found->second;
  };
  std::vector<std::int64_t> order;
  order.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t j = i + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(n - i)));
    order.push_back(element(j));
    moved[j] = element(i);
    moved.erase(i);
  }
  return order;
}

namespace {

struct TokenFiles {
  std::unique_ptr<TokenFile> train, own_test;
  std::unique_ptr<TokenWindows> train_windows, test_windows;
  [[nodiscard]] const TokenFile& test() const { return own_test ? *own_test : *train; }
};

void require_windows(const TokenFile& file, const char* name, std::int64_t wanted, std::int64_t found, const char* part,
                     const char* remedy) {
  if (wanted > found)
    throw base::InputError(
        {file.path()}, fmt::format("{} = {}, but the {} part of {} tokens contains only {} sequences of seq_len + 1 "
                                   "tokens; reduce {}, {}or use a longer file",
                                   name, wanted, part, file.size(), found, name, remedy));
}

// Opens the files and does all checks.
TokenFiles open_files(const DataOptions& options, const model::ModelOptions& student) {
  TokenFiles files;
  files.train = std::make_unique<TokenFile>(options.path, options.token_bytes);
  if (!options.path_test.empty()) files.own_test = std::make_unique<TokenFile>(options.path_test, options.token_bytes);
  files.train->require_below(student.vocab);
  if (files.own_test) files.own_test->require_below(student.vocab);
  const std::int64_t size = files.train->size(), window = student.seq_len + 1;
  const std::int64_t separator = options.document_separator.is_word() ? -1 : options.document_separator.value;
  const std::int64_t border =
      files.own_test ? size : size - std::llround(options.test_fraction * static_cast<double>(size));
  const auto windows = [&](const TokenFile& file, std::int64_t begin, std::int64_t end) {
    return std::make_unique<TokenWindows>(file, begin, end, window, separator);
  };
  files.train_windows = windows(*files.train, 0, border);
  files.test_windows =
      files.own_test ? windows(*files.own_test, 0, files.own_test->size()) : windows(*files.train, border, size);
  require_windows(*files.train, "n_data", options.n_data, files.train_windows->size(), "train", "");
  require_windows(files.test(), "n_test", options.n_test, files.test_windows->size(), "test",
                  files.own_test ? "" : "raise test_fraction, ");
  return files;
}

Dataset read(const TokenFile& file, const TokenWindows& windows, const model::ModelOptions& student, std::int64_t n,
             const RandomStream& stream) {
  Dataset set = token_dataset_of(student, n, false);
  const auto order = random_start(windows.size(), n, stream);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto [start, length] = windows.at(order[static_cast<std::size_t>(i)]);
    const auto at = static_cast<std::size_t>(i * student.seq_len);
    for (std::int64_t l = 0; l < std::min(length, student.seq_len); ++l)
      set.tokens[at + static_cast<std::size_t>(l)] = static_cast<std::int32_t>(file.at(start + l));
    for (std::int64_t l = 0; l + 1 < length; ++l)
      set.next_tokens[at + static_cast<std::size_t>(l)] = static_cast<std::int32_t>(file.at(start + l + 1));
  }
  return set;
}

}  // namespace

void check_token_files(const DataOptions& options, const model::ModelOptions& student) {
  static_cast<void>(open_files(options, student));
}

Split token_file_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed) {
  const TokenFiles files = open_files(options, student);
  Split split;
  split.train = read(*files.train, *files.train_windows, student, options.n_data, RandomStream(seed, "tokens/train"));
  split.test = read(files.test(), *files.test_windows, student, options.n_test, RandomStream(seed, "tokens/test"));
  split.description =
      fmt::format("tokens: {} of {}{}, next token (nats per token)", files.train->size(), options.path,
                  files.own_test ? fmt::format(", tested on {} of {}", files.own_test->size(), options.path_test) : "");
  return split;
}

}  // namespace phaselaw::data
