// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/input.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/binary_kinds.h"
#include "phaselaw/documents/byte_source.h"
#include "phaselaw/documents/folder.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kPiece = 1 << 18;
constexpr std::size_t kStreamShare = 16;  // a stream may fill this part of what a file may

// An open file, pipe or device.
class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::string& path) : source_(path == "-" ? "standard input" : path) {
    file_ = path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : base::open_input(path);
    if (file_ < 0 || ::fstat(file_, &status_) != 0) fail(errno);
  }
  ~FileSource() override { close(); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] bool is_regular() const { return S_ISREG(status_.st_mode); }
  [[nodiscard]] std::size_t size() const { return is_regular() ? static_cast<std::size_t>(status_.st_size) : 0; }

  std::size_t read(char* to, std::size_t size) override {
    for (;;) {
      const ssize_t got = ::read(file_, to, size);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) fail(errno);
      base::throw_if_interrupted();
    }
  }

 private:
  void close() {
    if (file_ >= 0) ::close(std::exchange(file_, -1));
  }
  [[noreturn]] void fail(int problem) {
    close();
    throw base::InputError({source_}, fmt::format("cannot be read ({}); check the path", std::strerror(problem)));
  }

  std::string source_;
  int file_ = -1;
  struct stat status_ {};
};

// Room for `size` bytes in all, in large pages where the system has them: a tenth of the page faults.
void reserve_for(std::string& text, std::size_t size) {
  if (text.capacity() >= size) return;
  text.reserve(size);
  constexpr std::uintptr_t kPage = 1 << 21;
  const auto begin = (reinterpret_cast<std::uintptr_t>(text.data()) + kPage - 1) / kPage * kPage;
  const auto end = reinterpret_cast<std::uintptr_t>(text.data() + text.capacity()) / kPage * kPage;
  // A hint: where it is not understood, reading is only slower.
  if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

// Appends up to `size` bytes. False at the end of the source. The last growth is to `most` bytes, so that a text near
// its limit is never copied.
bool append_some(std::string& text, ByteSource& from, std::size_t size, std::size_t most) {
  const std::size_t used = text.size(), needed = used + size;
  if (text.capacity() < needed + Document::kPadding) {
    const std::size_t grown = needed + needed / 2;
    reserve_for(text, std::max(needed, grown + grown / 2 > most ? std::min(most, 2 * grown) + size : grown) +
                          Document::kPadding);
  }
  text.resize(needed);
  const std::size_t got = from.read(text.data() + used, size);
  text.resize(used + got);
  return got > 0;
}

// What the bytes of a document may be.
struct Limit {
  std::size_t bytes = 0;
  std::size_t earlier = 0;  // bytes of documents before, which count too
  std::string what_to_do = {};

  void require(std::size_t found, const std::string& source) const {
    if (found <= bytes - std::min(bytes, earlier)) return;
    throw base::InputError({source}, fmt::format("expected at most {} of data{}, found more; {}",
                                                 base::bytes_text(static_cast<double>(bytes)),
                                                 earlier > 0 ? " in all documents together" : "", what_to_do));
  }
};

Limit limit_of(const FileSource& file, const DocumentOptions& options, std::size_t earlier) {
  if (file.is_regular())
    return {options.most_bytes(), earlier, "split the file, or raise --memory-limit to 4 times its size"};
  return {options.most_bytes() / kStreamShare, earlier,
          "if the stream has an end, save it as a file, or raise --memory-limit"};
}

// The whole text from its source, which begins with what `text` holds already.
void fill(std::string& text, ByteSource& from, const std::string& source, const Limit& limit, std::size_t piece) {
  bool more = true;
  while (more && text.size() < kHeadBytes) more = append_some(text, from, kHeadBytes - text.size(), limit.bytes);
  require_readable(text, source);
  while (more) {
    limit.require(text.size(), source);
    more = append_some(text, from, piece, limit.bytes);
  }
}

Document opened(const std::string& path, const DocumentOptions& options, std::size_t earlier) {
  FileSource file(path);
  Document document{.source = file.source(), .text = nullptr, .compression = "", .encoding = ""};
  const Limit limit = limit_of(file, options, earlier);
  limit.require(file.size(), document.source);
  auto text = std::make_shared<std::string>();
  constexpr std::size_t kMagic = 8;
  while (text->size() < kMagic && append_some(*text, file, kMagic - text->size(), kMagic)) {
  }
  const Compression compression = compression_of(*text);
  if (compression == Compression::none) {
    if (file.is_regular()) reserve_for(*text, file.size() + kPiece + Document::kPadding);
    fill(*text, file, document.source, limit, file.is_regular() ? kPiece : kHeadBytes);
  } else {
    document.compression = name_of(compression);
    const auto unpacked = decompressed(file, std::exchange(*text, {}), compression, document.source);
    fill(*text, *unpacked, document.source, limit, kPiece);
  }
  if (text->empty())
    throw base::InputError({document.source}, "the document is empty; check that the run has written to it");
  document.text = std::move(text);
  return document;
}

}  // namespace

Document open_document(const std::string& path, const DocumentOptions& options) { return opened(path, options, 0); }

Opened open_documents(const std::vector<std::string>& paths, const DocumentOptions& options) {
  Listing listing = list_documents(paths, options);
  Opened result{.documents = {}, .skipped = std::move(listing.skipped)};
  std::size_t bytes = 0;
  for (const std::string& path : listing.paths) {
    result.documents.push_back(opened(path, options, bytes));
    bytes += result.documents.back().text->size();
  }
  return result;
}

void require_short_lines(const Document& document) {
  const std::string& text = *document.text;
  std::size_t begin = 0;
  // The last end of a line that is near enough: a step of almost kLongestLine bytes.
  while (text.size() - begin > kLongestLine) {
    const auto end = std::string_view(text).substr(begin, kLongestLine + 1).find_last_of("\r\n");
    if (end == std::string_view::npos) {
      const auto lines = std::count(text.begin(), text.begin() + static_cast<long>(begin), '\n');
      throw base::InputError({document.source, lines + 1},
                             fmt::format("expected lines of at most {} bytes, found a longer one; check that the file "
                                         "is a table or a log, and break the line",
                                         kLongestLine));
    }
    begin += end + 1;
  }
}

}  // namespace phaselaw::documents
