#include "chunks.h"

#include <algorithm>
#include <cstring>

#include "recovery.h"

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

namespace {

// Reading a hole of this size costs less than a second request.
constexpr uint64_t kJoinBytes = 64 * 1024;

// A payload as it is read, with its aligned surroundings, fits without growing the buffer again.
constexpr size_t kOutputSlack = 2 * size_t{File::kLargestAlignment};

bool allZero(const uint8_t* bytes, size_t length) {
  constexpr size_t kHead = 64;
  const size_t head = std::min(length, kHead);
  uint8_t seen = 0;
  for (size_t i = 0; i < head; i++) seen |= bytes[i];
  // If the head is zero and every byte equals the one before it by 64, all are.
  return seen == 0 && (length <= kHead || memcmp(bytes, bytes + kHead, length - kHead) == 0);
}

void hash(const uint8_t* bytes, size_t length, uint8_t id[kIdBytes]) {
  blake3_hasher state;
  blake3_hasher_init(&state);
  blake3_hasher_update(&state, bytes, length);
  blake3_hasher_finalize(&state, id, kIdBytes);
}

void identify(Slot& slot, Context& context, std::vector<uint32_t> lengths, ChunkResult& result) {
  result.ids.resize(lengths.size() * kIdBytes);
  result.zero.resize(lengths.size());
  size_t at = 0;
  for (size_t i = 0; i < lengths.size(); i++) {
    const uint8_t* chunk = slot.chunks.data() + at;
    uint8_t* id = result.ids.data() + i * kIdBytes;
    result.zero[i] = allZero(chunk, lengths[i]) ? 1 : 0;
    if (result.zero[i] == 0) {
      hash(chunk, lengths[i], id);
    } else {
      if (context.zeroLength != lengths[i]) {
        hash(chunk, lengths[i], context.zeroId);
        context.zeroLength = lengths[i];
      }
      memcpy(id, context.zeroId, kIdBytes);
    }
    at += lengths[i];
  }
  slot.filled = at;
  slot.lengths = std::move(lengths);
}

// Reads pieces [from, to), which lie at the same distance in buffer and file, in one request.
Failure readRun(File& file, Slot& slot, Context& context, const std::vector<Piece>& reads, size_t from, size_t to,
                const std::atomic<bool>& cancelled, std::vector<double>& bad) {
  const Piece& first = reads[from];
  const Piece& last = reads[to - 1];
  const uint64_t length = last.buffer + last.length - first.buffer;
  uint8_t* place = slot.chunks.data() + first.buffer;
  const int64_t got = file.read(place, static_cast<size_t>(length), first.file, context.bounce);
  if (got == static_cast<int64_t>(length)) {
    file.remember(first.file);
    for (size_t i = from; i + 1 < to; i++) {
      const uint64_t end = reads[i].buffer + reads[i].length;
      memset(slot.chunks.data() + end, 0, static_cast<size_t>(reads[i + 1].buffer - end));
    }
    return {};
  }
  if (got < 0 && !sys::isMediumError(static_cast<int>(-got))) return failedAt("pread", got, first.file, length);
  memset(place, 0, static_cast<size_t>(length));
  for (size_t i = from; i < to; i++) {
    const Piece& piece = reads[i];
    if (Failure failure = recover(file, slot.chunks.data() + piece.buffer, static_cast<size_t>(piece.length),
                                  piece.file, context.bounce, cancelled, bad))
      return failure;
  }
  return {};
}

uint64_t sum(const std::vector<uint32_t>& lengths) {
  uint64_t total = 0;
  for (const uint32_t length : lengths) total += length;
  return total;
}

}  // namespace

Context::~Context() {
  ZSTD_freeCCtx(compressor);
  ZSTD_freeDCtx(decompressor);
}

std::unique_ptr<Context> Contexts::take() {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (free_.empty()) return std::make_unique<Context>();
  std::unique_ptr<Context> context = std::move(free_.back());
  free_.pop_back();
  return context;
}

void Contexts::put(std::unique_ptr<Context> context) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (!closed_) free_.push_back(std::move(context));
}

void Contexts::clear() {
  const std::lock_guard<std::mutex> guard(mutex_);
  closed_ = true;
  free_.clear();
}

