// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/flop_convention.h"

#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

double needed(double value, FlopConvention convention, const char* flag, const char* meaning) {
  if (!(value > 0) || std::isinf(value))
    throw base::InputError({flag}, fmt::format("the convention {} needs {} as a number > 0; found {}",
                                               base::enum_name(convention), meaning, value));
  return value;
}

}  // namespace

base::EnumNames<FlopConvention> enum_names(FlopConvention) {
  static constexpr std::pair<std::string_view, FlopConvention> kNames[] = {
      {"6nd", FlopConvention::six_nd},
      {"without-embeddings", FlopConvention::without_embeddings},
      {"with-attention", FlopConvention::with_attention},
      {"exact", FlopConvention::exact}};
  return kNames;
}

double flop_per_token(FlopConvention convention, const ModelShape& shape) {
  const double n = needed(shape.n_params, convention, "--n-params", "the number of parameters");
  switch (convention) {
    case FlopConvention::six_nd:
      return 6 * n;
    case FlopConvention::without_embeddings: {
      const double embedding = needed(shape.vocab, convention, "--vocab", "the size of the vocabulary") *
                               needed(shape.d_model, convention, "d_model", "the width");
      if (!(embedding < n))
        throw base::InputError(
            {"--vocab"},
            fmt::format(
                "an embedding of {} parameters leaves none of the {} parameters; n_params must include the embedding",
                base::format_number(embedding, 4, base::Notation::suffix),
                base::format_number(n, 4, base::Notation::suffix)));
      return 6 * (n - embedding);
    }
    case FlopConvention::with_attention:
      return 6 * n * attention_multiple(shape);
    case FlopConvention::exact:
      return n * needed(shape.flop_per_param, convention, "--flop-per-param", "FLOP per parameter and token");
  }
  return 6 * n;
}

double convert_flop(double flop, FlopConvention from, FlopConvention to, const ModelShape& shape) {
  return from == to ? flop : flop * (flop_per_token(to, shape) / flop_per_token(from, shape));
}

double attention_multiple(const ModelShape& shape) {
  constexpr auto kWith = FlopConvention::with_attention;
  return 1 + 2 * needed(shape.n_layers, kWith, "n_layers", "the depth") *
                 needed(shape.d_model, kWith, "d_model", "the width") *
                 needed(shape.seq_len, kWith, "--seq-len", "the length of a sequence") /
                 needed(shape.n_params, kWith, "--n-params", "the number of parameters");
}

ModelShape shape_of(const ShapeFamily& family, double n_params) {
  const double ratio = family.aspect_ratio, vocab = family.vocab.value_or(0);
  if (!(ratio > 0) || std::isinf(ratio))
    throw base::InputError({"--aspect-ratio"}, fmt::format("expected d_model/n_layers > 0, found {}", ratio));
  if (!(vocab >= 0) || std::isinf(vocab))
    throw base::InputError({"--vocab"}, fmt::format("expected a number >= 0, found {}", vocab));
  // 12 d^3/ratio + vocab d = N is convex and increasing, so Newton from above never overshoots.
  double d = std::cbrt(n_params * ratio / 12);
  for (int i = 0; i < 100; ++i) {
    const double step = (12 * d * d * d / ratio + vocab * d - n_params) / (36 * d * d / ratio + vocab);
    d -= step;
    if (std::abs(step) <= 1e-15 * d) break;
  }
  return {n_params, d / ratio, d, family.seq_len.value_or(0), vocab, family.flop_per_param.value_or(0)};
}

double FlopCost::per_token(double n_params) const {
  if (convention == FlopConvention::six_nd) return 6 * n_params;
  return flop_per_token(convention, shape_of(family, n_params));
}

}  // namespace phaselaw::advice
