// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/options.h"

#include <array>
#include <cmath>
#include <utility>

#include "phaselaw/base/format.h"
#include "phaselaw/data/associations.h"
#include "phaselaw/data/markov.h"
#include "phaselaw/data/noise.h"
#include "phaselaw/data/teacher.h"
#include "phaselaw/data/text.h"

namespace phaselaw::data {

using base::InputError;
using base::Location;

base::EnumNames<Source> enum_names(Source) {
  static constexpr std::array<std::pair<std::string_view, Source>, 7> names{{{"teacher", Source::teacher},
                                                                             {"text", Source::text},
                                                                             {"arrays", Source::arrays},
                                                                             {"markov", Source::markov},
                                                                             {"token_teacher", Source::token_teacher},
                                                                             {"associations", Source::associations},
                                                                             {"tokens", Source::tokens}}};
  return names;
}

base::EnumNames<Target> enum_names(Target) {
  static constexpr std::array<std::pair<std::string_view, Target>, 3> names{
      {{"auto", Target::automatic}, {"tokens", Target::tokens}, {"regression", Target::regression}}};
  return names;
}

base::EnumNames<NoiseKind> enum_names(NoiseKind) {
  static constexpr std::array<std::pair<std::string_view, NoiseKind>, 4> names{
      {{"gaussian", NoiseKind::gaussian},
       {"heteroscedastic", NoiseKind::heteroscedastic},
       {"student_t", NoiseKind::student_t},
       {"mixture", NoiseKind::mixture}}};
  return names;
}

void validate(const DataOptions& options, const Location& where) {
  base::check_fields(options);
  if (options.noise > 0 && !std::isnormal(noise_level(options)))
    throw InputError(where, fmt::format("noise n_data^noise_exponent = {} * {}^{} is not a number of usable size",
                                        options.noise, options.n_data, options.noise_exponent));
  if (options.noise_kind == NoiseKind::heteroscedastic && options.source != Source::teacher)
    throw InputError(
        where,
        fmt::format("noise_kind = \"heteroscedastic\" needs source = \"teacher\", "
                    "because the mean square of the noise is xi^2 only for isotropic inputs; found source \"{}\"",
                    base::enum_to_text(options.source)));
  if (options.source == Source::text && options.path.empty())
    throw InputError(where, "source = \"text\" needs path: a UTF-8 file or a directory; found none");
  if (options.source == Source::tokens && options.path.empty())
    throw InputError(where, "source = \"tokens\" needs path: a .npy or .bin file of tokens; found none");
  if (options.token_bytes == 3) throw InputError(where, "token_bytes must be 2 (uint16) or 4 (uint32); found 3");
  if (!options.path_test.empty() && options.source != Source::tokens)
    throw InputError(where, fmt::format("path_test needs source = \"tokens\"; found source \"{}\"; remove path_test",
                                        base::enum_to_text(options.source)));
  if (options.source == Source::arrays && (options.x.empty() || options.y.empty()))
    throw InputError(where, "source = \"arrays\" needs x and y: two .npy files; found " +
                                std::string(options.x.empty() ? "no x" : "no y"));
  if (options.x_test.empty() != options.y_test.empty())
    throw InputError(where, "x_test and y_test must be given together; found " +
                                std::string(options.x_test.empty() ? "no x_test" : "no y_test"));
}

double data_bytes(const DataOptions& options, const model::ModelOptions& student) {
  const double sequences = static_cast<double>(options.n_data) + static_cast<double>(options.n_test),
               positions = sequences * static_cast<double>(student.seq_len);
  if (student.reads_tokens()) return positions * 2 * sizeof(std::int32_t);
  const double copies = options.source == Source::teacher ? 2 : 1;  // with noise and without
  return sizeof(double) * (sequences * static_cast<double>(student.input_len()) * static_cast<double>(student.d_model) +
                           positions * copies * static_cast<double>(student.outputs()));
}

namespace {

void validate_readout(const DataOptions& options, const model::ModelOptions& student, const Location& where) {
  const bool tokens = student.reads_tokens();
  const std::string readout = base::enum_to_text(student.readout), source = base::enum_to_text(options.source);
  switch (options.source) {
    case Source::teacher:
      if (tokens)
        throw InputError(
            where,
            "the teacher makes vector targets, but readout = \"tokens\" predicts tokens; set readout to identity or "
            "linear, or choose tokens: source = \"text\", \"tokens\", \"markov\", \"token_teacher\" or "
            "\"associations\"");
      break;
    case Source::arrays:
      if (tokens)
        throw InputError(
            where,
            "arrays hold vectors, but readout = \"tokens\" reads tokens; set readout to identity or linear, or "
            "source to tokens or text");
      break;
    case Source::text:
      if (options.target == Target::tokens && !tokens)
        throw InputError(where,
                         fmt::format("target = \"tokens\" needs readout = \"tokens\"; found readout \"{}\"", readout));
      if (options.target == Target::regression && tokens)
        throw InputError(where, "target = \"regression\" needs readout = \"identity\" or \"linear\"; found \"tokens\"");
      if (tokens && student.vocab < kBytes)
        throw InputError(where, fmt::format("the tokens of a text are bytes: vocab must be at least {}; found {}",
                                            kBytes, student.vocab));
      break;
    default:
      if (!tokens)
        throw InputError(where,
                         fmt::format("source = \"{}\" makes tokens, but readout = \"{}\" reads vectors; set readout = "
                                     "\"tokens\"",
                                     source, readout));
  }
  if (tokens && options.noise > 0)
    throw InputError(where, fmt::format("noise is added to vectors; tokens need noise = 0, found {}; use token_noise",
                                        options.noise));
  if (!tokens && options.token_noise > 0)
    throw InputError(where, fmt::format("token_noise replaces tokens; readout = \"{}\" predicts vectors and needs "
                                        "token_noise = 0, found {}; use noise",
                                        readout, options.token_noise));
}

}  // namespace

void require_memory(const DataOptions& options, const model::ModelOptions& student, const Location& where) {
  const double gib = 1 << 30, bytes = data_bytes(options, student);
  if (bytes > kMostDataBytes)
    throw InputError(where,
                     fmt::format("n_data = {} and n_test = {} need {} GiB of memory, the limit is {} GiB; reduce "
                                 "{}",
                                 options.n_data, options.n_test, base::format_number(bytes / gib), kMostDataBytes / gib,
                                 options.one_pass ? "steps, batch or seq_len" : "n_data or seq_len"));
  const double p = static_cast<double>(options.n_test) * static_cast<double>(student.seq_len) *
                   static_cast<double>(student.vocab) * sizeof(double);
  if (options.knows_distribution() && p > kMostProbabilityBytes)
    throw InputError(where,
                     fmt::format("p* cannot be evaluated: n_test * seq_len * vocab = {} * {} * {} probabilities need "
                                 "{} GiB, the limit is {} GiB; reduce n_test",
                                 options.n_test, student.seq_len, student.vocab, base::format_number(p / gib),
                                 kMostProbabilityBytes / gib));
}

void validate(const DataOptions& options, const model::ModelOptions& student, const Location& where) {
  validate(options, where);
  if (options.source == Source::teacher || options.source == Source::token_teacher)
    model::require_parameters(teacher_options(options, student), where, "teacher_");
  validate_readout(options, student, where);
  if (student.has_encoder() && options.source != Source::teacher && options.source != Source::arrays)
    throw InputError(
        where, fmt::format("an encoder needs pairs of sequences, which source teacher makes and arrays can hold; found "
                           "source \"{}\" and n_encoder_layers = {}; set n_encoder_layers to 0 or change the source",
                           base::enum_to_text(options.source), student.n_encoder_layers));
  if (options.source == Source::markov) validate_markov(options, student, where);
  if (options.source == Source::associations) validate_associations(options, student, where);
  if (options.source == Source::token_teacher && student.mask != model::Mask::causal)
    throw InputError(
        where,
        "p* cannot be evaluated: source = \"token_teacher\" draws each token from those before it, but mask = "
        "\"bidirectional\" also sees those after it; set mask = \"causal\"");
  require_memory(options, student, where);
}

}  // namespace phaselaw::data
