// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "phaselaw/base/fields.h"
#include "phaselaw/model/options.h"

// Section [data]: the source of sequences and targets. Shapes (seq_len, d_model, d_out, vocab) are the model's. What
// each source makes, and which quantity of it is known exactly, is in docs/data.md.
//
// Vectors:
//   teacher        y = F*(x) + noise with F* a random transformer, so the excess risk is known             [S]
//   arrays         x and y from .npy files
// Tokens, with p*(v | context) known, so that the excess risk KL(p* || p_theta) is known:
//   markov         a chain of order k with random rows (data/markov.h)
//   token_teacher  a random transformer, sampled token by token (data/token_teacher.h)
//   associations   contexts of Zipf-like frequency, each with its own distribution (data/associations.h)
// Tokens, loss only:
//   text           bytes of a UTF-8 file or directory; next-byte cross-entropy, or the theory's regression
//   tokens         arrays of integers from .npy or .bin files (data/tokens.h)
namespace phaselaw::data {

enum class Source { teacher, text, arrays, markov, token_teacher, associations, tokens };
enum class Target { automatic, tokens, regression };
enum class NoiseKind { gaussian, heteroscedastic, student_t, mixture };  // data/noise.h

[[nodiscard]] base::EnumNames<Source> enum_names(Source);
[[nodiscard]] base::EnumNames<Target> enum_names(Target);
[[nodiscard]] base::EnumNames<NoiseKind> enum_names(NoiseKind);

// Largest number of sequences; the memory of the data is limited too (kMostDataBytes below).
inline constexpr double kMostSequences = 1e12;

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
  double token_noise = 0.0;
  bool one_pass = false;
  double teacher_temperature = 1.0;
  std::int64_t markov_order = 2;
  double markov_concentration = 8.0, markov_zipf = 1.0;
  std::int64_t associations_contexts = 32768;
  double associations_exponent = 1.5, associations_logit_std = 1.5;
  std::string path_test;
  std::int64_t token_bytes = 2;
  base::NumberOrWord<std::int64_t> document_separator{0, "none", {"none"}};

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::above, base::anything, base::at_least, base::half_open, base::strictly_between;
    visit("source", self.source, anything(),
          "source of the data: teacher or arrays (vectors); markov, token_teacher, associations or tokens (tokens); "
          "text (either)");
    visit("n_data", self.n_data, base::at_least(1).up_to(kMostSequences),
          "number of training sequences, n; a smaller set is the start of a larger one");
    visit("n_test", self.n_test, base::at_least(1).up_to(kMostSequences), "number of test sequences");
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
    visit("teacher_n_layers", self.teacher_n_layers, base::at_least(0).up_to(model::kMostLayers),
          "depth of the teacher; 0: that of the model");
    visit("teacher_d_hidden", self.teacher_d_hidden, base::at_least(0).up_to(model::kMostHidden),
          "MLP width of the teacher; 0: that of the model");
    visit("teacher_n_heads", self.teacher_n_heads, base::at_least(0).up_to(model::kMostHeads),
          "number of heads of the teacher; 0: that of the model");
    visit("teacher_d_head", self.teacher_d_head, base::at_least(0).up_to(model::kMostWidth),
          "head size of the teacher; 0: that of the model");
    visit("teacher_branch_scale", self.teacher_branch_scale, at_least(0),
          "omega of the teacher; \"auto\": that of the model");
    visit(
        "teacher_seed", self.teacher_seed, base::seeds(),
        "seed of the source: of the teacher's weights, the chain's rows, or the associations; \"auto\": the run's seed");
    visit("path", self.path, anything(),
          "with text: a UTF-8 file, or a directory that is read recursively; with tokens: a .npy or .bin file");
    visit(
        "target", self.target, anything(),
        "with text: tokens (cross-entropy), regression (embedding of the next byte) or auto (by the model's readout)");
    visit("test_fraction", self.test_fraction, strictly_between(0, 1),
          "with text or tokens: share at the end of every file that is used for testing");
    visit(
        "x", self.x, anything(),
        "with arrays: .npy file of inputs, shape (n, seq_len, d_model), with an encoder (n, source_len + seq_len, d_model)");
    visit("y", self.y, anything(), "with arrays: .npy file of targets, shape (n, seq_len, d_out)");
    visit("x_test", self.x_test, anything(),
          "with arrays: .npy file of test inputs; empty: the last n_test sequences of x");
    visit("y_test", self.y_test, anything(), "with arrays: .npy file of test targets; required with x_test");
    token_fields(self, visit);
  }
  // Those of the token sources.
  template <class Self, class Visit>
  static void token_fields(Self& self, Visit&& visit) {
    using base::above, base::anything, base::at_least, base::between, base::half_open, base::positive;
    visit("token_noise", self.token_noise, half_open(0, 1),
          "with tokens of any source: probability that a target is replaced by a uniform token, train and test");
    visit("one_pass", self.one_pass, anything(),
          "set n_data to batch * steps, so that every sequence is used once; leave n_data out");
    visit("teacher_temperature", self.teacher_temperature, positive(),
          "with token_teacher: the logits are divided by this number before tokens are drawn");
    visit("markov_order", self.markov_order, base::at_least(1).up_to(1e6),
          "with markov: number of tokens that decide about the next");
    visit("markov_concentration", self.markov_concentration, positive(),
          "with markov: total of the Dirichlet parameters of a row; small values make the next token more certain");
    visit("markov_zipf", self.markov_zipf, at_least(0),
          "with markov: exponent z of the mean of the rows, proportional to (v + 1)^-z");
    visit("associations_contexts", self.associations_contexts, base::at_least(1).up_to(1e9),
          "with associations: number of contexts, K");
    visit("associations_exponent", self.associations_exponent, above(1),
          "with associations: alpha; the context of rank k has probability proportional to k^-alpha");
    visit("associations_logit_std", self.associations_logit_std, positive(),
          "with associations: standard deviation of the logits of a context's next token");
    visit("path_test", self.path_test, anything(),
          "with tokens: file of test tokens; empty: the end of path, as test_fraction says");
    visit("token_bytes", self.token_bytes, between(2, 4),
          "with tokens in a .bin file: width of a token, 2 (uint16) or 4 (uint32)");
    visit("document_separator", self.document_separator, base::at_least(0).up_to(base::kLargestExactInteger),
          "with tokens: token that ends a document, which no sequence crosses; \"none\": one document");
  }

  // The seed of the source itself (teacher, chain, associations), as opposed to that of the data drawn from it.
  [[nodiscard]] std::uint64_t source_seed(std::uint64_t run_seed) const {
    return teacher_seed.is_word() ? run_seed : static_cast<std::uint64_t>(teacher_seed.value);
  }
  // p*(v | context) is known, so the data have an exact excess risk in nats per token.
  [[nodiscard]] bool knows_distribution() const {
    return source == Source::markov || source == Source::token_teacher || source == Source::associations;
  }
};

// Largest memory of a run's data, of the rows of a source, and of p* on the test set. [R]
inline constexpr double kMostDataBytes = 8.0 * (1 << 30);
inline constexpr double kMostRowBytes = 1 << 30;
inline constexpr double kMostProbabilityBytes = 2.0 * (1 << 30);

// Checks every domain, and the constraints between fields: text and tokens need a path, arrays need x and y,
// heteroscedastic noise needs the isotropic inputs of the teacher, and xi(n_data) must be finite.
void validate(const DataOptions& options, const base::Location& where = {});

// Also checks what the source and the model need of each other: kind of readout, vocabulary, sequence length, mask, and
// memory below the limits above. No file is opened. InputError, one line.
void validate(const DataOptions& options, const model::ModelOptions& student, const base::Location& where = {});

// Only that the data, and p* on the test set, need at most the limits above, as part of validate().
void require_memory(const DataOptions& options, const model::ModelOptions& student, const base::Location& where);

// Bytes of a run's data in memory, without p*: n_data + n_test sequences as data::Dataset.
[[nodiscard]] double data_bytes(const DataOptions& options, const model::ModelOptions& student);

}  // namespace phaselaw::data
