// Native functions of pools, slots and hashers. Every range is checked here: what comes from JavaScript never
// reaches memory outside a slot.
#include <cmath>

#include <zstd.h>

#include "binding.h"
#include "chunks.h"
#include "handles.h"

const napi_type_tag HandleTag<PoolHandle>::value = {0x2b6a91c0f4d84e17, 0xa5d3087bc62e91f4};
const napi_type_tag HandleTag<SlotHandle>::value = {0x61c8e7f23a9d4b05, 0xb70f42a98ed1356c};
const napi_type_tag HandleTag<HasherHandle>::value = {0xd94f3b6e108a4c72, 0x835e6dc1f7a0294b};

namespace {

constexpr size_t kLargestHeaderBytes = size_t{1} << 20;

// A context for the time of one job.
class Borrowed {
 public:
  explicit Borrowed(Contexts& contexts) : contexts_(contexts), context_(contexts.take()) {}
  ~Borrowed() { contexts_.put(std::move(context_)); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  Context& operator*() const { return *context_; }

 private:
  Contexts& contexts_;
  std::unique_ptr<Context> context_;
};

// Where a chunk job runs: pool at [0], slot at [1]. The job keeps copies of all three.
struct Place {
  std::shared_ptr<Lane> lane;
  std::shared_ptr<Contexts> contexts;
  std::shared_ptr<Slot> slot;
};

Place place(Arguments& arguments) {
  const PoolHandle* pool = arguments.handle<PoolHandle>(0);
  const SlotHandle* slot = arguments.handle<SlotHandle>(1);
  if (!arguments.ok()) return {};
  if (slot->slot == nullptr) arguments.fail("the slot is freed");
  return {pool->lane, pool->contexts, slot->slot};
}

std::shared_ptr<File> fileAt(Arguments& arguments, size_t index) {
  return FileHandle::shared(arguments, arguments.handle<FileHandle>(index));
}

// Chunk lengths: at least one byte each, together no more than the slot holds.
std::vector<uint32_t> lengthsAt(Arguments& arguments, size_t index, const Place& at, uint64_t& total) {
  std::vector<uint32_t> lengths = arguments.array<uint32_t>(index);
  total = 0;
  for (const uint32_t length : lengths) {
    total += length;
    if (length == 0) arguments.fail("a chunk has at least one byte", true);
  }
  if (arguments.ok() && total > at.slot->frameBytes) arguments.fail("the chunks are larger than the frame", true);
  return lengths;
}

// buffer, file, length triples. `ascending` names the coordinate in which they must ascend without overlapping.
std::vector<Piece> piecesAt(Arguments& arguments, size_t index, uint64_t limit, uint64_t Piece::*ascending) {
  const std::vector<double> values = arguments.array<double>(index);
  std::vector<Piece> pieces;
  if (!arguments.ok()) return pieces;
  if (values.size() % 3 != 0) arguments.fail("triples were expected", true);
  for (const double value : values)
    if (!(value >= 0 && value <= static_cast<double>(kLargestSafeInteger)) || value != std::floor(value))
      arguments.fail("a triple holds something else than safe integers", true);
  uint64_t end = 0;
  for (size_t i = 0; arguments.ok() && i < values.size(); i += 3) {
    const Piece piece{static_cast<uint64_t>(values[i]), static_cast<uint64_t>(values[i + 1]),
                      static_cast<uint64_t>(values[i + 2])};
    if (piece.length > limit || piece.buffer > limit - piece.length ||
        piece.file > kLargestSafeInteger - piece.length)
      arguments.fail("a triple lies outside the chunks", true);
    else if (piece.*ascending < end)
      arguments.fail("the triples do not ascend", true);
    end = piece.*ascending + piece.length;
    if (piece.length > 0) pieces.push_back(piece);
  }
  return pieces;
}

napi_value toChunkResult(napi_env env, ChunkResult& result) {
  napi_value object;
  if (napi_create_object(env, &object) != napi_ok ||
      !setProperty(env, object, "ids", toBuffer(env, result.ids.data(), result.ids.size())) ||
      !setProperty(env, object, "zero",
                   toArray(env, napi_uint8_array, result.zero.data(), result.zero.size(), result.zero.size())) ||
      !setProperty(env, object, "bad",
                   toArray(env, napi_float64_array, result.bad.data(), result.bad.size() * sizeof(double),
                           result.bad.size())))
    return nullptr;
  return object;
}

napi_value createPool(napi_env env, Arguments& arguments) {
  const uint64_t workers = arguments.integer(0, 64);
  if (workers == 0) arguments.fail("a pool has at least one worker", true);
  if (!arguments.ok()) return nullptr;
  auto handle = std::make_unique<PoolHandle>();
  handle->lane = Addon::of(env)->makeLane(static_cast<size_t>(workers));
  handle->contexts = std::make_shared<Contexts>();
  return makeHandle(env, std::move(handle));
}

napi_value abandonPool(napi_env env, Arguments& arguments) {
  const PoolHandle* pool = arguments.handle<PoolHandle>(0);
  if (!arguments.ok()) return nullptr;
  Addon::of(env)->abandon(*pool->lane);
  pool->contexts->clear();
  return nullptr;
}

napi_value closePool(napi_env, Arguments& arguments) {
  const PoolHandle* pool = arguments.handle<PoolHandle>(0);
  if (arguments.ok()) pool->contexts->clear();
  return nullptr;
}

napi_value createSlot(napi_env env, Arguments& arguments) {
  const uint64_t bytes = arguments.integer(0, kLargestFrameBytes);
  if (bytes == 0) arguments.fail("a frame has at least one byte", true);
  if (!arguments.ok()) return nullptr;
  auto handle = std::make_unique<SlotHandle>();
  handle->slot = std::make_shared<Slot>(static_cast<size_t>(bytes));
  return makeHandle(env, std::move(handle));
}

napi_value freeSlot(napi_env, Arguments& arguments) {
  SlotHandle* handle = arguments.handle<SlotHandle>(0);
  // A job that was abandoned may still write into it, so only the reference goes.
  if (arguments.ok()) handle->slot.reset();
  return nullptr;
}

napi_value readChunksCall(napi_env env, Arguments& arguments) {
  Place at = place(arguments);
  std::shared_ptr<File> file = fileAt(arguments, 2);
  if (!arguments.ok()) return nullptr;
  uint64_t total;
  std::vector<uint32_t> lengths = lengthsAt(arguments, 3, at, total);
  std::vector<Piece> reads = piecesAt(arguments, 4, total, &Piece::buffer);
  if (!arguments.ok()) return nullptr;
  Lane& lane = *at.lane;
  return start<ChunkResult>(
      env, lane,
      [at = std::move(at), file = std::move(file), lengths = std::move(lengths),
       reads = std::move(reads)](ChunkResult& result) mutable {
        const Borrowed context(*at.contexts);
        return readChunks(*file, *at.slot, *context, std::move(lengths), reads, at.lane->abandoned(), result);
      },
      toChunkResult);
}

napi_value loadChunksCall(napi_env env, Arguments& arguments) {
  Place at = place(arguments);
  std::vector<uint8_t> bytes = arguments.array<uint8_t>(2);
  if (!arguments.ok()) return nullptr;
  uint64_t total;
  std::vector<uint32_t> lengths = lengthsAt(arguments, 3, at, total);
  if (arguments.ok() && total != bytes.size()) arguments.fail("the lengths do not add up to the bytes", true);
  if (!arguments.ok()) return nullptr;
  Lane& lane = *at.lane;
  return start<ChunkResult>(
      env, lane,
      [at = std::move(at), bytes = std::move(bytes), lengths = std::move(lengths)](ChunkResult& result) mutable {
        const Borrowed context(*at.contexts);
        return loadChunks(*at.slot, *context, std::move(lengths), bytes, result);
      },
      toChunkResult);
}

struct Compressed {
  size_t payloadBytes = 0;
  bool stored = false;
};

napi_value compressCall(napi_env env, Arguments& arguments) {
  Place at = place(arguments);
  std::vector<uint8_t> select = arguments.array<uint8_t>(2);
  const auto level = static_cast<int>(arguments.integer(3, 19));
  if (arguments.ok() && level == 0) arguments.fail("levels are 1 to 19", true);
  if (arguments.ok() && select.size() != at.slot->lengths.size())
    arguments.fail("select has another length than the slot has chunks", true);
  if (!arguments.ok()) return nullptr;
  Lane& lane = *at.lane;
  return start<Compressed>(
      env, lane,
      [at = std::move(at), select = std::move(select), level](Compressed& result) {
        const Borrowed context(*at.contexts);
        const Failure failure = compressChunks(*at.slot, *context, select, level, result.stored);
        result.payloadBytes = at.slot->payloadBytes;
        return failure;
      },
      [](napi_env env, Compressed& result) -> napi_value {
        napi_value object;
        if (napi_create_object(env, &object) != napi_ok ||
            !setProperty(env, object, "payloadBytes", toNumber(env, static_cast<double>(result.payloadBytes))) ||
            !setProperty(env, object, "codec", toText(env, result.stored ? "stored" : "zstd")))
          return nullptr;
        return object;
      });
}

napi_value writeFrameCall(napi_env env, Arguments& arguments) {
  Place at = place(arguments);
  std::shared_ptr<File> file = fileAt(arguments, 2);
  const uint64_t offset = arguments.integer(3);
  std::vector<uint8_t> header = arguments.array<uint8_t>(4);
  std::shared_ptr<Hasher> hasher;
  if (!arguments.isUndefined(5)) {
    const HasherHandle* handle = arguments.handle<HasherHandle>(5);
    if (handle != nullptr) hasher = handle->hasher;
  }
  if (arguments.ok() && (header.size() > kLargestHeaderBytes || offset > kLargestSafeInteger - 2 * kLargestFrameBytes))
    arguments.fail("the frame is too large", true);
  if (!arguments.ok()) return nullptr;
  Lane& lane = *at.lane;
  return startVoid(env, lane,
                   [at = std::move(at), file = std::move(file), offset, header = std::move(header),
                    hasher = std::move(hasher)] {
                     return writeFrame(*file, *at.slot, offset, header, hasher.get());
                   });
}

struct FrameResult {
  ChunkResult chunks;
  std::string problem;
};

napi_value readFrameCall(napi_env env, Arguments& arguments) {
  Place at = place(arguments);
  std::shared_ptr<File> file = fileAt(arguments, 2);
  const uint64_t offset = arguments.integer(3);
  if (!arguments.ok()) return nullptr;
  const auto payloadBytes = static_cast<size_t>(arguments.integer(4, at.slot->frameBytes));
  const bool stored = arguments.flag(5);
  uint64_t total;
  std::vector<uint32_t> lengths = lengthsAt(arguments, 6, at, total);
  if (arguments.ok() && (total == 0 || payloadBytes == 0)) arguments.fail("a frame has at least one byte", true);
  if (arguments.ok() && payloadBytes > kLargestSafeInteger - offset) arguments.fail("the range is too large", true);
  if (!arguments.ok()) return nullptr;
  Lane& lane = *at.lane;
  return start<FrameResult>(
      env, lane,
      [at = std::move(at), file = std::move(file), offset, payloadBytes, stored,
       lengths = std::move(lengths)](FrameResult& result) mutable {
        const Borrowed context(*at.contexts);
        return readFrame(*file, *at.slot, *context, offset, payloadBytes, stored, std::move(lengths), result.chunks,
                         result.problem);
      },
      [](napi_env env, FrameResult& result) -> napi_value {
        napi_value object;
        if (napi_create_object(env, &object) != napi_ok) return nullptr;
        const bool set =
            result.problem.empty()
                ? setProperty(env, object, "ids", toBuffer(env, result.chunks.ids.data(), result.chunks.ids.size()))
                : setProperty(env, object, "problem", toText(env, result.problem.c_str()));
        return set ? object : nullptr;
      });
}

napi_value writeChunksCall(napi_env env, Arguments& arguments) {
  Place at = place(arguments);
  std::shared_ptr<File> file = fileAt(arguments, 2);
  if (!arguments.ok()) return nullptr;
  std::vector<Piece> writes = piecesAt(arguments, 3, at.slot->filled, &Piece::file);
  if (!arguments.ok()) return nullptr;
  Lane& lane = *at.lane;
  return startVoid(env, lane, [at = std::move(at), file = std::move(file), writes = std::move(writes)] {
    const Borrowed context(*at.contexts);
    return writeChunks(*file, *at.slot, *context, writes, at.lane->abandoned());
  });
}

struct Digest {
  uint8_t id[kIdBytes];
};

napi_value hashRangeCall(napi_env env, Arguments& arguments) {
  Place at = place(arguments);
  std::shared_ptr<File> file = fileAt(arguments, 2);
  const uint64_t offset = arguments.integer(3);
  const uint64_t length = arguments.integer(4);
  if (arguments.ok() && length > kLargestSafeInteger - offset) arguments.fail("the range is too large", true);
  if (!arguments.ok()) return nullptr;
  Lane& lane = *at.lane;
  return start<Digest>(
      env, lane,
      [at = std::move(at), file = std::move(file), offset, length](Digest& digest) {
        return hashRange(*file, *at.slot, offset, length, at.lane->abandoned(), digest.id);
      },
      [](napi_env env, Digest& digest) { return toBuffer(env, digest.id, kIdBytes); });
}

napi_value slotBytes(napi_env env, Arguments& arguments) {
  const SlotHandle* handle = arguments.handle<SlotHandle>(0);
  const uint64_t offset = arguments.integer(1);
  const uint64_t length = arguments.integer(2);
  if (!arguments.ok()) return nullptr;
  const size_t filled = handle->slot == nullptr ? 0 : handle->slot->filled;
  if (length > filled || offset > filled - length) arguments.fail("the range lies outside the chunks", true);
  if (!arguments.ok()) return nullptr;
  return toBuffer(env, length == 0 ? nullptr : handle->slot->chunks.data() + offset, static_cast<size_t>(length));
}

napi_value createHasher(napi_env env, Arguments&) {
  auto handle = std::make_unique<HasherHandle>();
  handle->hasher = std::make_shared<Hasher>();
  return makeHandle(env, std::move(handle));
}

napi_value updateHasher(napi_env, Arguments& arguments) {
  const HasherHandle* handle = arguments.handle<HasherHandle>(0);
  const std::vector<uint8_t> bytes = arguments.array<uint8_t>(1);
  if (arguments.ok()) handle->hasher->update(bytes.data(), bytes.size());
  return nullptr;
}

napi_value digestHasher(napi_env env, Arguments& arguments) {
  const HasherHandle* handle = arguments.handle<HasherHandle>(0);
  if (!arguments.ok()) return nullptr;
  uint8_t id[kIdBytes];
  handle->hasher->digest(id);
  return toBuffer(env, id, kIdBytes);
}

napi_value hashBytes(napi_env env, Arguments& arguments) {
  const std::vector<uint8_t> bytes = arguments.array<uint8_t>(0);
  if (!arguments.ok()) return nullptr;
  Hasher hasher;
  hasher.update(bytes.data(), bytes.size());
  uint8_t id[kIdBytes];
  hasher.digest(id);
  return toBuffer(env, id, kIdBytes);
}

}  // namespace

bool defineChunks(napi_env env, napi_value exports) {
  const struct {
    const char* name;
    Function function;
  } functions[] = {
      {"createPool", createPool},     {"abandonPool", abandonPool},   {"closePool", closePool},
      {"createSlot", createSlot},     {"freeSlot", freeSlot},         {"readChunks", readChunksCall},
      {"loadChunks", loadChunksCall}, {"compress", compressCall},     {"writeFrame", writeFrameCall},
      {"readFrame", readFrameCall},   {"writeChunks", writeChunksCall}, {"hashRange", hashRangeCall},
      {"slotBytes", slotBytes},       {"createHasher", createHasher}, {"updateHasher", updateHasher},
      {"digestHasher", digestHasher}, {"hash", hashBytes},
  };
  for (const auto& entry : functions)
    if (!define(env, exports, entry.name, entry.function)) return false;
  // Also chooses BLAKE3's code for this processor, before any thread can.
  uint8_t id[kIdBytes];
  Hasher().digest(id);
  return setProperty(env, exports, "zstdVersion", toText(env, ZSTD_versionString())) &&
         setProperty(env, exports, "blake3Version", toText(env, blake3_version()));
}
