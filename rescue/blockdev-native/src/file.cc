#include "file.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <mutex>

namespace {

// Long ioctls are cut into pieces of this size so that they can be abandoned between two.
constexpr uint64_t kControlPieceBytes = uint64_t{256} << 20;

uint64_t alignDown(uint64_t value, uint64_t unit) { return value - value % unit; }
uint64_t alignUp(uint64_t value, uint64_t unit) { return alignDown(value + unit - 1, unit); }

bool isPowerOfTwo(uint32_t value) { return value != 0 && (value & (value - 1)) == 0; }

// A second descriptor for O_DIRECT, of the same inode, never O_EXCL: the first one has claimed the device.
int openDirect(const OpenRequest& request, const sys::Node& node) {
  const int fd = sys::openPath(request.path.c_str(), (request.write ? O_RDWR : O_RDONLY) | O_DIRECT, 0);
  if (fd < 0) return fd;
  sys::Node second;
  const int result = sys::describe(fd, second);
  if (result >= 0 && second.inode == node.inode && second.device == node.device && second.major == node.major &&
      second.minor == node.minor)
    return fd;
  sys::closeFile(fd);
  return result < 0 ? result : -ESTALE;
}

}  // namespace

Failure File::open(const OpenRequest& request, std::shared_ptr<File>& file) {
  // Looked at first: opening a FIFO would wait, opening some character devices (a watchdog) does things.
  const int kind = sys::checkKind(request.path.c_str());
  const bool absent = kind == -ENOENT;
  if (kind < 0 && !(absent && request.create)) return failed("open", kind);
  int flags = request.write ? O_RDWR : O_RDONLY;
  if (request.create && (absent || request.mustBeNew)) flags |= O_CREAT | (request.mustBeNew ? O_EXCL : 0);
  // O_EXCL without O_CREAT has a meaning for block devices only.
  const bool claims = request.exclusive && kind == 1;
  if (claims) flags |= O_EXCL;
  const int fd = sys::openPath(request.path.c_str(), flags, static_cast<mode_t>(request.mode));
  if (fd < 0) return failed("open", fd);
  sys::Node node;
  int result = sys::describe(fd, node);
  if (result >= 0 && node.isBlock != (kind == 1)) result = -ESTALE;
  int directFd = -1;
  sys::DirectAlignment alignment;
  if (result >= 0 && request.direct) {
    result = sys::directAlignment(fd, node, alignment);
    if (alignment.memory == 0) alignment.memory = 1;
    const bool usable = isPowerOfTwo(alignment.offset) && alignment.offset <= kLargestAlignment &&
                        isPowerOfTwo(alignment.memory) && alignment.memory <= 4096;
    if (result >= 0 && usable) directFd = openDirect(request, node);
    if (directFd == -EINVAL) directFd = -1;
    if (directFd < -1) result = directFd;
  }
  if (result < 0) {
    sys::closeFile(fd);
    return failed("open", result);
  }
  if (directFd < 0) alignment = sys::DirectAlignment{1, 1};
  file.reset(new File(fd, directFd, node, alignment));
  return {};
}

File::File(int fd, int directFd, const sys::Node& node, sys::DirectAlignment alignment)
    : fd_(fd), directFd_(directFd), node_(node), alignment_(alignment), direct_(directFd >= 0) {}

File::~File() {
  sys::closeFile(directFd_);
  sys::closeFile(fd_);
}

uint32_t File::unit() const { return isDirect() ? std::max(node_.sector, alignment_.offset) : node_.sector; }

// Aligned by the caller. Fewer bytes at the end of the file. Finishes through the page cache where the file system
// refuses or stops at an odd position.
int64_t File::readDirect(uint8_t* to, size_t length, uint64_t offset) {
  size_t done = 0;
  if (isDirect()) {
    const int64_t got = sys::readFully(directFd_, to, length, offset, alignment_.offset);
    if (got < 0 && got != -EINVAL) return got;
    if (got == -EINVAL) direct_.store(false);
    if (got > 0) done = static_cast<size_t>(got);
    if (done == length) return got;
  }
  const int64_t rest = sys::readFully(fd_, to + done, length - done, offset + done);
  return rest < 0 ? rest : static_cast<int64_t>(done) + rest;
}

