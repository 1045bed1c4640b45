// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/options.h"

#include <algorithm>
#include <array>

#include "phaselaw/base/format.h"
#include "phaselaw/model/parameters.h"

namespace phaselaw::model {

namespace {

constexpr auto kActivations = activation_names();
constexpr std::array kParametrisations{std::pair{std::string_view("ntk"), Parametrisation::ntk},
                                       std::pair{std::string_view("standard"), Parametrisation::standard},
                                       std::pair{std::string_view("mup"), Parametrisation::mup}};
constexpr std::array kReadouts{std::pair{std::string_view("identity"), Readout::identity},
                               std::pair{std::string_view("linear"), Readout::linear},
                               std::pair{std::string_view("tokens"), Readout::tokens}};
constexpr std::array kMasks{std::pair{std::string_view("causal"), Mask::causal},
                            std::pair{std::string_view("bidirectional"), Mask::bidirectional}};
constexpr std::array kDownInits{std::pair{std::string_view("normal"), DownInit::normal},
                                std::pair{std::string_view("sign"), DownInit::sign}};
constexpr std::array kNorms{std::pair{std::string_view("rms"), Norm::rms},
                            std::pair{std::string_view("layernorm"), Norm::layernorm}};
constexpr std::array kMlps{std::pair{std::string_view("plain"), Mlp::plain},
                           std::pair{std::string_view("gated"), Mlp::gated}};
constexpr std::array kPositions{std::pair{std::string_view("learned"), Positions::learned},
                                std::pair{std::string_view("rotary"), Positions::rotary},
                                std::pair{std::string_view("none"), Positions::none}};

}  // namespace

base::EnumNames<Activation> enum_names(Activation) { return kActivations; }
base::EnumNames<Parametrisation> enum_names(Parametrisation) { return kParametrisations; }
base::EnumNames<Readout> enum_names(Readout) { return kReadouts; }
base::EnumNames<Mask> enum_names(Mask) { return kMasks; }
base::EnumNames<DownInit> enum_names(DownInit) { return kDownInits; }
base::EnumNames<Norm> enum_names(Norm) { return kNorms; }
base::EnumNames<Mlp> enum_names(Mlp) { return kMlps; }
base::EnumNames<Positions> enum_names(Positions) { return kPositions; }

namespace {

void validate_block(const ModelOptions& o, const base::Location& where) {
  if (o.norm_bias && o.norm != Norm::layernorm)
    throw base::InputError(where, "norm_bias needs norm = \"layernorm\", found \"rms\"; set one of the two");
  if (o.positions == Positions::rotary && o.d_head % 2 != 0)
    throw base::InputError(
        where,
        fmt::format("positions rotary rotates pairs of coordinates and needs an even d_head, found {}", o.d_head));
  if (o.tied_embedding && !o.reads_tokens())
    throw base::InputError(where,
                           fmt::format("tied_embedding needs readout \"tokens\", found \"{}\"; remove one of the two",
                                       base::enum_to_text(o.readout)));
  if (o.n_heads % o.kv_heads() != 0)
    throw base::InputError(where,
                           fmt::format("n_kv_heads must divide n_heads = {}, found {}", o.n_heads, o.n_kv_heads));
  if (o.source_len > 0 && !o.has_encoder())
    throw base::InputError(
        where, fmt::format("source_len is the length that an encoder reads, and n_encoder_layers is 0; found {}; set "
                           "n_encoder_layers or remove source_len",
                           o.source_len));
}

// Every name of `trainable` must be a block of some model, and of this one.
void validate_trainable(const ModelOptions& o, const base::Location& where) {
  if (o.trainable.empty())
    throw base::InputError(where, "trainable is empty, so nothing could be trained; name blocks or \"all\"");
  ModelOptions one_layer = o;
  one_layer.n_layers = 1;
  one_layer.n_encoder_layers = std::min<std::int64_t>(o.n_encoder_layers, 1);
  const ParameterTable table(one_layer);
  for (const auto& name : o.trainable) {
    const auto& known = trainable_names();
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw base::InputError(where, base::unknown_name("block in trainable", name, known));
    if (name == "embed" && !o.reads_tokens())
      throw base::InputError(where, "trainable names embed, but only readout tokens has an embedding; remove it");
    if (name == "out" && o.readout == Readout::identity)
      throw base::InputError(where, "trainable names out, but readout identity has no output matrix; remove it");
    if (name == "out" && o.tied_embedding)
      throw base::InputError(where,
                             "trainable names out, but with tied_embedding the output matrix is embed; name embed");
    const auto& blocks = table.blocks();
    if (name != "all" &&
        std::none_of(blocks.begin(), blocks.end(), [&](const auto& block) { return trainable_name(block) == name; }))
      throw base::InputError(
          where,
          fmt::format(
              "trainable names {}, but this model has no such block (norm_gain, norm_bias, linear_bias, mlp and n_encoder_layers decide which it has); remove it",
              name));
  }
}

}  // namespace

ModelOptions encoder_of(const ModelOptions& options) {
  ModelOptions encoder = options;
  encoder.n_layers = options.n_encoder_layers;
  encoder.seq_len = options.source_rows();
  encoder.mask = Mask::bidirectional;
  encoder.n_encoder_layers = encoder.source_len = 0;
  return encoder;
}

base::Value to_section(const ModelOptions& options) {
  // The keys that every section has had from the beginning; a key that is not among them is a part.
  constexpr std::string_view kAlways[] = {"n_layers",   "seq_len", "d_model",       "d_hidden",     "n_heads",
                                          "d_head",     "d_out",   "vocab",         "activation",   "parametrisation",
                                          "readout",    "mask",    "mlp_down_init", "branch_scale", "output_scale",
                                          "init_scale", "rms_eps", "trainable"};
  const base::Value defaults = base::write_fields(ModelOptions()), all = base::write_fields(options);
  base::Value section = base::Value::table();
  for (const auto& [key, value] : all.entries()) {
    const bool always = std::find(std::begin(kAlways), std::end(kAlways), key) != std::end(kAlways);
    if (always || base::to_json(value, -1) != base::to_json(defaults.at(key), -1)) section[key] = value;
  }
  return section;
}

void require_parameters(const ModelOptions& options, const base::Location& where, std::string_view prefix) {
  if (const double count = parameter_count(options); count > kMostParameters)
    throw base::InputError(
        where, fmt::format("{0}n_layers = {1}, d_model = {2}, {0}d_hidden = {3}, {0}n_heads = {4}, {0}d_head = {5}{6} "
                           "make a model of {7} parameters; the limit is {8}; reduce one of them",
                           prefix, options.n_layers, options.d_model, options.d_hidden, options.n_heads, options.d_head,
                           options.reads_tokens() ? fmt::format(", vocab = {}", options.vocab) : "",
                           base::format_number(count), base::format_number(kMostParameters)));
}

void validate(const ModelOptions& options, const base::Location& where) {
  base::check_fields(options);
  require_parameters(options, where);
  if (options.readout == Readout::identity && options.d_out != 0 && options.d_out != options.d_model)
    throw base::InputError(
        where,
        fmt::format("readout identity needs d_out = d_model = {}, found {}; set d_out = 0 or readout = \"linear\"",
                    options.d_model, options.d_out));
  if (options.readout == Readout::tokens && options.d_out != 0 && options.d_out != options.vocab)
    throw base::InputError(where, fmt::format("readout tokens needs d_out = vocab = {}, found {}; leave d_out out",
                                              options.vocab, options.d_out));
  validate_block(options, where);
  validate_trainable(options, where);
}

}  // namespace phaselaw::model
