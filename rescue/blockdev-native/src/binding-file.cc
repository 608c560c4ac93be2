// Native functions of open files: open, read, write, flush, lock and the device ioctls.
#include <cstring>

#include "binding.h"
#include "file.h"
#include "handles.h"

const napi_type_tag HandleTag<FileHandle>::value = {0x8f0d2a5c6b1e4f73, 0x9c47e1d08a36b25f};

std::shared_ptr<File> FileHandle::shared(Arguments& arguments, const FileHandle* handle) {
  if (handle == nullptr) return nullptr;
  if (handle->file == nullptr) arguments.fail("the file is closed");
  return handle->file;
}

FileHandle::~FileHandle() {
  // Closing can wait for the device, so never on this thread; the lane's thread drops the last reference.
  if (file == nullptr) return;
  struct Closing final : Call {
    std::shared_ptr<File> file;
    void run() override { file.reset(); }
    napi_value convert(napi_env) override { return nullptr; }
  };
  try {
    auto closing = std::make_unique<Closing>();
    closing->file = std::move(file);
    lane->submit(std::move(closing));
  } catch (const std::bad_alloc&) {
    // The descriptor stays open until the process ends.
  }
}

namespace {

constexpr uint64_t kLargestTransfer = uint64_t{64} << 20;
// Calls of one file that run at once: enough to keep a device busy, few enough that a hung one holds few threads.
constexpr size_t kCallsPerFile = 4;

struct Target {
  std::shared_ptr<File> file;
  std::shared_ptr<Lane> lane;
};

Target target(Arguments& arguments) {
  const FileHandle* handle = arguments.handle<FileHandle>(0);
  std::shared_ptr<File> file = FileHandle::shared(arguments, handle);
  return file == nullptr ? Target{} : Target{std::move(file), handle->lane};
}

// offset and length at [1] and [2], together a safe integer.
bool range(Arguments& arguments, uint64_t& offset, uint64_t& length, uint64_t largest = kLargestSafeInteger) {
  offset = arguments.integer(1);
  length = arguments.integer(2, largest);
  if (arguments.ok() && length > kLargestSafeInteger - offset) arguments.fail("the range is too large", true);
  return arguments.ok();
}

napi_value openFile(napi_env env, Arguments& arguments) {
  OpenRequest request;
  request.path = arguments.text(0);
  request.write = arguments.flag(1);
  request.exclusive = arguments.flag(2);
  request.direct = arguments.flag(3);
  request.create = arguments.flag(4);
  request.mustBeNew = arguments.flag(5);
  request.mode = static_cast<uint32_t>(arguments.integer(6, 0777));
  if (!arguments.ok()) return nullptr;
  return start<std::shared_ptr<File>>(
      env, Addon::of(env)->openLane(),
      [request = std::move(request)](std::shared_ptr<File>& file) { return File::open(request, file); },
      [](napi_env env, std::shared_ptr<File>& file) -> napi_value {
        const sys::Node& node = file->node();
        auto handle = std::make_unique<FileHandle>();
        handle->lane = Addon::of(env)->makeLane(kCallsPerFile);
        handle->file = std::move(file);
        const std::string number = std::to_string(node.major) + ":" + std::to_string(node.minor);
        napi_value object;
        if (napi_create_object(env, &object) != napi_ok ||
            !setProperty(env, object, "isBlockDevice", toBoolean(env, node.isBlock)) ||
            !setProperty(env, object, "sizeBytes", toNumber(env, static_cast<double>(node.size))) ||
            !setProperty(env, object, "sectorSize", toNumber(env, node.sector)) ||
            !setProperty(env, object, "physicalSectorSize", toNumber(env, node.physicalSector)) ||
            !setProperty(env, object, "deviceNumber", toText(env, number.c_str())) ||
            !setProperty(env, object, "handle", makeHandle(env, std::move(handle))))
          return nullptr;
        return object;
      });
}

struct ReadBytes {
  Buffer buffer;
  size_t at = 0;
  size_t length = 0;
};

napi_value readBytes(napi_env env, Arguments& arguments) {
  Target on = target(arguments);
  uint64_t offset;
  uint64_t length;
  if (!range(arguments, offset, length, kLargestTransfer)) return nullptr;
  return start<ReadBytes>(
      env, *on.lane,
      [file = std::move(on.file), offset, length](ReadBytes& result) -> Failure {
        result.length = static_cast<size_t>(length);
        if (length == 0) return {};
        const int64_t got = file->readSpan(result.buffer, result.length, offset, result.at);
        if (got < 0) return failedAt("pread", got, offset, length);
        if (static_cast<uint64_t>(got) < length) return failedAt("pread", -ENODATA, offset, length);
        file->remember(offset);
        return {};
      },
      [](napi_env env, ReadBytes& result) {
        return toBuffer(env, result.buffer.data() + result.at, result.length);
      });
}

napi_value writeBytes(napi_env env, Arguments& arguments) {
  Target on = target(arguments);
  const uint64_t offset = arguments.integer(1);
  std::vector<uint8_t> bytes = arguments.array<uint8_t>(2);
  if (arguments.ok() && (bytes.size() > kLargestTransfer || bytes.size() > kLargestSafeInteger - offset))
    arguments.fail("the range is too large", true);
  if (!arguments.ok()) return nullptr;
  return startVoid(env, *on.lane, [file = std::move(on.file), offset, bytes = std::move(bytes)] {
    Buffer bounce;
    return file->write(bytes.data(), bytes.size(), offset, bounce);
  });
}

// A call that needs nothing but the descriptor.
template <class Action>
napi_value simple(napi_env env, Target on, const char* syscall, Action action) {
  return startVoid(env, *on.lane, [file = std::move(on.file), syscall, action] {
    return failed(syscall, action(*file));
  });
}

template <class Action>
napi_value simpleBoolean(napi_env env, Target on, const char* syscall, Action action) {
  return start<int>(
      env, *on.lane,
      [file = std::move(on.file), syscall, action](int& result) {
        result = action(*file);
        return failed(syscall, result);
      },
      [](napi_env env, int& result) { return toBoolean(env, result != 0); });
}

napi_value flush(napi_env env, Arguments& arguments) {
  Target on = target(arguments);
  if (!arguments.ok()) return nullptr;
  return simple(env, std::move(on), "fsync", [](File& file) { return sys::flush(file.descriptor()); });
}

napi_value startWriteback(napi_env env, Arguments& arguments) {
  Target on = target(arguments);
  uint64_t offset;
  uint64_t length;
  if (!range(arguments, offset, length)) return nullptr;
  return simple(env, std::move(on), "sync_file_range", [offset, length](File& file) {
    return sys::startWriteback(file.descriptor(), offset, length);
  });
}

napi_value dropCache(napi_env env, Arguments& arguments) {
  Target on = target(arguments);
  if (!arguments.ok()) return nullptr;
  const char* syscall = on.file->node().isBlock ? "ioctl(BLKFLSBUF)" : "posix_fadvise";
  return simple(env, std::move(on), syscall,
                [](File& file) { return sys::dropCache(file.descriptor(), file.node().isBlock); });
}

napi_value discardOrZero(napi_env env, Arguments& arguments,
                         Failure (File::*method)(uint64_t, uint64_t, const std::atomic<bool>&)) {
  Target on = target(arguments);
  uint64_t offset;
  uint64_t length;
  if (!range(arguments, offset, length)) return nullptr;
  Lane& lane = *on.lane;
  return startVoid(env, lane, [on = std::move(on), offset, length, method] {
    return (on.file.get()->*method)(offset, length, on.lane->abandoned());
  });
}

napi_value discard(napi_env env, Arguments& arguments) { return discardOrZero(env, arguments, &File::discard); }
napi_value zero(napi_env env, Arguments& arguments) { return discardOrZero(env, arguments, &File::zero); }

napi_value setSize(napi_env env, Arguments& arguments) {
  Target on = target(arguments);
  const uint64_t size = arguments.integer(1);
  if (!arguments.ok()) return nullptr;
  return simple(env, std::move(on), "ftruncate",
                [size](File& file) { return sys::setSize(file.descriptor(), size); });
}

napi_value lock(napi_env env, Arguments& arguments) {
  Target on = target(arguments);
  const bool exclusive = arguments.flag(1);
  if (!arguments.ok()) return nullptr;
  return simpleBoolean(env, std::move(on), "flock",
                       [exclusive](File& file) { return sys::lock(file.descriptor(), exclusive); });
}

napi_value rereadPartitions(napi_env env, Arguments& arguments) {
  Target on = target(arguments);
  if (!arguments.ok()) return nullptr;
  return simple(env, std::move(on), "ioctl(BLKRRPART)", [](File& file) {
    return file.node().isBlock ? sys::rereadPartitions(file.descriptor()) : -ENOTBLK;
  });
}

napi_value isReadOnly(napi_env env, Arguments& arguments) {
  Target on = target(arguments);
  if (!arguments.ok()) return nullptr;
  return simpleBoolean(env, std::move(on), "ioctl(BLKROGET)", [](File& file) {
    return file.node().isBlock ? sys::isReadOnly(file.descriptor()) : 0;
  });
}

napi_value setReadOnly(napi_env env, Arguments& arguments) {
  Target on = target(arguments);
  const bool readOnly = arguments.flag(1);
  if (!arguments.ok()) return nullptr;
  return simple(env, std::move(on), "ioctl(BLKROSET)", [readOnly](File& file) {
    return file.node().isBlock ? sys::setReadOnly(file.descriptor(), readOnly) : -ENOTBLK;
  });
}

struct Sequence {
  bool known = false;
  uint64_t value = 0;
};

napi_value diskSequence(napi_env env, Arguments& arguments) {
  Target on = target(arguments);
  if (!arguments.ok()) return nullptr;
  return start<Sequence>(
      env, *on.lane,
      [file = std::move(on.file)](Sequence& sequence) -> Failure {
        if (!file->node().isBlock) return {};
        const int result = sys::diskSequence(file->descriptor(), sequence.value);
        sequence.known = result >= 0;
        if (result == -ENOTTY || result == -EINVAL) return {};
        return failed("ioctl(BLKGETDISKSEQ)", result);
      },
      [](napi_env env, Sequence& sequence) {
        napi_value undefined;
        if (sequence.known) return toNumber(env, static_cast<double>(sequence.value));
        return napi_get_undefined(env, &undefined) == napi_ok ? undefined : nullptr;
      });
}

napi_value closeFile(napi_env env, Arguments& arguments) {
  FileHandle* handle = arguments.handle<FileHandle>(0);
  if (!arguments.ok()) return nullptr;
  // Not the file's own lane: that one may have been abandoned.
  return startVoid(env, Addon::of(env)->openLane(), [file = std::move(handle->file)]() mutable -> Failure {
    file.reset();
    return {};
  });
}

napi_value abandonFile(napi_env env, Arguments& arguments) {
  const FileHandle* handle = arguments.handle<FileHandle>(0);
  if (arguments.ok()) Addon::of(env)->abandon(*handle->lane);
  return nullptr;
}

napi_value syncDirectory(napi_env env, Arguments& arguments) {
  std::string path = arguments.text(0);
  if (!arguments.ok()) return nullptr;
  return start<int>(
      env, Addon::of(env)->openLane(),
      [path = std::move(path)](int& result) {
        result = sys::syncDirectory(path.c_str());
        return failed("fsync", result);
      },
      [](napi_env env, int& result) { return toBoolean(env, result != 0); });
}

}  // namespace

bool defineFile(napi_env env, napi_value exports) {
  const struct {
    const char* name;
    Function function;
  } functions[] = {
      {"open", openFile},
      {"read", readBytes},
      {"write", writeBytes},
      {"flush", flush},
      {"startWriteback", startWriteback},
      {"dropCache", dropCache},
      {"discard", discard},
      {"zero", zero},
      {"setSize", setSize},
      {"lock", lock},
      {"rereadPartitions", rereadPartitions},
      {"isReadOnly", isReadOnly},
      {"setReadOnly", setReadOnly},
      {"diskSequence", diskSequence},
      {"close", closeFile},
      {"abandonFile", abandonFile},
      {"syncDirectory", syncDirectory},
  };
  for (const auto& entry : functions)
    if (!define(env, exports, entry.name, entry.function)) return false;
  return true;
}
