// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/zip_members.h"

#include <algorithm>
#include <new>

#include <zlib.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/byte_source.h"

namespace phaselaw::documents {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kLocalMagic = "PK\x03\x04"sv, kDirectoryMagic = "PK\x01\x02"sv, kEndMagic = "PK\x05\x06"sv;
constexpr std::size_t kLocalBytes = 30, kDirectoryBytes = 46, kEndBytes = 22, kLongestComment = 0xFFFF;

std::size_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::size_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}
std::size_t two_at(std::string_view bytes, std::size_t at) { return number_at(bytes, at, 2); }
std::size_t four_at(std::string_view bytes, std::size_t at) { return number_at(bytes, at, 4); }

[[noreturn]] void damaged_zip(const std::string& source, const std::string& what) {
  throw base::InputError({source}, fmt::format("the archive is damaged or cut ({}); copy it again", what));
}

// The last end record; a comment may follow it.
std::size_t end_record(std::string_view archive, const std::string& source) {
  if (archive.size() >= kEndBytes) {
    const std::size_t last = archive.size() - kEndBytes, first = last - std::min(last, kLongestComment);
    const std::size_t at = archive.substr(first).rfind(kEndMagic, last - first);
    if (at != std::string_view::npos) return first + at;
  }
  damaged_zip(source, "its directory is missing");
}

// The member of the directory record at `at`.
ZipMember member_at(std::string_view archive, std::size_t at, const std::string& source) {
  const std::string_view record = archive.substr(at);
  constexpr std::size_t kSaysMore = 0xFFFFFFFF;  // the number is in a record for large files
  ZipMember member{.name = std::string(record.substr(kDirectoryBytes, two_at(record, 28))),
                   .deflated = two_at(record, 10) == 8,
                   .crc = static_cast<std::uint32_t>(four_at(record, 16)),
                   .packed = four_at(record, 20),
                   .size = four_at(record, 24)};
  const std::size_t local = four_at(record, 42), method = two_at(record, 10);
  if ((two_at(record, 8) & 1) != 0)
    throw base::InputError({source}, "the archive is encrypted; write it without a password");
  if (method != 0 && method != 8)
    throw base::InputError({source}, fmt::format("the member '{}' is compressed by method {}, which is not read; write "
                                                 "the archive with numpy.savez_compressed",
                                                 member.name, method));
  if (member.packed == kSaysMore || member.size == kSaysMore || local == kSaysMore)
    throw base::InputError({source}, "the archive has members of more than 4 GiB; save fewer values");
  if (local > archive.size() || archive.size() - local < kLocalBytes || !archive.substr(local).starts_with(kLocalMagic))
    damaged_zip(source, fmt::format("'{}' is not where the directory says", member.name));
  member.offset = local + kLocalBytes + two_at(archive, local + 26) + two_at(archive, local + 28);
  if (member.offset > archive.size() || archive.size() - member.offset < member.packed ||
      (!member.deflated && member.packed != member.size))
    damaged_zip(source, fmt::format("'{}' is not complete", member.name));
  return member;
}

std::string_view inflated(std::string_view packed, const ZipMember& member, std::size_t most, const std::string& source,
                          std::string& storage) {
  storage.resize(std::min(most, member.size));
  z_stream stream{};
  if (::inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(storage.data());
  stream.avail_out = static_cast<uInt>(storage.size());
  const int status = storage.empty() ? Z_STREAM_END : ::inflate(&stream, Z_SYNC_FLUSH);
  const bool whole = stream.avail_out == 0 && (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR);
  ::inflateEnd(&stream);
  if (!whole) damaged_zip(source, fmt::format("'{}' cannot be decompressed", member.name));
  return storage;
}

}  // namespace

std::string_view first_zip_name(std::string_view head) {
  if (!head.starts_with(kLocalMagic) || head.size() < kLocalBytes) return "";
  return head.substr(kLocalBytes, two_at(head, 26));
}

std::vector<ZipMember> zip_members(std::string_view archive, const std::string& source, std::size_t most_bytes) {
  const std::size_t end = end_record(archive, source);
  const std::size_t count = two_at(archive, end + 10);
  std::size_t at = four_at(archive, end + 16);
  std::vector<ZipMember> members;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (at > end || end - at < kDirectoryBytes || !archive.substr(at).starts_with(kDirectoryMagic))
      damaged_zip(source, "its directory is not complete");
    const std::size_t record =
        kDirectoryBytes + two_at(archive, at + 28) + two_at(archive, at + 30) + two_at(archive, at + 32);
    if (end - at < record) damaged_zip(source, "its directory is not complete");
    members.push_back(member_at(archive, at, source));
    at += record;
    bytes += members.back().size;
    if (bytes > most_bytes)
      throw base::InputError(
          {source},
          "the members of the archive are larger than a quarter of --memory-limit; raise it, or save "
          "fewer arrays");
    if (is_decompression_bomb(bytes, archive.size()))
      throw base::InputError({source},
                             "the members of the archive are more than 200 times larger than the archive, as "
                             "in archives that were made to fill a memory; if it is sound, save it with "
                             "numpy.savez");
  }
  return members;
}

std::string_view zip_start(std::string_view archive, const ZipMember& member, const std::string& source,
                           std::string& storage, std::size_t most) {
  const std::string_view packed = archive.substr(member.offset, member.packed);
  if (!member.deflated) return packed.substr(0, most);
  return inflated(packed, member, most, source, storage);
}

std::string_view zip_content(std::string_view archive, const ZipMember& member, const std::string& source,
                             std::string& storage) {
  const std::string_view bytes = zip_start(archive, member, source, storage, member.size);
  const auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  if (static_cast<std::uint32_t>(crc) != member.crc)
    damaged_zip(source, fmt::format("the check sum of '{}' differs", member.name));
  return bytes;
}

}  // namespace phaselaw::documents
