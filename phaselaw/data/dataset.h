// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/data/options.h"
#include "phaselaw/model/options.h"

// Sequences with targets, split into train and test.
namespace phaselaw::data {

// The target of a position without target: it is not scored and has no gradient. The loss of a batch is the mean over
// its scored positions, in nats per token.
inline constexpr std::int32_t kNoTarget = -1;

// n sequences of L tokens, last index fastest. Vector data fill x and y, token data tokens and next_tokens. An input of
// an encoder-decoder has I = source_len + L rows, the source first; otherwise I = L.
struct Dataset {
  std::int64_t n = 0, seq_len = 0, d_in = 0, d_out = 0;
  std::vector<double> x;                  // n x I x d_in
  std::vector<double> y;                  // n x L x d_out, noise included
  std::vector<double> clean;              // n x L x d_out: F*(x); empty if F* is unknown
  std::vector<std::int32_t> tokens;       // n x I
  std::vector<std::int32_t> next_tokens;  // n x L: the token that follows each, or kNoTarget
  // n x L x vocab: p*(v | context), the distribution from which next_tokens was drawn, token noise included. Test set
  // only; empty if p* is unknown. Rows of positions without target are zero.
  std::vector<double> probabilities;

  [[nodiscard]] bool scores_every_position() const;
};

struct Split {
  Dataset train, test;
  bool target_known = false;  // F* is known, so `clean` is filled; for tokens see test.probabilities
  double target_power = 0;    // mean square of F* (of y if F* is unknown) over train, per output coordinate; tokens: 0
  // Mean entropy of p* over the scored test positions, nats per token: the loss of a model equal to the source. NaN if
  // p* is unknown.
  double target_entropy = base::kNaN;
  std::string hash;         // 16 hex digits: FNV-1a over every number of train and test
  std::string description;  // one line for people
};

// Builds the data of one run. The result depends only on the arguments, and on the files that they name.
//
//   teacher        x rows: Gaussian, RMS-normalised to ||x_l|| = sqrt(d). y = F*(x) + noise on train and test, so the
//                  mean of (F - F*)^2 on the test inputs is the excess risk up to test sampling. See data/teacher.h.
//                  With an encoder F* is a random encoder-decoder: a task from sequence to sequence.
//   text           see data/text.h. Regression: x_l = E_in[byte l], y_l = E_out[byte l+1] + noise, where E_in (256 x d)
//                  and E_out (256 x o) are random, RMS-normalised and the same for every seed, because they are part of
//                  the task.
//   arrays         see data/npy.h; inputs (n, I, d_model), targets (n, L, d_out). The first n_data sequences of x, y are
//                  for training; the last n_test (or x_test, y_test) for testing. Noise is added to y. Rows that are not RMS-normalised cause a warning.
//   markov, token_teacher, associations, tokens: see the headers of these names.
//
// Noise: standard deviation xi = noise n_data^noise_exponent, of the kind noise_kind, or token_noise; see data/noise.h.
// Nesting: with the same seed and source (and noise_exponent 0), the n_data sequences of a run are the first of a run
// with more.
// Errors: InputError, one line with expected and found, at `where` or at the file that is wrong.
[[nodiscard]] Split make_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed,
                               const base::Location& where = {});

// Does all checks of make_split and throws the same errors, without making the data: files are opened, their sizes,
// shapes and UTF-8 are checked, and every token is compared with the vocabulary. Cost: linear in the size of the files.
// Values of arrays are read and checked as well, because their error belongs to the file and not to the run.
void check(const DataOptions& options, const model::ModelOptions& student, const base::Location& where = {});

}  // namespace phaselaw::data
