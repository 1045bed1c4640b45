// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/data/options.h"
#include "phaselaw/model/options.h"

// Sequences with targets, split into train and test.
namespace phaselaw::data {

// n sequences of L tokens, last index fastest. Vector data fill x and y, token data tokens and next_tokens. An input of
// an encoder-decoder has I = source_len + L rows, the source first; otherwise I = L.
struct Dataset {
  std::int64_t n = 0, seq_len = 0, d_in = 0, d_out = 0;
  std::vector<double> x;                  // n x I x d_in
  std::vector<double> y;                  // n x L x d_out, noise included
  std::vector<double> clean;              // n x L x d_out: F*(x); empty if F* is unknown
  std::vector<std::int32_t> tokens;       // n x I
  std::vector<std::int32_t> next_tokens;  // n x L: the token that follows each
};

struct Split {
  Dataset train, test;
  bool target_known = false;  // F* is known, so `clean` is filled
  double target_power = 0;    // mean square of F* (of y if F* is unknown) over train, per output coordinate; tokens: 0
  std::string hash;           // 16 hex digits: FNV-1a over every number of train and test
  std::string description;    // one line for people
};

// Builds the data of one run. The result depends only on the arguments, and on the files that they name.
//
//   teacher  x rows: Gaussian, RMS-normalised to ||x_l|| = sqrt(d). y = F*(x) + noise on train and test, so the mean of
//            (F - F*)^2 on the test inputs is the excess risk up to test sampling. See data/teacher.h. With an encoder
//            F* is a random encoder-decoder: a task from sequence to sequence.
//   text     see data/text.h. Regression: x_l = E_in[byte l], y_l = E_out[byte l+1] + noise, where E_in (256 x d) and
//            E_out (256 x o) are random, RMS-normalised and the same for every seed, because they are part of the task.
//   arrays   see data/npy.h; inputs (n, I, d_model), targets (n, L, d_out). The first n_data sequences of x, y are for training; the last n_test (or x_test, y_test)
//            for testing. Noise is added to y. Rows that are not RMS-normalised cause a warning.
//
// Noise: standard deviation xi = noise n_data^noise_exponent, of the kind noise_kind; see data/noise.h.
// Nesting: with the same seed and source (and noise_exponent 0), the n_data sequences of a run are the first of a run
// with more.
// Errors: InputError, one line with expected and found, at `where` or at the file that is wrong.
[[nodiscard]] Split make_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed,
                               const base::Location& where = {});

}  // namespace phaselaw::data
