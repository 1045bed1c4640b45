// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/checkpoint.h"

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/safetensors.h"
#include "phaselaw/training/state_dict.h"

namespace phaselaw::training {

template <class T>
std::string checkpoint_bytes(const model::ModelOptions& options, std::span<const T> theta) {
  return state_dict_bytes<T>(Naming::phaselaw, options, theta);
}

template <class T>
void write_checkpoint(const std::string& path, const model::ModelOptions& options, std::span<const T> theta) {
  base::write_file(path, checkpoint_bytes(options, theta));
}

model::ModelOptions read_checkpoint_options(const std::string& path) {
  const auto file = base::Safetensors::read(path);
  const base::Value* section = file.metadata().find("model");
  if (section == nullptr)
    throw base::InputError({path}, "expected the metadata entry \"model\", which phaselaw writes; found none");
  model::ModelOptions options;
  base::read_fields(base::parse_json(section->text(), path), options, "model");
  model::validate(options, {path});
  return options;
}

template <class T>
std::vector<T> read_checkpoint(const std::string& path, const model::ModelOptions& options) {
  return read_state_dict<T>(base::Safetensors::read(path), options);
}

template std::string checkpoint_bytes<float>(const model::ModelOptions&, std::span<const float>);
template std::string checkpoint_bytes<double>(const model::ModelOptions&, std::span<const double>);
template void write_checkpoint<float>(const std::string&, const model::ModelOptions&, std::span<const float>);
template void write_checkpoint<double>(const std::string&, const model::ModelOptions&, std::span<const double>);
template std::vector<float> read_checkpoint<float>(const std::string&, const model::ModelOptions&);
template std::vector<double> read_checkpoint<double>(const std::string&, const model::ModelOptions&);

}  // namespace phaselaw::training
