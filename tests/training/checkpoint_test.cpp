// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/checkpoint.h"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "data/scratch.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/value.h"
#include "training/small_run.h"

namespace phaselaw::training {
namespace {

using base::Value;

std::uint64_t header_length(const std::string& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  return length;
}

// The file with its header changed by `change`.
template <class Change>
std::string with_header(const std::string& file, Change change) {
  const std::uint64_t length = header_length(file);
  Value header = base::parse_json(file.substr(8, length), "header");
  change(header);
  const std::string json = base::to_json(header, -1);
  const std::uint64_t new_length = json.size();
  std::string result(8, '\0');
  std::memcpy(result.data(), &new_length, 8);
  return result + json + file.substr(8 + length);
}

Value without(const Value& table, const std::string& key) {
  Value result = Value::table();
  for (const auto& [name, value] : table.entries())
    if (name != key) result[name] = value;
  return result;
}

TEST(Checkpoint, RoundTripsToTheBit) {
  const Scratch scratch;
  auto options = token_model();
  options.n_layers = 2;
  options.trainable = {"attn.q", "mlp.up"};
  options.branch_scale = 1.0 / 3;
  const model::ParameterTable table(options);
  const auto narrow = model::initialise<float>(table, 3);
  const auto wide = model::initialise<double>(table, 3);
  write_checkpoint<float>(scratch.path("f32"), options, narrow);
  write_checkpoint<double>(scratch.path("f64"), options, wide);
  EXPECT_EQ(read_checkpoint<float>(scratch.path("f32"), options), narrow);
  EXPECT_EQ(read_checkpoint<double>(scratch.path("f64"), options), wide);
  EXPECT_EQ(read_checkpoint<double>(scratch.path("f32"), options), std::vector<double>(narrow.begin(), narrow.end()));
  const auto restored = read_checkpoint_options(scratch.path("f64"));
  EXPECT_EQ(base::to_json(base::write_fields(restored)), base::to_json(base::write_fields(options)));
}

TEST(Checkpoint, LayoutIsTheFormats) {
  const auto options = small_model();
  const model::ParameterTable table(options);
  const auto theta = model::initialise<float>(table, 3);
  const std::string file = checkpoint_bytes<float>(options, theta);
  const std::uint64_t length = header_length(file);
  EXPECT_EQ((8 + length) % 8, 0U);
  ASSERT_EQ(file.size(), 8 + length + theta.size() * 4);
  const Value header = base::parse_json(file.substr(8, length), "header");
  const Value& down = header.at("layers.0.mlp.down");
  EXPECT_EQ(down.at("dtype").text(), "F32");
  EXPECT_EQ(down.at("shape").list()[0].integer(), 4);
  EXPECT_EQ(down.at("shape").list()[1].integer(), 8);
  const auto begin = static_cast<std::size_t>(down.at("data_offsets").list()[0].integer());
  const auto& block = table.at(model::BlockKind::mlp_down, 0);
  EXPECT_EQ(std::memcmp(file.data() + 8 + length + begin, theta.data() + block.offset,
                        static_cast<std::size_t>(block.size()) * 4),
            0);
  EXPECT_TRUE(header.at("__metadata__").at("model").is_text());
}

TEST(Checkpoint, TensorsMayComeInAnyOrder) {
  const Scratch scratch;
  const auto options = small_model();
  const auto theta = model::initialise<float>(model::ParameterTable(options), 3);
  const std::string file = with_header(checkpoint_bytes<float>(options, theta), [](Value& header) {
    Value turned = Value::table();
    for (auto entry = header.entries().rbegin(); entry != header.entries().rend(); ++entry)
      turned[entry->first] = entry->second;
    header = turned;
  });
  EXPECT_EQ(read_checkpoint<float>(scratch.file("w", file), options), theta);
}

TEST(Checkpoint, BadFilesAreOneClearErrorEach) {
  const Scratch scratch;
  const auto options = small_model();
  const model::ParameterTable table(options);
  const std::string good = checkpoint_bytes<float>(options, std::span<const float>(model::initialise<float>(table, 3)));
  const std::string wide =
      checkpoint_bytes<double>(options, std::span<const double>(model::initialise<double>(table, 3)));
  const auto entry = [&](const std::string& key, const Value& value) {
    return with_header(good, [&](Value& header) { header["layers.0.attn.q"][key] = value; });
  };
  std::string long_header = good;
  long_header[6] = 1;
  const auto offsets = [](std::int64_t a, std::int64_t b) { return Value(Value::List{a, b}); };
  const auto data_size = static_cast<std::int64_t>(good.size() - 8 - header_length(good));
  const auto renamed = [&](const std::string& from, const std::string& to) {
    return with_header(good, [&](Value& header) {
      header[to] = header[from];
      header = without(header, from);
    });
  };
  const struct {
    std::string bytes, expected;
  } cases[] = {
      {"", "expected a .safetensors file, found 0 bytes"},
      {long_header, "expected a .safetensors header of"},
      {good.substr(0, 100), "expected a .safetensors header of"},
      {std::string("\x02\0\0\0\0\0\0\0{]", 10), "not valid JSON"},
      {std::string("\x02\0\0\0\0\0\0\0[]", 10), "expected a JSON object"},
      {good.substr(0, good.size() - 1), "the file is incomplete"},
      {good + "x", "bytes of tensor data, found"},
      {renamed("layers.0.attn.q", "layers.0.attn.qq"), "tensor layers.0.attn.q is missing"},
      {with_header(good,
                   [&](Value& header) {
                     header["layers.0.attn.qq"] = header["layers.0.attn.q"];
                     header["layers.0.attn.qq"]["shape"] = Value(Value::List{std::int64_t{0}});
                     header["layers.0.attn.qq"]["data_offsets"] = offsets(data_size, data_size);
                   }),
       "unknown tensor 'layers.0.attn.qq'; did you mean 'layers.0.attn.q'"},
      {entry("shape", offsets(2, 8)), "tensor layers.0.attn.q: expected shape (4, 4), found (2, 8)"},
      {entry("dtype", "I32"), "tensor layers.0.attn.q: expected dtype F32, F16, BF16, found I32"},
      {entry("dtype", "BF16"), "tensor layers.0.attn.q: expected 32 bytes, found 64"},
      {wide, "expected dtype F32, F16, BF16, found F64"},
      {entry("dtype", 3), "its header entry is malformed"},
      {entry("data_offsets", offsets(0, 60)), "tensor layers.0.attn.q: expected 64 bytes, found 60"},
      {entry("data_offsets", offsets(64, 0)), "expected data_offsets [begin, end], found [64, 0]"},
      {entry("data_offsets", offsets(-64, 0)), "expected data_offsets [begin, end], found [-64, 0]"},
      {entry("data_offsets", offsets(4, 68)), "without gaps or overlaps"},
  };
  for (const auto& [bytes, expected] : cases) {
    const std::string path = scratch.file("w.safetensors", bytes);
    const std::string message =
        base::testing::message_of<base::InputError>([&] { static_cast<void>(read_checkpoint<float>(path, options)); });
    EXPECT_TRUE(base::testing::contains(message, expected)) << "expected " << expected << ", found " << message;
    EXPECT_EQ(message.find(path), 0U) << message;
  }
  const std::string bare =
      scratch.file("bare", with_header(good, [](Value& header) { header = without(header, "__metadata__"); }));
  EXPECT_TRUE(base::testing::contains(
      base::testing::message_of<base::InputError>([&] { static_cast<void>(read_checkpoint_options(bare)); }),
      "metadata entry"));
}

}  // namespace
}  // namespace phaselaw::training
