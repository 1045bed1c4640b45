// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "phaselaw/base/log.h"
#include "phaselaw/data/noise.h"
#include "phaselaw/data/npy.h"
#include "phaselaw/data/teacher.h"
#include "phaselaw/data/text.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::data {

namespace {

using numerics::RandomStream;

constexpr std::int64_t kBytes = 256;

Dataset vector_dataset(const model::ModelOptions& student, std::int64_t n) {
  Dataset set;
  set.n = n;
  set.seq_len = student.seq_len;
  set.d_in = student.d_model;
  set.d_out = student.outputs();
  return set;
}

// d numbers from the stream, scaled to norm sqrt(d).
void draw_normalised(RandomStream& stream, std::span<double> row) {
  double square = 0;
  for (double& value : row) {
    value = stream.normal();
    square += value * value;
  }
  const double scale = std::sqrt(static_cast<double>(row.size()) / square);
  for (double& value : row) value *= scale;
}

Dataset teacher_dataset(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed,
                        std::int64_t n, const char* purpose) {
  Dataset set = vector_dataset(student, n);
  const auto d = static_cast<std::size_t>(set.d_in), rows = static_cast<std::size_t>(student.input_len());
  set.x.resize(static_cast<std::size_t>(n) * rows * d);
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
    RandomStream stream(seed, purpose, i);
    for (std::size_t l = 0; l < rows; ++l) draw_normalised(stream, std::span(set.x).subspan((i * rows + l) * d, d));
  }
  set.clean = teacher_outputs(options, student, seed, set.x);
  set.y = set.clean;
  return set;
}

Split teacher_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed,
                    const base::Location& where) {
  if (student.reads_tokens())
    throw base::InputError(
        where,
        "the teacher makes vector targets, but readout = \"tokens\" predicts tokens; set readout to identity or linear, or source to text");
  Split split;
  split.train = teacher_dataset(options, student, seed, options.n_data, "teacher/train");
  split.test = teacher_dataset(options, student, seed, options.n_test, "teacher/test");
  split.target_known = true;
  const auto teacher = teacher_options(options, student);
  split.description =
      fmt::format("teacher: n_layers {}, d_hidden {}, n_heads {}, d_head {}; noise {}", teacher.n_layers,
                  teacher.d_hidden, teacher.n_heads, teacher.d_head, noise_level(options));
  if (options.noise_kind != NoiseKind::gaussian)
    split.description += fmt::format(", {}", base::enum_to_text(options.noise_kind));
  return split;
}

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
  Dataset set = vector_dataset(student, static_cast<std::int64_t>(windows.size()));
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