void Slot::clear() {
  lengths.clear();
  filled = 0;
  payload = nullptr;
  payloadBytes = 0;
}

Failure readChunks(File& file, Slot& slot, Context& context, std::vector<uint32_t> lengths,
                   const std::vector<Piece>& reads, const std::atomic<bool>& cancelled, ChunkResult& result) {
  slot.clear();
  if (!slot.chunks.reserve(slot.frameBytes)) return Failure{ENOMEM, "mmap"};
  const uint64_t total = sum(lengths);
  uint64_t done = 0;
  for (size_t from = 0; from < reads.size();) {
    if (cancelled.load()) return Failure{ECANCELED, "pread"};
    size_t to = from + 1;
    while (to < reads.size() && reads[to].file - reads[from].file == reads[to].buffer - reads[from].buffer &&
           reads[to].buffer - (reads[to - 1].buffer + reads[to - 1].length) <= kJoinBytes)
      to++;
    memset(slot.chunks.data() + done, 0, static_cast<size_t>(reads[from].buffer - done));
    if (Failure failure = readRun(file, slot, context, reads, from, to, cancelled, result.bad)) return failure;
    done = reads[to - 1].buffer + reads[to - 1].length;
    from = to;
  }
  memset(slot.chunks.data() + done, 0, static_cast<size_t>(total - done));
  identify(slot, context, std::move(lengths), result);
  return {};
}

Failure loadChunks(Slot& slot, Context& context, std::vector<uint32_t> lengths, const std::vector<uint8_t>& bytes,
                   ChunkResult& result) {
  slot.clear();
  if (!slot.chunks.reserve(slot.frameBytes)) return Failure{ENOMEM, "mmap"};
  memcpy(slot.chunks.data(), bytes.data(), bytes.size());
  identify(slot, context, std::move(lengths), result);
  return {};
}

Failure compressChunks(Slot& slot, Context& context, const std::vector<uint8_t>& select, int level, bool& stored) {
  uint8_t* const source = slot.chunks.data();
  const std::vector<uint32_t> lengths = std::move(slot.lengths);
  slot.clear();
  size_t total = 0;
  size_t at = 0;
  for (size_t i = 0; i < lengths.size(); i++) {
    // In place: a second buffer for each worker would be a third of all memory.
    if (select[i] != 0 && total != at) memmove(source + total, source + at, lengths[i]);
    if (select[i] != 0) total += lengths[i];
    at += lengths[i];
  }
  if (context.compressor == nullptr) context.compressor = ZSTD_createCCtx();
  if (context.compressor == nullptr || !slot.output.reserve(slot.frameBytes + kOutputSlack))
    return Failure{ENOMEM, "compress"};
  stored = true;
  slot.payload = source;
  slot.payloadBytes = total;
  if (total == 0) return {};
  size_t result = ZSTD_CCtx_reset(context.compressor, ZSTD_reset_session_and_parameters);
  if (!ZSTD_isError(result)) result = ZSTD_CCtx_setParameter(context.compressor, ZSTD_c_compressionLevel, level);
  // Room for one byte less than the source: a payload that saves nothing does not fit.
  if (!ZSTD_isError(result))
    result = ZSTD_compress2(context.compressor, slot.output.data(), total - 1, source, total);
  if (ZSTD_isError(result)) {
    const ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
    if (code == ZSTD_error_dstSize_tooSmall) return {};
    slot.clear();
    return Failure{code == ZSTD_error_memory_allocation ? ENOMEM : EIO, "compress"};
  }
  stored = false;
  slot.payload = slot.output.data();
  slot.payloadBytes = result;
  return {};
}

Failure writeFrame(File& file, Slot& slot, uint64_t offset, const std::vector<uint8_t>& header, Hasher* hasher) {
  iovec parts[] = {{const_cast<uint8_t*>(header.data()), header.size()},
                   {const_cast<uint8_t*>(slot.payload), slot.payloadBytes}};
  const int64_t put = file.writeCached(parts, 2, offset);
  if (put < 0) return failedAt("pwritev", put, offset, header.size() + slot.payloadBytes);
  if (hasher != nullptr) {
    hasher->update(header.data(), header.size());
    hasher->update(slot.payload, slot.payloadBytes);
  }
  return {};
}

