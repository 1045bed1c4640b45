// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

// CRC-32C (Castagnoli), reflected polynomial 0x82f63b78 [T: RFC 3720], the check sum of TensorBoard's event files.
namespace phaselaw::base {

// Cost: about 0.6 ns per byte.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

// As event files hold it: rotated and shifted, so that the sum of data that hold sums is not special.
[[nodiscard]] std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace phaselaw::base
