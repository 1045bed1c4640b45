// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/record_bytes.h"

#include "phaselaw/base/bytes.h"

namespace phaselaw::ranks {

std::string to_bytes(const Delivery& delivery) {
  const store::RunRecord& record = delivery.record;
  base::ByteWriter out;
  out.value(static_cast<std::uint8_t>(delivery.resumed));
  out.text(delivery.data);
  out.value(record.index);
  out.text(record.key);
  out.text(record.configuration);
  out.value(static_cast<std::int32_t>(record.status));
  out.text(record.summary);
  out.value(record.seconds);
  out.text(record.program);
  out.value(static_cast<std::uint64_t>(record.measurements.size()));
  for (const auto& m : record.measurements)
    store::Measurement::fields(m, [&](auto, const auto& x, auto&&...) { out.value(x); });
  return out.bytes();
}

std::optional<Delivery> delivery_from(std::string_view bytes) {
  base::ByteReader in(bytes);
  Delivery delivery;
  store::RunRecord& record = delivery.record;
  delivery.resumed = in.value<std::uint8_t>() != 0;
  delivery.data = in.text();
  record.index = in.value<std::int64_t>();
  record.key = in.text();
  record.configuration = in.text();
  const auto status = in.value<std::int32_t>();
  record.status = static_cast<store::Status>(status);
  record.summary = in.text();
  record.seconds = in.value<double>();
  record.program = in.text();
  for (auto left = in.value<std::uint64_t>(); left > 0 && in.good(); --left) {
    store::Measurement m;
    store::Measurement::fields(m,
                               [&](auto, auto& x, auto&&...) { x = in.value<std::remove_reference_t<decltype(x)>>(); });
    record.measurements.push_back(m);
  }
  const bool known = status >= static_cast<std::int32_t>(store::Status::kFinished) &&
                     status <= static_cast<std::int32_t>(store::Status::kFailed);
  if (!in.at_end() || !known) return std::nullopt;
  return delivery;
}

}  // namespace phaselaw::ranks
