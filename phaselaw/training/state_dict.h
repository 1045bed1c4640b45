// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/base/safetensors.h"
#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"

// One flat parameter buffer under the names that others use, as .safetensors.
//
//   phaselaw   the parameter table's names and shapes (model/parameters.h)
//   gpt2       Hugging Face's GPT2LMHeadModel: transformer.wte.weight, transformer.h.<nu>.attn.c_attn.weight, ...;
//              matrices are stored transposed (in x out), q, k, v packed side by side in c_attn. Needs layernorm with
//              gain and bias, linear_bias, plain MLP, learned positions, readout tokens.
//   llama      LlamaForCausalLM: model.embed_tokens.weight, model.layers.<nu>.self_attn.q_proj.weight, ...; needs rms
//              with gain, gated MLP, rotary positions (halves paired as here), readout tokens.
//
// gpt2 and llama need parametrisation standard, branch_scale 1 and output_scale 1: only then the same numbers are the
// same function. What a file cannot say must be set right in the model section: activation, rms_eps, n_heads,
// rotary_base. Reading accepts the names without "transformer." or "model." too, more positions than seq_len (the first
// are taken), the buffers that hold no parameters (attention masks, rotary frequencies), and beside a tied embedding an
// lm_head.weight of the same numbers.
namespace phaselaw::training {

enum class Naming { phaselaw, gpt2, llama };
[[nodiscard]] base::EnumNames<Naming> enum_names(Naming);

// The convention that a file's names belong to: phaselaw where none of the others' embedding is there.
[[nodiscard]] Naming naming_of(const base::Safetensors& file);

// theta in the table's order. InputError naming file and tensor: missing, not of this model, another shape (expected,
// found), a dtype that is not converted, gaps or overlaps, options that the convention does not know.
template <class T>
[[nodiscard]] std::vector<T> read_state_dict(const base::Safetensors& file, const model::ModelOptions& options);

// The file of a theta, F32 or F64 as T, with the metadata entry "model" (the resolved model section as JSON).
// InputError where the convention cannot say this model.
template <class T>
[[nodiscard]] std::string state_dict_bytes(Naming naming, const model::ModelOptions& options, std::span<const T> theta);

}  // namespace phaselaw::training
