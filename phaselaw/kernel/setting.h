// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "phaselaw/kernel/options.h"
#include "phaselaw/kernel/panels.h"
#include "phaselaw/model/attention.h"
#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"

// The sizes of one kernel problem under short names, and the tokens on which a row of the kernel depends.
namespace phaselaw::kernel {

struct Setting {
  const model::ModelOptions& options;
  const model::ParameterTable& table;
  model::BackwardPlan plan{table};
  Reduce reduce;
  Index length, d, hidden, heads, d_head, width, outputs;  // L, d, m, H, d_h, H d_h, o
  Index stream, rows;                                      // L d; rows of the kernel per sequence
  bool causal;
  double score_scale;  // of <q, k>

  Setting(const model::ModelOptions& o, const model::ParameterTable& t, Reduce r)
      : options(o),
        table(t),
        reduce(r),
        length(o.seq_len),
        d(o.d_model),
        hidden(o.d_hidden),
        heads(o.n_heads),
        d_head(o.d_head),
        width(o.n_heads * o.d_head),
        outputs(o.outputs()),
        stream(o.seq_len * o.d_model),
        rows(r == Reduce::none          ? o.seq_len * o.outputs()
             : r == Reduce::coordinates ? o.seq_len
                                        : 1),
        causal(o.mask == model::Mask::causal),
        score_scale(model::attention_shape(o, 1).scale) {}

  // Tokens that a kernel row depends on are 0 .. visible_to(row) - 1.
  [[nodiscard]] Index visible_to(Index row) const {
    if (!causal || reduce == Reduce::sequence) return length;
    return (reduce == Reduce::none ? row / outputs : row) + 1;
  }
  // The first kernel row that depends on token t.
  [[nodiscard]] Index first_row(Index t) const {
    if (!causal || reduce == Reduce::sequence) return 0;
    return reduce == Reduce::none ? t * outputs : t;
  }
  // Tokens that token t attends to: 0 .. visible(t) - 1.
  [[nodiscard]] Index visible(Index t) const { return causal ? t + 1 : length; }

  [[nodiscard]] const model::ParameterBlock& block(model::BlockKind kind, Index layer) const {
    return table.at(kind, layer);
  }
  // Whether something is trainable at or below layer 0's input, or in layer `layer` itself.
  [[nodiscard]] bool layer_has_terms(Index layer) const {
    const auto& p = plan.layers[static_cast<std::size_t>(layer)];
    return p.q || p.k || p.v || p.o || p.up || p.down;
  }
  // Whether the stream below `layer` is needed.
  [[nodiscard]] bool passes_below(Index layer) const {
    return plan.layers[static_cast<std::size_t>(layer)].attention_input;
  }
};

}  // namespace phaselaw::kernel
