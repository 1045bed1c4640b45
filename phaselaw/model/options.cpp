// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/options.h"

#include <algorithm>
#include <array>

#include "phaselaw/model/parameters.h"

namespace phaselaw::model {

namespace {

constexpr std::array kActivations{
    std::pair{std::string_view("relu"), Activation::relu}, std::pair{std::string_view("gelu"), Activation::gelu},
    std::pair{std::string_view("silu"), Activation::silu}, std::pair{std::string_view("tanh"), Activation::tanh},
    std::pair{std::string_view("identity"), Activation::identity}};
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

}  // namespace

base::EnumNames<Activation> enum_names(Activation) { return kActivations; }
base::EnumNames<Parametrisation> enum_names(Parametrisation) { return kParametrisations; }
base::EnumNames<Readout> enum_names(Readout) { return kReadouts; }
base::EnumNames<Mask> enum_names(Mask) { return kMasks; }
base::EnumNames<DownInit> enum_names(DownInit) { return kDownInits; }

void validate(const ModelOptions& options, const base::Location& where) {
  base::check_fields(options);
  if (options.readout == Readout::identity && options.d_out != 0 && options.d_out != options.d_model)
    throw base::InputError(where, fmt::format("readout identity needs d_out = d_model = {}, found {}; set d_out = 0 or "
                                              "readout = \"linear\"",
                                              options.d_model, options.d_out));
  if (options.readout == Readout::tokens && options.d_out != 0 && options.d_out != options.vocab)
    throw base::InputError(where, fmt::format("readout tokens needs d_out = vocab = {}, found {}; leave d_out out",
                                              options.vocab, options.d_out));
  if (options.trainable.empty())
    throw base::InputError(where, "trainable is empty, so nothing could be trained; name blocks or \"all\"");
  for (const auto& name : options.trainable) {
    const std::vector<std::string> known = {"all",    "attn.q",   "attn.k", "attn.v", "attn.o",
                                            "mlp.up", "mlp.down", "embed",  "out"};
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw base::InputError(where, base::unknown_name("block in trainable", name, known));
    if (name == "embed" && !options.reads_tokens())
      throw base::InputError(where, "trainable names embed, but only readout tokens has an embedding; remove it");
    if (name == "out" && options.readout == Readout::identity)
      throw base::InputError(where, "trainable names out, but readout identity has no output matrix; remove it");
  }
  // Sizes whose parameter count or activations cannot be addressed are input errors, not crashes.
  const double parameters = static_cast<double>(options.n_layers) *
                            (4.0 * static_cast<double>(options.n_heads) * static_cast<double>(options.d_head) +
                             2.0 * static_cast<double>(options.d_hidden)) *
                            static_cast<double>(options.d_model);
  if (parameters > 1e10)
    throw base::InputError(where, fmt::format("these sizes make {:.3g} parameters; the limit is 1e10", parameters));
}

}  // namespace phaselaw::model