Split text_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed,
                 const base::Location& where) {
  const bool tokens = student.reads_tokens();
  if (options.target == Target::tokens && !tokens)
    throw base::InputError(where, fmt::format("target = \"tokens\" needs readout = \"tokens\"; found readout \"{}\"",
                                              base::enum_to_text(student.readout)));
  if (options.target == Target::regression && tokens)
    throw base::InputError(where,
                           "target = \"regression\" needs readout = \"identity\" or \"linear\"; found \"tokens\"");
  if (tokens && student.vocab < kBytes)
    throw base::InputError(where, fmt::format("the tokens of a text are bytes: vocab must be at least {}; found {}",
                                              kBytes, student.vocab));
  if (tokens && options.noise > 0)
    throw base::InputError(where,
                           fmt::format("noise is added to vectors; tokens need noise = 0, found {}", options.noise));
  const auto [files, skipped] = read_texts(options.path);
  const auto windows =
      draw_windows(files, student.seq_len, options.n_data, options.n_test, options.test_fraction, seed, {options.path});
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

struct ArrayPair {
  NpyArray x, y;
  std::int64_t n = 0;
};

ArrayPair read_pair(const std::string& x_path, const std::string& y_path, const model::ModelOptions& student) {
  ArrayPair pair{read_npy(x_path, 3), read_npy(y_path, 3)};
  pair.n = pair.x.shape[0];
  const auto require = [&](const std::string& path, const NpyArray& array, std::int64_t rows, std::int64_t width,
                           const char* names) {
    const std::vector<std::int64_t> expected{pair.n, rows, width};
    if (array.shape != expected)
      throw base::InputError(
          {path}, fmt::format("expected shape ({}) = (n, {}), found ({}); change the model's sizes or the file",
                              fmt::join(expected, ", "), names, fmt::join(array.shape, ", ")));
  };
  require(x_path, pair.x, student.input_len(), student.d_model,
          student.has_encoder() ? "source_len + seq_len, d_model" : "seq_len, d_model");
  require(y_path, pair.y, student.seq_len, student.outputs(), "seq_len, d_out");
  return pair;
}

Dataset slice(const ArrayPair& pair, std::int64_t from, std::int64_t n, const model::ModelOptions& student) {
  Dataset set = vector_dataset(student, n);
  const std::int64_t in = student.input_len() * set.d_in, out = set.seq_len * set.d_out;
  set.x.assign(pair.x.values.begin() + from * in, pair.x.values.begin() + (from + n) * in);
  set.y.assign(pair.y.values.begin() + from * out, pair.y.values.begin() + (from + n) * out);
  return set;
}

// Rows with a norm that differs from sqrt(d) by more than the rounding of a float32 file.
std::int64_t rows_not_normalised(const Dataset& set) {
  const auto d = static_cast<std::size_t>(set.d_in);
  std::int64_t count = 0;
  for (std::size_t row = 0; row < set.x.size(); row += d) {
    double square = 0;
    for (std::size_t k = 0; k < d; ++k) square += set.x[row + k] * set.x[row + k];
    if (std::abs(square / static_cast<double>(d) - 1) > 1e-5) ++count;
  }
  return count;
}

Split array_split(const DataOptions& options, const model::ModelOptions& student, const base::Location& where) {
  if (student.reads_tokens())
    throw base::InputError(
        where,
        "arrays hold vectors, but readout = \"tokens\" reads tokens; set readout to identity or linear, or source to text");
  const ArrayPair pair = read_pair(options.x, options.y, student);
  const bool own_test = !options.x_test.empty();
  const ArrayPair test_pair = own_test ? read_pair(options.x_test, options.y_test, student) : ArrayPair{};
  const std::int64_t n_test = options.n_test, used = options.n_data + (own_test ? 0 : n_test);
  if (used > pair.n)
    throw base::InputError({options.x},
                           fmt::format("n_data = {}{} needs {} sequences, found {}; reduce them", options.n_data,
                                       own_test ? "" : fmt::format(" and n_test = {}", n_test), used, pair.n));
  if (own_test && n_test > test_pair.n)
    throw base::InputError({options.x_test},
                           fmt::format("n_test = {}, found {} sequences; reduce it", n_test, test_pair.n));
  Split split;
  split.train = slice(pair, 0, options.n_data, student);
  split.test = own_test ? slice(test_pair, 0, n_test, student) : slice(pair, pair.n - n_test, n_test, student);
  if (const auto rows = rows_not_normalised(split.train) + rows_not_normalised(split.test); rows > 0)
    base::log_warning(fmt::format(
        "{}: {} of {} rows have ||x|| != sqrt({}), but the theory assumes RMS-normalised rows; divide each row by its RMS",
        options.x, rows, (split.train.n + split.test.n) * student.input_len(), student.d_model));
  split.description = fmt::format("arrays: {} sequences of {}", pair.n, options.x);
  return split;
}

double mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

std::string hash_of(const Split& split) {
  std::uint64_t hash = numerics::hash_text("");
  const auto add = [&](const auto& values) {
    const auto* bytes = reinterpret_cast<const char*>(values.data());
    hash = numerics::hash_text({bytes, values.size() * sizeof(values[0])}, hash);
  };
  for (const Dataset* set : {&split.train, &split.test}) {
    add(std::vector<std::int64_t>{set->n, set->seq_len, set->d_in, set->d_out});
    add(set->x);
    add(set->y);
    add(set->tokens);
    add(set->next_tokens);
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace

Split make_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed,
                 const base::Location& where) {
  validate(options, where);
  model::validate(student, where);
  if (student.has_encoder() && options.source != Source::teacher && options.source != Source::arrays)
    throw base::InputError(
        where, fmt::format("an encoder needs pairs of sequences, which source teacher makes and arrays can hold; found "
                           "source \"{}\" and n_encoder_layers = {}; set n_encoder_layers to 0 or change the source",
                           base::enum_to_text(options.source), student.n_encoder_layers));
  Split split;
  switch (options.source) {
    case Source::teacher:
      split = teacher_split(options, student, seed, where);
      break;
    case Source::text:
      split = text_split(options, student, seed, where);
      break;
    case Source::arrays:
      split = array_split(options, student, where);
      break;
  }
  split.target_power = mean_square(split.target_known ? split.train.clean : split.train.y);
  for (auto [set, purpose] : {std::pair{&split.train, "noise/train"}, {&split.test, "noise/test"}})
    if (!set->y.empty()) add_noise(options, seed, purpose, {set->y, set->x, set->n, set->d_in, set->d_out});
  split.hash = hash_of(split);
  return split;
}

}  // namespace phaselaw::data
