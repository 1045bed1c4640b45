// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/base/log.h"
#include "phaselaw/data/npy.h"
#include "phaselaw/data/sources.h"

namespace phaselaw::data {

namespace {

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
  Dataset set = dataset_of(student, n);
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

// The files, after all checks.
struct ArrayFiles {
  ArrayPair train, test;
  bool own_test = false;
};

ArrayFiles open_arrays(const DataOptions& options, const model::ModelOptions& student) {
  ArrayFiles files{read_pair(options.x, options.y, student), {}, !options.x_test.empty()};
  if (files.own_test) files.test = read_pair(options.x_test, options.y_test, student);
  const std::int64_t n_test = options.n_test, used = options.n_data + (files.own_test ? 0 : n_test);
  if (used > files.train.n)
    throw base::InputError(
        {options.x}, fmt::format("n_data = {}{} needs {} sequences, found {}; reduce them", options.n_data,
                                 files.own_test ? "" : fmt::format(" and n_test = {}", n_test), used, files.train.n));
  if (files.own_test && n_test > files.test.n)
    throw base::InputError({options.x_test},
                           fmt::format("n_test = {}, found {} sequences; reduce it", n_test, files.test.n));
  return files;
}

}  // namespace

void check_arrays(const DataOptions& options, const model::ModelOptions& student) {
  static_cast<void>(open_arrays(options, student));
}

Split array_split(const DataOptions& options, const model::ModelOptions& student) {
  const ArrayFiles files = open_arrays(options, student);
  const std::int64_t n_test = options.n_test;
  Split split;
  split.train = slice(files.train, 0, options.n_data, student);
  split.test = files.own_test ? slice(files.test, 0, n_test, student)
                              : slice(files.train, files.train.n - n_test, n_test, student);
  if (const auto rows = rows_not_normalised(split.train) + rows_not_normalised(split.test); rows > 0)
    base::log_warning(fmt::format(
        "{}: {} of {} rows have ||x|| != sqrt({}), but the theory assumes RMS-normalised rows; divide each row by its RMS",
        options.x, rows, (split.train.n + split.test.n) * student.input_len(), student.d_model));
  split.description = fmt::format("arrays: {} sequences of {}", files.train.n, options.x);
  return split;
}

}  // namespace phaselaw::data
