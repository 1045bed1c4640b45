// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>
#include <optional>
#include <variant>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/cli/kernel_files.h"
#include "phaselaw/ranks/launch.h"
#include "phaselaw/report/format.h"
#include "phaselaw/verbs/experiment.h"

// phaselaw kernel EXP.toml --out DIR: the tangent kernel on the training inputs, its layers and its spectrum.
namespace phaselaw::cli {

namespace {

struct KernelFlags {
  GivenFlags given;
  std::string experiment, out;
};

base::Value in_one_process(const verbs::KernelRequest& request, const std::string& out) {
  base::require_writable_directory(out, "--out");
  verbs::KernelAnswer answer = verbs::tangent_kernel(request);
  // Large matrices are not finished after an interrupt. Where kernel.json exists, the files belong together.
  std::error_code absent;
  std::filesystem::remove(std::filesystem::path(out) / "kernel.json", absent);
  if (const auto* density = std::get_if<kernel::SpectralDensity>(&answer.found)) write_density(out, *density);
  if (const auto* dense = std::get_if<verbs::DenseAnswer<double>>(&answer.found))
    write_files(out, request.experiment, *dense);
  if (const auto* dense = std::get_if<verbs::DenseAnswer<float>>(&answer.found))
    write_files(out, request.experiment, *dense);
  return std::move(answer.json);
}

// The same files, written by all ranks together. Unset on every rank but the first.
template <class T>
std::optional<base::Value> on_ranks(const verbs::KernelRequest& request, const std::string& out) {
  KernelFiles<T> files(out);
  auto answer = verbs::distributed_kernel<T>(request, files);
  if (!answer) return {};
  write_spectrum(out, answer->spectrum);
  return std::move(answer->json);
}

std::optional<base::Value> carry_out(const verbs::KernelRequest& request, const std::string& out) {
  if (!request.distributed) return in_one_process(request, out);
  return request.experiment.kernel.dtype == kernel::Dtype::float32 ? on_ranks<float>(request, out)
                                                                   : on_ranks<double>(request, out);
}

void run_kernel(const Common& common, const KernelFlags& flags) {
  verbs::KernelRequest request;
  flags.given.over(request);  // for --set, and again because flags override the section [kernel]
  request.experiment = sweep::experiment_from(verbs::document_of(flags.experiment, request.set, request.seed));
  flags.given.over(request);
  request.validate();
  if (!request.distributed) ranks::require_one_rank("phaselaw kernel", "add --distributed, or start it without mpirun");
  if (ranks::launch().rank == 0) require_outputs(common);
  std::optional<base::Value> json = carry_out(request, flags.out);
  if (!json) return;
  write_json(common, std::filesystem::path(flags.out) / "kernel.json", *json);
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"quantity", "value"}};
  for (const auto& [key, value] : json->entries())
    if (value.is_number())
      rows.push_back(
          {key, value.is_integer() ? base::format_count(value.number()) : base::format_number(value.number(), 6)});
  show("{}{}/kernel.json\n", text_table(rows), flags.out);
}

}  // namespace

void add_kernel(Program& program) {
  auto flags = std::make_shared<KernelFlags>();
  add_verb(program, "kernel", "compute the layer-wise tangent kernel and its spectrum",
           "phaselaw kernel examples/kernel.toml --out kernel",
           [&program, flags] { run_kernel(program.common, *flags); })
      .positional("experiment", flags->experiment,
                  "experiment file (TOML); the kernel is computed on its training inputs")
      .required("--out", flags->out, "directory for kernel.npy, kernel_layer_<nu>.npy, spectrum.csv, kernel.json, ...")
      .fields(verbs::KernelRequest{}, flags->given)
      .moved("--blocks", "--detail blocks");
}

}  // namespace phaselaw::cli
