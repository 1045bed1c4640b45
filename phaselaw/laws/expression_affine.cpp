// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "phaselaw/laws/expression.h"

namespace phaselaw::laws {

std::vector<bool> Expression::affine_parameters(const std::vector<bool>& excluded) const {
  enum Kind { independent, affine, curved };
  std::vector<bool> chosen(parameters_.size(), false);
  std::vector<Kind> kind(nodes_.size());
  const auto still_affine = [&] {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      const Kind a = node.left >= 0 ? kind[static_cast<std::size_t>(node.left)] : independent;
      const Kind b = node.right >= 0 ? kind[static_cast<std::size_t>(node.right)] : independent;
      const Kind most = std::max(a, b);
      switch (node.op) {
        case Op::parameter:
          kind[i] = chosen[node.index] ? affine : independent;
          break;
        case Op::add:
        case Op::subtract:
        case Op::negate:
          kind[i] = most;
          break;
        case Op::multiply:
          kind[i] = a == affine && b == affine ? curved : most;
          break;
        case Op::divide:
          kind[i] = b == independent ? a : curved;
          break;
        default:
          kind[i] = most == independent ? independent : curved;
      }
    }
    return kind[root_] != curved;
  };
  for (std::size_t p = 0; p < chosen.size(); ++p) {
    if (!excluded.empty() && excluded[p]) continue;
    chosen[p] = true;
    if (!still_affine()) chosen[p] = false;
  }
  return chosen;
}

}  // namespace phaselaw::laws
