// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/base/safetensors.h"
#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"

// The flat parameter buffer under the names of other libraries, as .safetensors.
//
//   phaselaw   the names and shapes of the parameter table (model/parameters.h)
//   gpt2       Hugging Face's GPT2LMHeadModel: transformer.wte.weight, transformer.h.<nu>.attn.c_attn.weight, ...;
//              matrices are stored transposed (in x out), with q, k, v packed side by side in c_attn. Needs layernorm
//              with gain and bias, linear_bias, plain MLP, learned positions, readout tokens.
//   llama      LlamaForCausalLM: model.embed_tokens.weight, model.layers.<nu>.self_attn.q_proj.weight, ...; needs rms
//              with gain, gated MLP, rotary positions (halves paired as here), readout tokens.
//
// gpt2 and llama need parametrisation standard, branch_scale 1 and output_scale 1, because only then equal numbers are
// the same function. The model section must set what the file does not contain: activation, rms_eps, n_heads,
// rotary_base. Reading also accepts names without "transformer." or "model.", more positions than seq_len (the first
// are used), buffers without parameters (attention masks, rotary frequencies), and, with a tied embedding, an
// lm_head.weight with the same numbers.
namespace phaselaw::training {

enum class Naming { phaselaw, gpt2, llama };
[[nodiscard]] base::EnumNames<Naming> enum_names(Naming);

// The convention of a file's names: phaselaw unless the embedding of another convention is present.
[[nodiscard]] Naming naming_of(const base::Safetensors& file);

// theta in the table's order. InputError with file and tensor: a tensor that is missing, not of this model, of another
// shape (expected, found) or of a dtype that is not converted; gaps or overlaps; options that the convention does not
// support.
template <class T>
[[nodiscard]] std::vector<T> read_state_dict(const base::Safetensors& file, const model::ModelOptions& options);

// The file of a theta, F32 or F64 as T, with the metadata entry "model" (the resolved model section as JSON).
// InputError if the convention cannot describe this model.
template <class T>
[[nodiscard]] std::string state_dict_bytes(Naming naming, const model::ModelOptions& options, std::span<const T> theta);

}  // namespace phaselaw::training
