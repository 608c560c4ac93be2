// An open block device or regular file: the descriptors, what O_DIRECT wants, and I/O of any alignment.
#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>

#include "buffer.h"
#include "linux.h"

struct OpenRequest {
  std::string path;
  bool write = false;
  bool exclusive = false;
  bool direct = false;
  bool create = false;
  bool mustBeNew = false;
  uint32_t mode = 0600;
};

class File {
 public:
  static constexpr uint32_t kLargestAlignment = 65536;
  static constexpr size_t kBounceBytes = 1 << 20;

  static Failure open(const OpenRequest& request, std::shared_ptr<File>& file);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const sys::Node& node() const { return node_; }
  int descriptor() const { return fd_; }
  bool isDirect() const { return direct_.load(std::memory_order_relaxed); }
  // The smallest piece that is worth reading alone: a sector, or what O_DIRECT wants.
  uint32_t unit() const;

  // Reads `length` bytes at `offset` into `to`. Fewer bytes than asked for mean the end of the file. `bounce` holds
  // what is not aligned. A byte count or a negative errno.
  int64_t read(uint8_t* to, size_t length, uint64_t offset, Buffer& bounce);
  // As read(), into a buffer that is grown to hold the aligned surroundings; `at` is set to where the bytes lie in it.
  int64_t readSpan(Buffer& into, size_t length, uint64_t offset, size_t& at);
  // Writes all bytes at any alignment: whole units past the page cache, edges through it.
  Failure write(const uint8_t* from, size_t length, uint64_t offset, Buffer& bounce);
  // Writes through the page cache. Changes `parts`.
  int64_t writeCached(iovec* parts, size_t count, uint64_t offset);
  // BLKZEROOUT, FALLOC_FL_ZERO_RANGE or written zeros, within the size of the file.
  Failure zero(uint64_t offset, uint64_t length, const std::atomic<bool>& cancelled);
  // BLKDISCARD, rounded inwards to sectors, or a hole.
  Failure discard(uint64_t offset, uint64_t length, const std::atomic<bool>& cancelled);

  // After an error: does the device still answer anywhere? Reads a unit that could be read before.
  bool answers(Buffer& bounce);
  void remember(uint64_t readableOffset) { lastReadable_.store(readableOffset, std::memory_order_relaxed); }

 private:
  File(int fd, int directFd, const sys::Node& node, sys::DirectAlignment alignment);

  bool offsetFits(uint64_t offset) const { return offset % alignment_.offset == 0; }
  bool memoryFits(const void* memory) const { return reinterpret_cast<uintptr_t>(memory) % alignment_.memory == 0; }
  int64_t readDirect(uint8_t* to, size_t length, uint64_t offset);
  int64_t writeDirect(const uint8_t* from, size_t length, uint64_t offset, Buffer& bounce);
  Failure writeZeros(uint64_t offset, uint64_t length, const std::atomic<bool>& cancelled);

  const int fd_;
  const int directFd_;
  const sys::Node node_;
  const sys::DirectAlignment alignment_;
  // Turned off for good when the file system refuses an aligned request.
  std::atomic<bool> direct_;
  std::atomic<uint64_t> lastReadable_{0};
  // Held exclusively by writes through the page cache of a direct file. A page that becomes dirty while a direct
  // write to another part of it is under way would later be written back with that part's old bytes.
  std::shared_mutex cacheLock_;
};
