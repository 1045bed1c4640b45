// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "phaselaw/data/sources.h"
#include "phaselaw/data/text.h"

namespace phaselaw::data {

namespace {

using numerics::RandomStream;

// Random RMS-normalised rows, one per byte. They do not depend on the seed, because they are part of the task.
std::vector<double> embedding(std::int64_t width, const char* purpose) {
  std::vector<double> table(static_cast<std::size_t>(kBytes * width));
  for (std::size_t b = 0; b < static_cast<std::size_t>(kBytes); ++b) {
    RandomStream stream(0, purpose, b);
    draw_normalised(stream,
                    std::span(table).subspan(b * static_cast<std::size_t>(width), static_cast<std::size_t>(width)));
  }
  return table;
}

Dataset token_dataset(const std::vector<TextFile>& files, const std::vector<TextWindow>& windows,
                      const model::ModelOptions& student) {
  Dataset set = dataset_of(student, static_cast<std::int64_t>(windows.size()));
  for (const auto& window : windows) {
    const auto byte = [&](std::int64_t offset) -> std::int32_t {
      return static_cast<unsigned char>(files[window.file].bytes[static_cast<std::size_t>(window.start + offset)]);
    };
    for (std::int64_t l = 0; l < set.seq_len; ++l) {
      set.tokens.push_back(byte(l));
      set.next_tokens.push_back(byte(l + 1));
    }
  }
  return set;
}

std::vector<double> look_up(const std::vector<double>& table, std::int64_t width,
                            const std::vector<std::int32_t>& tokens) {
  std::vector<double> rows;
  rows.reserve(tokens.size() * static_cast<std::size_t>(width));
  for (const auto token : tokens) {
    const auto row = table.begin() + token * width;
    rows.insert(rows.end(), row, row + width);
  }
  return rows;
}

TextWindows windows_of(const Texts& texts, const DataOptions& options, const model::ModelOptions& student,
                       std::uint64_t seed) {
  return draw_windows(texts.files, student.seq_len, options.n_data, options.n_test, options.test_fraction, seed,
                      {options.path});
}

}  // namespace

void check_text(const DataOptions& options, const model::ModelOptions& student) {
  static_cast<void>(windows_of(read_texts(options.path), options, student, 0));
}

Split text_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed) {
  const bool tokens = student.reads_tokens();
  const Texts texts = read_texts(options.path);
  const auto& [files, skipped] = texts;
  const auto windows = windows_of(texts, options, student, seed);
  Split split;
  split.train = token_dataset(files, windows.train, student);
  split.test = token_dataset(files, windows.test, student);
  std::size_t bytes = 0;
  for (const auto& file : files) bytes += file.bytes.size();
  split.description =
      fmt::format("text: {} bytes in {} file{}, {}{}", bytes, files.size(), files.size() == 1 ? "" : "s",
                  tokens ? "next byte (nats per token)" : "embedding of the next byte (squared)",
                  skipped > 0 ? fmt::format("; {} other files contain no UTF-8 text", skipped) : "");
  if (!tokens) {
    const auto in = embedding(student.d_model, "text/embed_in"), out = embedding(student.outputs(), "text/embed_out");
    for (Dataset* set : {&split.train, &split.test}) {
      set->x = look_up(in, set->d_in, set->tokens);
      set->y = look_up(out, set->d_out, set->next_tokens);
      set->tokens.clear();
      set->next_tokens.clear();
    }
  }
  return split;
}

}  // namespace phaselaw::data