int64_t File::read(uint8_t* to, size_t length, uint64_t offset, Buffer& bounce) {
  if (!isDirect()) return sys::readFully(fd_, to, length, offset);
  const uint32_t unit = alignment_.offset;
  size_t done = 0;
  while (done < length) {
    const uint64_t position = offset + done;
    const size_t left = length - done;
    if (offsetFits(position) && memoryFits(to + done) && left >= unit) {
      const auto whole = static_cast<size_t>(alignDown(left, unit));
      const int64_t got = readDirect(to + done, whole, position);
      if (got < 0) return got;
      done += static_cast<size_t>(got);
      if (static_cast<size_t>(got) < whole) break;
      continue;
    }
    if (!bounce.reserve(kBounceBytes)) return -ENOMEM;
    const uint64_t start = alignDown(position, unit);
    const auto skip = static_cast<size_t>(position - start);
    // If only the first unit is odd, the rest can go straight to its place.
    const bool restFits = memoryFits(to + done + (unit - skip) % unit);
    const size_t wanted = restFits ? unit : static_cast<size_t>(alignUp(skip + left, unit));
    const size_t part = std::min(wanted, kBounceBytes);
    const int64_t got = readDirect(bounce.data(), part, start);
    if (got < 0) return got;
    const size_t fresh = static_cast<size_t>(got) > skip ? static_cast<size_t>(got) - skip : 0;
    const size_t used = std::min(fresh, left);
    memcpy(to + done, bounce.data() + skip, used);
    done += used;
    if (static_cast<size_t>(got) < part) break;
  }
  return static_cast<int64_t>(done);
}

int64_t File::readSpan(Buffer& into, size_t length, uint64_t offset, size_t& at) {
  const uint64_t start = alignDown(offset, alignment_.offset);
  const auto skip = static_cast<size_t>(offset - start);
  const auto span = static_cast<size_t>(alignUp(skip + length, alignment_.offset));
  at = skip;
  if (!into.reserve(span)) return -ENOMEM;
  const int64_t got = readDirect(into.data(), span, start);
  if (got < 0) return got;
  const size_t fresh = static_cast<size_t>(got) > skip ? static_cast<size_t>(got) - skip : 0;
  return static_cast<int64_t>(std::min(fresh, length));
}

int64_t File::writeDirect(const uint8_t* from, size_t length, uint64_t offset, Buffer& bounce) {
  const std::shared_lock<std::shared_mutex> guard(cacheLock_);
  if (memoryFits(from)) return sys::writeFully(directFd_, from, length, offset);
  if (!bounce.reserve(kBounceBytes)) return -ENOMEM;
  for (size_t done = 0; done < length;) {
    const size_t part = std::min(length - done, kBounceBytes);
    memcpy(bounce.data(), from + done, part);
    const int64_t put = sys::writeFully(directFd_, bounce.data(), part, offset + done);
    if (put < 0) return put;
    done += part;
  }
  return static_cast<int64_t>(length);
}

int64_t File::writeCached(iovec* parts, size_t count, uint64_t offset) {
  if (directFd_ < 0) return sys::writeVectors(fd_, parts, count, offset);
  const std::unique_lock<std::shared_mutex> guard(cacheLock_);
  return sys::writeVectors(fd_, parts, count, offset);
}

Failure File::write(const uint8_t* from, size_t length, uint64_t offset, Buffer& bounce) {
  const uint64_t end = offset + length;
  const uint64_t first = std::min(alignUp(offset, alignment_.offset), end);
  const uint64_t last = std::max(alignDown(end, alignment_.offset), first);
  const auto cached = [&](uint64_t start, uint64_t stop) -> Failure {
    if (start >= stop) return {};
    iovec part{const_cast<uint8_t*>(from + (start - offset)), static_cast<size_t>(stop - start)};
    return failedAt("pwrite", writeCached(&part, 1, start), start, stop - start);
  };
  if (!isDirect() || first == last) return cached(offset, end);
  if (Failure failure = cached(offset, first)) return failure;
  const int64_t put = writeDirect(from + (first - offset), static_cast<size_t>(last - first), first, bounce);
  if (put == -EINVAL) {
    direct_.store(false);
    if (Failure failure = cached(first, last)) return failure;
  } else if (put < 0) {
    return failedAt("pwrite", put, first, last - first);
  }
  return cached(last, end);
}

