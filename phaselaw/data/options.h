// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "phaselaw/base/fields.h"

// Section [data]: the source of sequences and targets. Shapes (seq_len, d_model, d_out, vocab) are the model's.
//
//   teacher   y = F*(x) + noise with F* a random transformer, so the excess risk is known             [S]
//   text      bytes of a UTF-8 file or directory; next-byte cross-entropy, or the theory's regression
//   arrays    x and y from .npy files
namespace phaselaw::data {

enum class Source { teacher, text, arrays };
enum class Target { automatic, tokens, regression };
enum class NoiseKind { gaussian, heteroscedastic, student_t, mixture };  // data/noise.h

[[nodiscard]] base::EnumNames<Source> enum_names(Source);
[[nodiscard]] base::EnumNames<Target> enum_names(Target);
[[nodiscard]] base::EnumNames<NoiseKind> enum_names(NoiseKind);

struct DataOptions {
  Source source = Source::teacher;
  std::int64_t n_data = 64;
  std::int64_t n_test = 512;
  double noise = 0.0, noise_exponent = 0.0;
  NoiseKind noise_kind = NoiseKind::gaussian;
  double noise_df = 3.0, noise_clean_fraction = 0.5;
  std::int64_t teacher_n_layers = 0, teacher_d_hidden = 0, teacher_n_heads = 0, teacher_d_head = 0;
  base::NumberOrWord<double> teacher_branch_scale{0.0, "auto", {"auto"}};
  base::NumberOrWord<std::int64_t> teacher_seed{0, "auto", {"auto"}};
  std::string path;
  Target target = Target::automatic;
  double test_fraction = 0.1;
  std::string x, y, x_test, y_test;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::above, base::anything, base::at_least, base::half_open, base::strictly_between;
    visit("source", self.source, anything(), "source of the data: teacher, text or arrays");
    visit("n_data", self.n_data, at_least(1),
          "number of training sequences, n; a smaller set is the start of a larger one");
    visit("n_test", self.n_test, at_least(1), "number of test sequences");
    visit(
        "noise", self.noise, at_least(0),
        "xi: standard deviation of the noise added to each target coordinate, train and test; if it grows with n, its value at n = 1");
    visit("noise_exponent", self.noise_exponent, anything(), "s: noise grows with the data, xi = noise n_data^s");
    visit(
        "noise_kind", self.noise_kind, anything(),
        "kind of noise: gaussian, heteroscedastic (teacher only; "
        "the deviation grows with the token's first coordinate), student_t (heavy tails) or mixture (clean and noisy sequences); "
        "all have mean square xi^2");
    visit("noise_df", self.noise_df, above(2), "with student_t: degrees of freedom");
    visit("noise_clean_fraction", self.noise_clean_fraction, half_open(0, 1),
          "with mixture: probability that a sequence has no noise");
    visit("teacher_n_layers", self.teacher_n_layers, at_least(0), "depth of the teacher; 0: that of the model");
    visit("teacher_d_hidden", self.teacher_d_hidden, at_least(0), "MLP width of the teacher; 0: that of the model");
    visit("teacher_n_heads", self.teacher_n_heads, at_least(0), "number of heads of the teacher; 0: that of the model");
    visit("teacher_d_head", self.teacher_d_head, at_least(0), "head size of the teacher; 0: that of the model");
    visit("teacher_branch_scale", self.teacher_branch_scale, at_least(0),
          "omega of the teacher; \"auto\": that of the model");
    visit("teacher_seed", self.teacher_seed, at_least(0), "seed of the teacher's weights; \"auto\": the run's seed");
    visit("path", self.path, anything(), "with text: a UTF-8 file, or a directory that is read recursively");
    visit(
        "target", self.target, anything(),
        "with text: tokens (cross-entropy), regression (embedding of the next byte) or auto (by the model's readout)");
    visit("test_fraction", self.test_fraction, strictly_between(0, 1),
          "with text: share at the end of every file that is used for testing");
    visit(
        "x", self.x, anything(),
        "with arrays: .npy file of inputs, shape (n, seq_len, d_model), with an encoder (n, source_len + seq_len, d_model)");
    visit("y", self.y, anything(), "with arrays: .npy file of targets, shape (n, seq_len, d_out)");
    visit("x_test", self.x_test, anything(),
          "with arrays: .npy file of test inputs; empty: the last n_test sequences of x");
    visit("y_test", self.y_test, anything(), "with arrays: .npy file of test targets; required with x_test");
  }
};

// Checks every domain, and the constraints between fields: text needs a path, arrays need x and y, heteroscedastic
// noise needs the isotropic inputs of the teacher, and xi(n_data) must be finite.
void validate(const DataOptions& options, const base::Location& where = {});

}  // namespace phaselaw::data
