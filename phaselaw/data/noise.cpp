// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/noise.h"

#include <cmath>
#include <numbers>

#include "phaselaw/data/dataset.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::data {

namespace {

using numerics::RandomStream;

// Student's t of any nu > 0 from two uniform numbers, scaled to variance 1.
double standard_student_t(RandomStream& stream, double nu) {
  const double square = std::expm1(-2.0 / nu * std::log(stream.uniform()));
  const double angle = 2.0 * std::numbers::pi * stream.uniform();
  return std::sqrt((nu - 2.0) * square) * std::cos(angle);
}

double input_scale(std::span<const double> row) {
  double square = 0;
  for (const double value : row) square += value * value;
  return square > 0 ? std::sqrt(static_cast<double>(row.size()) / square) * row[0] : 0;
}

}  // namespace

double noise_level(const DataOptions& options) {
  if (options.noise_exponent == 0) return options.noise;
  return options.noise * std::pow(static_cast<double>(options.n_data), options.noise_exponent);
}

void add_noise(const DataOptions& options, std::uint64_t seed, const char* purpose, const NoisyRows& rows) {
  const double xi = noise_level(options);
  if (xi == 0) return;
  const auto d_in = static_cast<std::size_t>(rows.d_in), d_out = static_cast<std::size_t>(rows.d_out);
  const std::size_t width = rows.y.size() / static_cast<std::size_t>(rows.n), tokens = width / d_out;
  const std::size_t input_len = rows.x.size() / static_cast<std::size_t>(rows.n) / d_in;
  const double noisy = xi / std::sqrt(1.0 - options.noise_clean_fraction);
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows.n); ++i) {
    RandomStream stream(seed, purpose, i);
    const auto y = rows.y.subspan(i * width, width);
    switch (options.noise_kind) {
      case NoiseKind::gaussian:
        for (double& value : y) value += xi * stream.normal();
        break;
      case NoiseKind::heteroscedastic:
        for (std::size_t l = 0; l < tokens; ++l) {
          const double scale = xi * input_scale(rows.x.subspan(((i + 1) * input_len - tokens + l) * d_in, d_in));
          for (double& value : y.subspan(l * d_out, d_out)) value += scale * stream.normal();
        }
        break;
      case NoiseKind::student_t:
        for (double& value : y) value += xi * standard_student_t(stream, options.noise_df);
        break;
      case NoiseKind::mixture:
        if (stream.uniform() < options.noise_clean_fraction) break;
        for (double& value : y) value += noisy * stream.normal();
        break;
    }
  }
}

void add_token_noise(double level, std::uint64_t seed, const char* purpose, Dataset& set) {
  if (level == 0) return;
  const auto length = static_cast<std::size_t>(set.seq_len), vocab = static_cast<std::size_t>(set.d_out);
  for (std::size_t i = 0; i < static_cast<std::size_t>(set.n); ++i) {
    RandomStream stream(seed, purpose, i);
    for (std::size_t at = i * length; at < (i + 1) * length; ++at) {
      if (set.next_tokens[at] == kNoTarget) continue;
      if (stream.uniform() < level) set.next_tokens[at] = static_cast<std::int32_t>(stream.below(vocab));
      if (set.probabilities.empty()) continue;
      for (double& p : std::span(set.probabilities).subspan(at * vocab, vocab))
        p = (1 - level) * p + level / static_cast<double>(vocab);
    }
  }
}

}  // namespace phaselaw::data
