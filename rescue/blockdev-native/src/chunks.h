// The chunk jobs: what happens to the bytes of a frame between the disk and the repository. No JavaScript here.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "blake3.h"
#include "buffer.h"
#include "file.h"
#include "pool.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

constexpr size_t kIdBytes = BLAKE3_OUT_LEN;
constexpr size_t kLargestFrameBytes = size_t{4} << 20;

// `length` bytes at `buffer` in a slot and at `file` in a file.
struct Piece {
  uint64_t buffer;
  uint64_t file;
  uint64_t length;
};

// An incremental hash. Fed from any thread; the caller keeps the order.
class Hasher {
 public:
  Hasher() { blake3_hasher_init(&state_); }
  void update(const void* bytes, size_t length) {
    const std::lock_guard<std::mutex> guard(mutex_);
    blake3_hasher_update(&state_, bytes, length);
  }
  void digest(uint8_t id[kIdBytes]) {
    const std::lock_guard<std::mutex> guard(mutex_);
    blake3_hasher_finalize(&state_, id, kIdBytes);
  }

 private:
  std::mutex mutex_;
  blake3_hasher state_;
};

// What a job needs beside its slot, reused by the jobs of a pool one after the other.
struct Context {
  Context() = default;
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ZSTD_CCtx_s* compressor = nullptr;
  ZSTD_DCtx_s* decompressor = nullptr;
  Buffer bounce;
  uint64_t zeroLength = 0;  // length whose hash of zeros is in zeroId; 0 for none
  uint8_t zeroId[kIdBytes];
};

// The contexts of a pool: as many as jobs ran at once.
class Contexts {
 public:
  std::unique_ptr<Context> take();
  void put(std::unique_ptr<Context> context);
  void clear();

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Context>> free_;
  bool closed_ = false;
};

// A frame's worth of chunks and the payload made of them.
struct Slot {
  explicit Slot(size_t bytes) : frameBytes(bytes) {}

  const size_t frameBytes;
  Buffer chunks;
  std::vector<uint32_t> lengths;
  size_t filled = 0;  // bytes of `chunks` that hold chunks
  Buffer output;                     // a payload, made or read
  const uint8_t* payload = nullptr;  // in `output` (zstd) or in `chunks` (stored)
  size_t payloadBytes = 0;

  void clear();
};

struct ChunkResult {
  std::vector<uint8_t> ids;
  std::vector<uint8_t> zero;
  std::vector<double> bad;  // offset, length pairs
};

Failure readChunks(File& file, Slot& slot, Context& context, std::vector<uint32_t> lengths,
                   const std::vector<Piece>& reads, const std::atomic<bool>& cancelled, ChunkResult& result);
Failure loadChunks(Slot& slot, Context& context, std::vector<uint32_t> lengths, const std::vector<uint8_t>& bytes,
                   ChunkResult& result);
// Moves the selected chunks together and makes a payload of them, after which the slot holds no chunks any more.
// `stored` is set where compression would not save anything.
Failure compressChunks(Slot& slot, Context& context, const std::vector<uint8_t>& select, int level, bool& stored);
Failure writeFrame(File& file, Slot& slot, uint64_t offset, const std::vector<uint8_t>& header, Hasher* hasher);
// `problem` names what is wrong with a payload that was read but is not what `lengths` promise.
Failure readFrame(File& file, Slot& slot, Context& context, uint64_t offset, size_t payloadBytes, bool stored,
                  std::vector<uint32_t> lengths, ChunkResult& result, std::string& problem);
Failure writeChunks(File& file, Slot& slot, Context& context, const std::vector<Piece>& writes,
                    const std::atomic<bool>& cancelled);
Failure hashRange(File& file, Slot& slot, uint64_t offset, uint64_t length, const std::atomic<bool>& cancelled,
                  uint8_t id[kIdBytes]);
