// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "phaselaw/store/store.h"

// A finished run on its way from a worker to rank 0. Every number keeps its bits.
namespace phaselaw::ranks {

struct Delivery {
  store::RunRecord record;
  bool resumed = false;  // it went on from a snapshot
  std::string data;      // one line for people about the data
};

[[nodiscard]] std::string to_bytes(const Delivery& delivery);
// Nothing where the bytes are cut off or longer than they should be.
[[nodiscard]] std::optional<Delivery> delivery_from(std::string_view bytes);

}  // namespace phaselaw::ranks
