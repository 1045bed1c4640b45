// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/token_teacher.h"

#include <algorithm>

#include "phaselaw/data/sources.h"
#include "phaselaw/data/teacher.h"
#include "phaselaw/model/transformer.h"

namespace phaselaw::data {

namespace {

using numerics::RandomStream;

constexpr std::int64_t kDrawnTogether = 64;  // sequences that are drawn together

class TokenTeacher {
 public:
  TokenTeacher(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed)
      : model_(teacher_options(options, student)),
        theta_(teacher_parameters(options, student, seed)),
        workspace_(model_, kDrawnTogether),
        logits_(static_cast<std::size_t>(kDrawnTogether * model_.outputs_per_sequence())),
        temperature_(options.teacher_temperature) {}

  void forward(const std::int32_t* tokens, std::int64_t count) {
    model::Inputs<double> inputs;
    inputs.n = count;
    inputs.tokens = tokens;
    model_.forward(theta_, inputs, workspace_, logits_.data());
  }
  // p* of a position of the last pass: position l of its sequence i is i L + l.
  void distribution(std::int64_t position, std::span<double> p) const {
    const auto from = logits_.begin() + position * model_.options().vocab;
    std::transform(from, from + model_.options().vocab, p.begin(), [&](double z) { return z / temperature_; });
    softmax(p);
  }

 private:
  model::Transformer<double> model_;
  std::vector<double> theta_;
  model::Transformer<double>::Workspace workspace_;
  std::vector<double> logits_;
  double temperature_;
};

// The sequences first, first + 1, ... of the set.
void draw_batch(TokenTeacher& teacher, Dataset& set, std::int64_t first, std::int64_t count, std::uint64_t seed,
                const char* purpose) {
  const std::int64_t length = set.seq_len;
  std::vector<RandomStream> streams;
  std::int32_t* const tokens = set.tokens.data() + first * length;
  for (std::int64_t i = 0; i < count; ++i) {
    auto& stream = streams.emplace_back(seed, purpose, static_cast<std::uint64_t>(first + i));
    tokens[i * length] = static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(set.d_out)));
  }
  std::vector<double> p(static_cast<std::size_t>(set.d_out));
  for (std::int64_t l = 0; l < length; ++l) {
    teacher.forward(tokens, count);
    for (std::int64_t i = 0; i < count; ++i) {
      teacher.distribution(i * length + l, p);
      const std::int32_t next = draw_token(p, streams[static_cast<std::size_t>(i)].uniform());
      set.next_tokens[static_cast<std::size_t>((first + i) * length + l)] = next;
      if (l + 1 < length) tokens[i * length + l + 1] = next;
    }
  }
}

Dataset draw(TokenTeacher& teacher, const model::ModelOptions& student, std::int64_t n, std::uint64_t seed,
             const char* purpose) {
  Dataset set = token_dataset_of(student, n, false);
  for (std::int64_t i = 0; i < n; i += kDrawnTogether)
    draw_batch(teacher, set, i, std::min(kDrawnTogether, n - i), seed, purpose);
  return set;
}

}  // namespace

std::vector<double> token_teacher_probabilities(const DataOptions& options, const model::ModelOptions& student,
                                                std::uint64_t seed, const std::vector<std::int32_t>& tokens) {
  TokenTeacher teacher(options, student, seed);
  const std::int64_t n = static_cast<std::int64_t>(tokens.size()) / student.seq_len;
  const auto vocab = static_cast<std::size_t>(student.vocab);
  std::vector<double> all(tokens.size() * vocab);
  for (std::int64_t i = 0; i < n; i += kDrawnTogether) {
    const std::int64_t count = std::min(kDrawnTogether, n - i);
    teacher.forward(tokens.data() + i * student.seq_len, count);
    for (std::int64_t position = 0; position < count * student.seq_len; ++position)
      teacher.distribution(
          position, std::span(all).subspan(static_cast<std::size_t>(i * student.seq_len + position) * vocab, vocab));
  }
  return all;
}

Split token_teacher_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed) {
  TokenTeacher teacher(options, student, seed);
  Split split;
  split.train = draw(teacher, student, options.n_data, seed, "token_teacher/train");
  split.test = draw(teacher, student, options.n_test, seed, "token_teacher/test");
  split.test.probabilities = token_teacher_probabilities(options, student, seed, split.test.tokens);
  const auto sizes = teacher_options(options, student);
  split.description = fmt::format(
      "token_teacher: n_layers {}, d_hidden {}, n_heads {}, d_head {}, {} symbols; temperature {}", sizes.n_layers,
      sizes.d_hidden, sizes.n_heads, sizes.d_head, student.vocab, options.teacher_temperature);
  return split;
}

}  // namespace phaselaw::data