Failure File::writeZeros(uint64_t offset, uint64_t length, const std::atomic<bool>& cancelled) {
  Buffer zeros;
  Buffer bounce;
  if (!zeros.reserve(kBounceBytes)) return Failure{ENOMEM, "mmap"};
  for (uint64_t done = 0; done < length;) {
    if (cancelled.load()) return Failure{ECANCELED, "pwrite"};
    const uint64_t part = std::min<uint64_t>(length - done, kBounceBytes);
    if (Failure failure = write(zeros.data(), static_cast<size_t>(part), offset + done, bounce)) return failure;
    done += part;
  }
  return {};
}

Failure File::zero(uint64_t offset, uint64_t length, const std::atomic<bool>& cancelled) {
  const int64_t size = sys::sizeNow(fd_, node_.isBlock);
  if (size < 0) return failed("fstat", size);
  if (offset + length > static_cast<uint64_t>(size)) return Failure{EINVAL, "zero", static_cast<int64_t>(offset), static_cast<int64_t>(length)};
  const uint32_t unit = node_.isBlock ? node_.sector : 1;
  const uint64_t end = offset + length;
  const uint64_t first = std::min(alignUp(offset, unit), end);
  const uint64_t last = std::max(alignDown(end, unit), first);
  if (Failure failure = writeZeros(offset, first - offset, cancelled)) return failure;
  for (uint64_t at = first; at < last;) {
    if (cancelled.load()) return Failure{ECANCELED, "zero"};
    const uint64_t part = std::min(last - at, kControlPieceBytes);
    int result;
    {
      const std::unique_lock<std::shared_mutex> guard(cacheLock_);
      result = node_.isBlock ? sys::zeroSectors(fd_, at, part) : sys::zeroFileRange(fd_, at, part);
    }
    if (result < 0 && result != -EOPNOTSUPP && result != -ENOTTY && result != -EINVAL && result != -ENOSYS)
      return failedAt(node_.isBlock ? "ioctl(BLKZEROOUT)" : "fallocate", result, at, part);
    if (result < 0)
      if (Failure failure = writeZeros(at, part, cancelled)) return failure;
    at += part;
  }
  return writeZeros(last, end - last, cancelled);
}

Failure File::discard(uint64_t offset, uint64_t length, const std::atomic<bool>& cancelled) {
  const uint32_t unit = node_.isBlock ? node_.sector : 1;
  const uint64_t last = alignDown(offset + length, unit);
  for (uint64_t at = alignUp(offset, unit); at < last;) {
    if (cancelled.load()) return Failure{ECANCELED, "discard"};
    const uint64_t part = std::min(last - at, kControlPieceBytes);
    const std::unique_lock<std::shared_mutex> guard(cacheLock_);
    const int result = node_.isBlock ? sys::discardSectors(fd_, at, part) : sys::punchHole(fd_, at, part);
    if (result < 0) return failedAt(node_.isBlock ? "ioctl(BLKDISCARD)" : "fallocate", result, at, part);
    at += part;
  }
  return {};
}

bool File::answers(Buffer& bounce) {
  const int64_t size = sys::sizeNow(fd_, node_.isBlock);
  // A block device that was pulled out has no size any more.
  if (size <= 0 || (node_.isBlock && static_cast<uint64_t>(size) < node_.size)) return false;
  const uint32_t unit = this->unit();
  if (!bounce.reserve(kBounceBytes)) return true;
  const uint64_t end = alignDown(static_cast<uint64_t>(size), unit);
  const uint64_t candidates[] = {lastReadable_.load(std::memory_order_relaxed), 0, end >= unit ? end - unit : 0};
  for (const uint64_t candidate : candidates)
    if (readDirect(bounce.data(), unit, alignDown(candidate, unit)) > 0) return true;
  return false;
}
