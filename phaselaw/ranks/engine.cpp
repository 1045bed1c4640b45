// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/engine.h"

#include <filesystem>

#include <dlfcn.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::ranks {

namespace {

constexpr const char* kRemedy =
    "on Debian: apt-get install openmpi-bin libopenmpi-dev libscalapack-openmpi-dev, then build again (setup/build.sh phaselaw)";

#ifndef PHASELAW_WITHOUT_MPI
// The module is next to the program (a build), or in ../lib/phaselaw (an installation).
std::filesystem::path module_path() {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& path : {folder / kEngineFile, folder.parent_path() / "lib" / "phaselaw" / kEngineFile})
    if (std::filesystem::exists(path, error)) return path;
  throw base::InputError(
      fmt::format("this program was built without MPI ({} is missing next to it): {}", kEngineFile, kRemedy));
}
#endif

}  // namespace

#ifdef PHASELAW_WITHOUT_MPI  // a static program cannot load modules at all
std::unique_ptr<Engine> start_engine() {
  throw base::InputError(fmt::format(
      "this program was built without MPI, so it runs as one process; use a program built from the sources on this machine: {}",
      kRemedy));
}
#else
std::unique_ptr<Engine> start_engine() {
  const auto path = module_path();
  // GLOBAL: Open MPI loads plug-ins that look for its own symbols. The module is never unloaded.
  void* module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  if (module == nullptr) throw base::InputError(fmt::format("MPI cannot be loaded: {}; {}", ::dlerror(), kRemedy));
  const auto make = reinterpret_cast<MakeEngine>(::dlsym(module, kEngineSymbol));
  std::unique_ptr<Engine> engine(make != nullptr ? make(kEngineInterface) : nullptr);
  if (!engine)
    throw base::InputError(
        fmt::format("{} belongs to another version of this program; build or install both together", path.string()));
  return engine;
}
#endif

}  // namespace phaselaw::ranks
