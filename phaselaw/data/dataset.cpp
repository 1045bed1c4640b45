// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "phaselaw/data/noise.h"
#include "phaselaw/data/sources.h"
#include "phaselaw/data/teacher.h"

namespace phaselaw::data {

namespace {

using numerics::RandomStream;

Dataset teacher_dataset(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed,
                        std::int64_t n, const char* purpose) {
  Dataset set = dataset_of(student, n);
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
    add(set->probabilities);
  }
  return fmt::format("{:016x}", hash);
}

// Mean entropy of the rows of p* that are scored.
double mean_entropy(const Dataset& set) {
  if (set.probabilities.empty()) return base::kNaN;
  double sum = 0;
  for (const double p : set.probabilities)
    if (p > 0) sum -= p * std::log(p);
  const auto unscored = std::count(set.next_tokens.begin(), set.next_tokens.end(), kNoTarget);
  return sum / static_cast<double>(static_cast<std::ptrdiff_t>(set.next_tokens.size()) - unscored);
}

Split split_of(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed) {
  switch (options.source) {
    case Source::teacher:
      return teacher_split(options, student, seed);
    case Source::text:
      return text_split(options, student, seed);
    case Source::arrays:
      return array_split(options, student);
    case Source::markov:
      return markov_split(options, student, seed);
    case Source::token_teacher:
      return token_teacher_split(options, student, seed);
    case Source::associations:
      return associations_split(options, student, seed);
    case Source::tokens:
      return token_file_split(options, student, seed);
  }
  PHASELAW_CHECK(false);
  return {};
}

}  // namespace

bool Dataset::scores_every_position() const {
  return std::find(next_tokens.begin(), next_tokens.end(), kNoTarget) == next_tokens.end();
}

Split teacher_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed) {
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

void check(const DataOptions& options, const model::ModelOptions& student, const base::Location& where) {
  model::validate(student, where);
  validate(options, student, where);
  if (options.source == Source::text) check_text(options, student);
  if (options.source == Source::arrays) check_arrays(options, student);
  if (options.source == Source::tokens) check_token_files(options, student);
}

Split make_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed,
                 const base::Location& where) {
  model::validate(student, where);
  validate(options, student, where);
  Split split = split_of(options, student, seed);
  split.target_power = mean_square(split.target_known ? split.train.clean : split.train.y);
  for (auto [set, purpose, token_purpose] : {std::tuple{&split.train, "noise/train", "token_noise/train"},
                                             {&split.test, "noise/test", "token_noise/test"}}) {
    if (!set->y.empty()) add_noise(options, seed, purpose, {set->y, set->x, set->n, set->d_in, set->d_out});
    if (student.reads_tokens()) add_token_noise(options.token_noise, seed, token_purpose, *set);
  }
  if (options.token_noise > 0) split.description += fmt::format("; token noise {}", options.token_noise);
  split.target_entropy = mean_entropy(split.test);
  split.hash = hash_of(split);
  return split;
}

}  // namespace phaselaw::data