Failure readFrame(File& file, Slot& slot, Context& context, uint64_t offset, size_t payloadBytes, bool stored,
                  std::vector<uint32_t> lengths, ChunkResult& result, std::string& problem) {
  slot.clear();
  if (!slot.chunks.reserve(slot.frameBytes)) return Failure{ENOMEM, "mmap"};
  const auto total = static_cast<size_t>(sum(lengths));
  size_t at = 0;
  if (!slot.output.reserve(slot.frameBytes + kOutputSlack)) return Failure{ENOMEM, "mmap"};
  const int64_t got = file.readSpan(slot.output, payloadBytes, offset, at);
  if (got < 0) return failedAt("pread", got, offset, payloadBytes);
  if (static_cast<size_t>(got) < payloadBytes) {
    problem = "the file ends inside the payload";
    return {};
  }
  const uint8_t* payload = slot.output.data() + at;
  if (stored) {
    if (payloadBytes != total) {
      problem = "the stored payload has another length than its chunks";
      return {};
    }
    memcpy(slot.chunks.data(), payload, total);
    identify(slot, context, std::move(lengths), result);
    return {};
  }
  // Only frames of today's format: the library would also try the formats of its first years.
  if (payloadBytes < 4 || memcmp(payload, "\x28\xb5\x2f\xfd", 4) != 0) {
    problem = "the payload is no Zstandard frame";
    return {};
  }
  if (ZSTD_getFrameContentSize(payload, payloadBytes) != total) {
    problem = "the payload declares another length than its chunks have";
    return {};
  }
  if (ZSTD_findFrameCompressedSize(payload, payloadBytes) != payloadBytes) {
    problem = "the payload is not exactly one Zstandard frame";
    return {};
  }
  if (context.decompressor == nullptr) context.decompressor = ZSTD_createDCtx();
  if (context.decompressor == nullptr) return Failure{ENOMEM, "decompress"};
  const size_t size = ZSTD_decompressDCtx(context.decompressor, slot.chunks.data(), total, payload, payloadBytes);
  if (ZSTD_isError(size)) {
    problem = std::string("the payload does not decompress: ") + ZSTD_getErrorName(size);
    return {};
  }
  if (size != total) {
    problem = "the payload decompresses to another length than its chunks have";
    return {};
  }
  identify(slot, context, std::move(lengths), result);
  return {};
}

Failure writeChunks(File& file, Slot& slot, Context& context, const std::vector<Piece>& writes,
                    const std::atomic<bool>& cancelled) {
  for (size_t from = 0; from < writes.size();) {
    if (cancelled.load()) return Failure{ECANCELED, "pwrite"};
    uint64_t length = writes[from].length;
    size_t to = from + 1;
    while (to < writes.size() && writes[to].file == writes[from].file + length &&
           writes[to].buffer == writes[from].buffer + length)
      length += writes[to++].length;
    const uint8_t* source = slot.chunks.data() + writes[from].buffer;
    if (Failure failure = file.write(source, static_cast<size_t>(length), writes[from].file, context.bounce))
      return failure;
    from = to;
  }
  return {};
}

Failure hashRange(File& file, Slot& slot, uint64_t offset, uint64_t length, const std::atomic<bool>& cancelled,
                  uint8_t id[kIdBytes]) {
  slot.clear();
  blake3_hasher state;
  blake3_hasher_init(&state);
  const uint64_t end = offset + length;
  for (uint64_t at = offset; at < end;) {
    if (cancelled.load()) return Failure{ECANCELED, "pread"};
    // Steps end on multiples of the frame, so that all but the first are aligned.
    const uint64_t stop = std::min(end, at - at % slot.frameBytes + slot.frameBytes);
    size_t skip = 0;
    const int64_t got = file.readSpan(slot.chunks, static_cast<size_t>(stop - at), at, skip);
    if (got < 0) return failedAt("pread", got, at, stop - at);
    if (static_cast<uint64_t>(got) < stop - at)
      return Failure{ENODATA, "pread", static_cast<int64_t>(at), static_cast<int64_t>(stop - at)};
    blake3_hasher_update(&state, slot.chunks.data() + skip, static_cast<size_t>(stop - at));
    at = stop;
  }
  blake3_hasher_finalize(&state, id, kIdBytes);
  return {};
}
