// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/safetensors.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/training/checkpoint.h"
#include "phaselaw/training/model_config.h"
#include "phaselaw/training/state_dict.h"

// phaselaw weights FILE: lists the contents of a .safetensors file; with --to, converts its names.
namespace phaselaw::cli {

namespace {

struct WeightsFlags {
  std::string file, to, out, model;
};

void list_tensors(const Common& common, const base::Safetensors& file) {
  base::Value tensors(base::Value::List{});
  std::vector<std::vector<std::string>> rows = {{"tensor", "dtype", "shape"}};
  std::int64_t numbers = 0;
  for (const auto& tensor : file.tensors()) {
    numbers += static_cast<std::int64_t>(tensor.count());
    rows.push_back({tensor.name, tensor.dtype, fmt::format("{}", fmt::join(tensor.shape, " x "))});
    tensors.push_back(
        base::Value::table({{"name", tensor.name}, {"dtype", tensor.dtype}, {"shape", base::Value(tensor.shape)}}));
  }
  const std::string names = base::enum_to_text(training::naming_of(file));
  emit_json(common, base::Value::table({{"file", file.source()},
                                        {"names", names},
                                        {"n_params", numbers},
                                        {"tensors", tensors},
                                        {"metadata", file.metadata()}}));
  if (common.json != "-")
    show("{}{} numbers in {} tensors, naming scheme {}\n", text_table(rows), base::format_count(numbers),
         file.tensors().size(), names);
}

template <class T>
void convert(const WeightsFlags& flags, training::Naming to, const base::Safetensors& file,
             const model::ModelOptions& options) {
  const auto theta = training::read_state_dict<T>(file, options);
  base::write_file(flags.out, training::state_dict_bytes<T>(to, options, theta));
}

// The model of the weights: from --model, from the file itself, or from the config.json beside it. Weights need no data,
// so only the section [model] of an experiment file is read.
model::ModelOptions model_of(const WeightsFlags& flags, const base::Safetensors& file) {
  if (flags.model.empty()) {
    if (file.metadata().is_table() && file.metadata().find("model") != nullptr)
      return training::read_checkpoint_options(flags.file);
    const std::filesystem::path beside = std::filesystem::path(flags.file).parent_path() / "config.json";
    if (std::filesystem::exists(beside)) return training::model_from_config(base::read_json(beside));
    throw base::InputError({flags.file},
                           "the file does not describe its model, and no config.json is beside it; give "
                           "a config.json, or an experiment file with that [model], by --model");
  }
  if (flags.model.ends_with(".json")) return training::model_from_config(base::read_json(flags.model));
  const base::Value document = base::read_toml(flags.model);
  const base::Value* section = document.find("model");
  if (section == nullptr)
    throw base::InputError({flags.model}, "expected a section [model], found none; or give a config.json");
  model::ModelOptions options;
  base::read_fields(*section, options, "model");
  model::validate(options, section->where());
  return options;
}

void run_weights(const Common& common, const WeightsFlags& flags) {
  require_outputs(common);
  if (flags.to.empty() != flags.out.empty())
    throw base::InputError({flags.to.empty() ? "--out" : "--to"}, "a conversion needs both --to and --out");
  const auto file = base::Safetensors::read(flags.file);
  if (flags.to.empty()) return list_tensors(common, file);
  const auto to = base::enum_from_text<training::Naming>(flags.to, {"--to"}, "names");
  base::require_writable_file(flags.out, "--out");
  const model::ModelOptions options = model_of(flags, file);
  bool wide = false;
  for (const auto& tensor : file.tensors()) wide = wide || tensor.dtype == "F64";
  if (wide)
    convert<double>(flags, to, file, options);
  else
    convert<float>(flags, to, file, options);
  if (common.json != "-") show("{}: {} names, {}\n", flags.out, flags.to, wide ? "F64" : "F32");
}

}  // namespace

void add_weights(Program& program) {
  auto flags = std::make_shared<WeightsFlags>();
  add_verb(program, "weights", "list the tensors of a .safetensors file, or convert its names",
           "phaselaw weights kernel/weights.safetensors", [&program, flags] { run_weights(program.common, *flags); })
      .positional("file", flags->file, ".safetensors file with the names of phaselaw, GPT-2 or Llama")
      .option("--to", flags->to, "naming scheme of the converted file: phaselaw, gpt2 or llama")
      .words("phaselaw|gpt2|llama")
      .option("--out", flags->out, ".safetensors file to write")
      .option(
          "--model", flags->model,
          "config.json (GPT-2, Llama) or experiment file with the [model] of the weights, if neither the file nor a "
          "config.json beside it describes them");
}

}  // namespace phaselaw::cli
