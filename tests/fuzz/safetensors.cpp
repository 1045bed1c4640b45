// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a .safetensors file: refused with an InputError, or tensors that lie inside the file and are written and
// read again as the same bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace phaselaw::base;
  try {
    const auto file = Safetensors::parse(std::string(reinterpret_cast<const char*>(bytes), size), "fuzz");
    const std::string written = safetensors_bytes(file.metadata(), file.tensors());
    const auto again = Safetensors::parse(written, "written");
    if (again.tensors().size() != file.tensors().size()) std::abort();
    for (const Tensor& tensor : file.tensors()) {
      const Tensor* same = again.find(tensor.name);
      if (same == nullptr || same->dtype != tensor.dtype || same->shape != tensor.shape || same->bytes != tensor.bytes)
        std::abort();
      if (file.find(tensor.name) == nullptr) std::abort();
      try {
        if (numbers_of<double>(tensor, "fuzz").size() != tensor.count()) std::abort();
      } catch (const InputError&) {  // a dtype that is not converted
      }
    }
  } catch (const InputError&) {  // refused: as good an answer
  }
  return 0;
}
