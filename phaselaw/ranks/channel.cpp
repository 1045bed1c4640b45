// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/channel.h"

#include "phaselaw/base/bytes.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::ranks {

std::optional<std::uint64_t> most_bytes(MessageKind kind) {
  constexpr std::uint64_t kSnapshot = std::uint64_t{1} << 36;
  switch (kind) {
    case MessageKind::run:
      return kSnapshot + 2 * sizeof(std::uint64_t);
    case MessageKind::snapshot:
      return kSnapshot;
    case MessageKind::result:
      return std::uint64_t{1} << 30;
    case MessageKind::failure:
      return std::uint64_t{1} << 16;
    case MessageKind::progress:
      return sizeof(double);
    case MessageKind::stopped:
    case MessageKind::stop:
    case MessageKind::end:
      return 0;
  }
  return std::nullopt;
}

std::string header_bytes(MessageKind kind, std::size_t count) {
  const std::uint64_t most = most_bytes(kind).value_or(0);
  if (count > most)
    throw base::RunError(
        fmt::format("a message between ranks has {} bytes, but at most {} are allowed; run this study without mpirun",
                    count, most));
  base::ByteWriter out;
  out.value(static_cast<std::uint32_t>(kind));
  out.value(static_cast<std::uint64_t>(count));
  return out.bytes();
}

std::optional<MessageHeader> header_from(std::string_view bytes) {
  base::ByteReader in(bytes);
  MessageHeader header;
  header.kind = static_cast<MessageKind>(in.value<std::uint32_t>());
  header.count = in.value<std::uint64_t>();
  const auto most = most_bytes(header.kind);
  if (!in.at_end() || !most || header.count > *most) return std::nullopt;
  return header;
}

}  // namespace phaselaw::ranks
