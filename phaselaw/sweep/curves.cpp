// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/curves.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <ostream>

#include "phaselaw/base/crc32c.h"
#include "phaselaw/base/csv.h"
#include "phaselaw/base/files.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/training/schedule.h"

namespace phaselaw::sweep {

using base::Value;

namespace {

void require_written(std::ostream& out) {
  out.flush();
  if (!out) throw base::RunError("the exported curves could not be written; check the free disk space");
}

template <class Use>
void for_each_curve(const store::Store& store, Use&& use) {
  for (const std::int64_t index : store.run_indices())
    if (const auto run = store.run(index)) use(named_curve(*run));
}

// The dashboards' name of a field; empty if it is not exported.
std::string_view tag_of(std::string_view field) {
  static constexpr std::pair<std::string_view, std::string_view> kTags[] = {{"step", ""},
                                                                            {"time", ""},
                                                                            {"compute_flop", "flops"},
                                                                            {"train_loss", "loss/train"},
                                                                            {"test_loss", "loss/val"},
                                                                            {"excess_risk", "loss/excess"}};
  for (const auto& [name, tag] : kTags)
    if (name == field) return tag;
  return field;
}

}  // namespace

NamedCurve named_curve(const store::RunRecord& run) {
  NamedCurve curve;
  curve.name = fmt::format("run-{:05}-{}", run.index, run.key);
  curve.status = base::enum_name(run.status);
  curve.configuration = base::parse_json(run.configuration, curve.name + ", configuration");
  curve.summary = base::parse_json(run.summary, curve.name + ", summary");
  const Experiment e = experiment_from(curve.configuration);
  const Value* peak = curve.summary.find("learning_rate");
  const double rate = peak != nullptr && peak->is_number() ? peak->number() : base::kNaN;
  for (const store::Measurement& m : run.measurements) {
    CurvePoint point;
    point.step = m.step;
    const double lr = m.step == 0 ? 0.0 : rate * training::rate_fraction(e.training, m.step - 1);
    const auto add = [&](std::string_view name, auto x, auto&&...) {
      const std::string_view tag = tag_of(name);
      const auto value = static_cast<double>(x);
      if (!tag.empty() && !std::isnan(value)) point.scalars.emplace_back(tag, value);
    };
    store::Measurement::measured(m, add);
    store::Measurement::position(m, add);
    add("lr", lr);
    curve.points.push_back(std::move(point));
  }
  return curve;
}

void export_tensorboard_csv(const store::Store& store, std::ostream& out) {
  out << "run,tag,step,wall_time,value\n";
  for_each_curve(store, [&](const NamedCurve& curve) {
    for (const auto& point : curve.points)
      for (const auto& [tag, value] : point.scalars)
        out << fmt::format("{},{},{},0,{}\n", base::csv_text(curve.name), tag, point.step, base::csv_number(value));
  });
  require_written(out);
}

void export_wandb_jsonl(const store::Store& store, std::ostream& out) {
  for_each_curve(store, [&](const NamedCurve& curve) {
    Value head = Value::table({{"run", curve.name}, {"status", curve.status}});
    head["config"] = curve.configuration;
    head["summary"] = curve.summary;
    out << base::to_json(head, -1) << '\n';
    for (const auto& point : curve.points) {
      Value line = Value::table({{"run", curve.name}, {"_step", point.step}, {"step", point.step}});
      for (const auto& [tag, value] : point.scalars)
        line[tag] = std::isinf(value) ? Value(value > 0 ? "Infinity" : "-Infinity") : Value(value);
      out << base::to_json(line, -1) << '\n';
    }
  });
  require_written(out);
}

namespace {

template <class U>
std::string little_endian(U value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(U); ++i, value >>= 8) bytes += static_cast<char>(value & 0xff);
  return bytes;
}

// A TFRecord frame: length, masked CRC of the length, data, masked CRC of the data.
std::string frame(const std::string& data) {
  const auto masked = [](std::string_view bytes) { return little_endian(base::masked_crc32c(bytes)); };
  const std::string length = little_endian<std::uint64_t>(data.size());
  return length + masked(length) + data + masked(data);
}

// Protocol buffers' wire format: varints, and length-delimited or fixed fields with their tags.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}
enum Wire : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
std::string tag(std::uint64_t field, Wire wire) { return varint(field << 3 | wire); }
std::string text_field(std::uint64_t field, std::string_view text) {
  return tag(field, kBytes) + varint(text.size()) + std::string(text);
}

// Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
// Summary { repeated Value value = 1; }   Value { string tag = 1; float simple_value = 2; }
std::string event(std::int64_t step, const std::string& rest) {
  return frame(tag(1, kFixed64) + little_endian<std::uint64_t>(0) + tag(2, kVarint) +
               varint(static_cast<std::uint64_t>(step)) + rest);
}

}  // namespace

std::string tensorboard_events(const NamedCurve& curve) {
  std::string file = event(0, text_field(3, "brain.Event:2"));
  for (const auto& point : curve.points) {
    std::string summary;
    for (const auto& [name, value] : point.scalars)
      summary += text_field(1, text_field(1, name) + tag(2, kFixed32) +
                                   little_endian(std::bit_cast<std::uint32_t>(static_cast<float>(value))));
    file += event(point.step, text_field(5, summary));
  }
  return file;
}

void export_tensorboard(const store::Store& store, const std::string& directory) {
  for_each_curve(store, [&](const NamedCurve& curve) {
    const std::filesystem::path folder = std::filesystem::path(directory) / curve.name;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw base::RunError(fmt::format("{}: cannot be created ({})", folder.string(), error.message()));
    base::write_file(folder / "events.out.tfevents.0.phaselaw", tensorboard_events(curve));
  });
}

}  // namespace phaselaw::sweep
