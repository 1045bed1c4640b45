// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The members of a zip archive, stored or deflated, as NumPy writes them [T: the .ZIP file format specification, 4.3].
namespace phaselaw::documents {

struct ZipMember {
  std::string name;
  bool deflated = false;
  std::uint32_t crc = 0;
  std::size_t packed = 0, size = 0;  // bytes in the archive, and after decompression
  std::size_t offset = 0;            // of the first packed byte
};

// The name of the first member, from the first bytes of an archive; empty if it is none.
[[nodiscard]] std::string_view first_zip_name(std::string_view head);

// From the directory at the end of the archive; linear in its size. InputError at `source`: an archive that is cut or
// damaged, encrypted or of more than 4 GiB; members that are together larger than `most_bytes`, or than 64 MiB and
// 200 times the archive; another method of compression.
[[nodiscard]] std::vector<ZipMember> zip_members(std::string_view archive, const std::string& source,
                                                 std::size_t most_bytes);

// The bytes of a member: in the archive if it is stored, otherwise in `storage`. InputError if they are damaged.
[[nodiscard]] std::string_view zip_content(std::string_view archive, const ZipMember& member, const std::string& source,
                                           std::string& storage);
// The first bytes only, at most `most`; their check sum is not compared.
[[nodiscard]] std::string_view zip_start(std::string_view archive, const ZipMember& member, const std::string& source,
                                         std::string& storage, std::size_t most);

}  // namespace phaselaw::documents
