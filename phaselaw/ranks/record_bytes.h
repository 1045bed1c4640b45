// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "phaselaw/store/store.h"

// A finished run as bytes, sent from a worker to rank 0. Every number keeps its bits.
namespace phaselaw::ranks {

struct Delivery {
  store::RunRecord record;
  bool resumed = false;  // it was resumed from a snapshot
  std::string data;      // one-line description of the data
};

[[nodiscard]] std::string to_bytes(const Delivery& delivery);
// Nothing if the bytes are truncated or longer than expected.
[[nodiscard]] std::optional<Delivery> delivery_from(std::string_view bytes);

}  // namespace phaselaw::ranks
