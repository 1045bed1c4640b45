// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/byte_source.h"

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kCompressedPiece = 1 << 17;
constexpr std::uint64_t kLargestWindow = std::uint64_t{1} << 28;
constexpr int kLargestWindowLog = 28;

// What the three libraries have in common: pieces of input, the end of the input, and the limits.
class Decompressor : public ByteSource {
 public:
  Decompressor(ByteSource& from, std::string head, std::string name, std::string source)
      : from_(from), buffer_(std::move(head)), name_(std::move(name)), source_(std::move(source)) {
    input_ = buffer_;
  }

  std::size_t read(char* to, std::size_t size) final {
    std::size_t written = 0;
    while (written < size && !done_) {
      if (input_.empty() && !at_end_) refill();
      const std::size_t before = input_.size();
      const std::size_t made = step(to + written, size - written);
      written += made;
      taken_ += before - input_.size();
      // Neither input nor output: the library waits for input that does not exist.
      if (made == 0 && before == input_.size() && !done_ && (at_end_ || before > 0)) truncated();
    }
    made_ += written;
    if (is_decompression_bomb(made_, taken_))
      fail(
          fmt::format("the {} data become more than 200 times larger, as data do that were made to fill a memory; if "
                      "they are sound, decompress them yourself and read the result",
                      name_));
    return written;
  }

 protected:
  // Consumes some of input_ and writes at most `size` bytes; sets done_ at the end of the data.
  virtual std::size_t step(char* to, std::size_t size) = 0;

  void refill() {
    buffer_.resize(kCompressedPiece);
    const std::size_t got = from_.read(buffer_.data(), buffer_.size());
    at_end_ = got == 0;
    input_ = std::string_view(buffer_).substr(0, got);
  }
  [[noreturn]] void fail(const std::string& what) const { throw base::InputError({source_}, what); }
  [[noreturn]] void truncated() const {
    fail(fmt::format("the {} data are truncated; wait until the file is complete, or copy it again", name_));
  }
  [[noreturn]] void damaged(const std::string& why) const {
    fail(fmt::format("the {} data are damaged ({}); copy the file again", name_, why));
  }
  [[noreturn]] void too_large_window() const {
    fail(
        fmt::format("decompression of the {} data needs more than {} MiB for its window; decompress the file yourself "
                    "and read the result",
                    name_, kLargestWindow >> 20));
  }

  std::string_view input_;
  bool at_end_ = false, done_ = false;

 private:
  ByteSource& from_;
  std::string buffer_, name_, source_;
  std::size_t made_ = 0, taken_ = 0;
};

class GzipSource final : public Decompressor {
 public:
  GzipSource(ByteSource& from, std::string head, const std::string& source)
      : Decompressor(from, std::move(head), "gzip", source) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (::inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~GzipSource() override { ::inflateEnd(&stream_); }

 private:
  std::size_t step(char* to, std::size_t size) override {
    if (between_ && !begins_member()) return 0;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.data()));
    stream_.avail_in = static_cast<uInt>(input_.size());
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(size);
    const int status = ::inflate(&stream_, Z_NO_FLUSH);
    input_.remove_prefix(input_.size() - stream_.avail_in);
    between_ = status == Z_STREAM_END;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
      damaged(stream_.msg != nullptr ? stream_.msg : "unknown fault");
    return size - stream_.avail_out;
  }
  // After a member: another one, zeros up to the end of the file (from tapes), or the end.
  bool begins_member() {
    if (input_.empty()) {
      done_ = at_end_;
    } else if (input_.front() == '\0') {
      padded_ = true;
      input_.remove_prefix(std::min(input_.find_first_not_of('\0'), input_.size()));
    } else if (input_.front() == '\x1f' && !padded_) {
      ::inflateReset(&stream_);
      between_ = false;
    } else {
      damaged("other bytes follow them");
    }
    return !between_;
  }

  z_stream stream_{};
  bool between_ = false, padded_ = false;
};

class ZstdSource final : public Decompressor {
 public:
  ZstdSource(ByteSource& from, std::string head, const std::string& source)
      : Decompressor(from, std::move(head), "zstd", source), stream_(::ZSTD_createDStream(), &::ZSTD_freeDStream) {
    if (stream_ == nullptr) throw std::bad_alloc();
    ::ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kLargestWindowLog);
  }

 private:
  std::size_t step(char* to, std::size_t size) override {
    if (input_.empty() && at_end_ && whole_frame_) {
      done_ = true;
      return 0;
    }
    ZSTD_inBuffer in{input_.data(), input_.size(), 0};
    ZSTD_outBuffer out{to, size, 0};
    const std::size_t hint = ::ZSTD_decompressStream(stream_.get(), &out, &in);
    if (::ZSTD_isError(hint) != 0) {
      if (::ZSTD_getErrorCode(hint) == ZSTD_error_frameParameter_windowTooLarge) too_large_window();
      damaged(::ZSTD_getErrorName(hint));
    }
    input_.remove_prefix(in.pos);
    whole_frame_ = hint == 0;
    return out.pos;
  }

  std::unique_ptr<ZSTD_DStream, decltype(&::ZSTD_freeDStream)> stream_;
  bool whole_frame_ = false;
};

class XzSource final : public Decompressor {
 public:
  XzSource(ByteSource& from, std::string head, const std::string& source)
      : Decompressor(from, std::move(head), "xz", source) {
    if (::lzma_stream_decoder(&stream_, kLargestWindow, LZMA_CONCATENATED) != LZMA_OK) throw std::bad_alloc();
  }
  ~XzSource() override { ::lzma_end(&stream_); }

 private:
  std::size_t step(char* to, std::size_t size) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input_.data());
    stream_.avail_in = input_.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(to);
    stream_.avail_out = size;
    const lzma_ret status = ::lzma_code(&stream_, at_end_ ? LZMA_FINISH : LZMA_RUN);
    input_.remove_prefix(input_.size() - stream_.avail_in);
    done_ = status == LZMA_STREAM_END;
    if (status == LZMA_MEMLIMIT_ERROR) too_large_window();
    if (status == LZMA_BUF_ERROR && at_end_) truncated();
    if (status == LZMA_FORMAT_ERROR) damaged("other bytes follow them");
    if (status != LZMA_OK && status != LZMA_STREAM_END && status != LZMA_BUF_ERROR)
      damaged(status == LZMA_OPTIONS_ERROR ? "unknown options" : "a check fails");
    return size - stream_.avail_out;
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
};

}  // namespace

Compression compression_of(std::string_view head) {
  constexpr std::string_view kXz(
      "\xfd"
      "7zXZ\0",
      6);
  if (head.starts_with("\x1f\x8b")) return Compression::gzip;
  if (head.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
  if (head.starts_with(kXz)) return Compression::xz;
  return Compression::none;
}

std::string name_of(Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return "gzip";
    case Compression::zstd:
      return "zstd";
    case Compression::xz:
      return "xz";
    case Compression::none:
      break;
  }
  return "";
}

std::unique_ptr<ByteSource> decompressed(ByteSource& from, std::string head, Compression compression,
                                         const std::string& source) {
  switch (compression) {
    case Compression::gzip:
      return std::make_unique<GzipSource>(from, std::move(head), source);
    case Compression::zstd:
      return std::make_unique<ZstdSource>(from, std::move(head), source);
    case Compression::xz:
      return std::make_unique<XzSource>(from, std::move(head), source);
    case Compression::none:
      break;
  }
  PHASELAW_CHECK(false);
  return nullptr;
}

}  // namespace phaselaw::documents
