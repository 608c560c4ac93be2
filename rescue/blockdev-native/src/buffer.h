// Page-aligned memory that costs only what is touched, and the failure every job can end with.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <sys/mman.h>
#include <utility>

// Why a call failed. `error` is a positive errno, 0 for success; `offset` and `length` are -1 where they say nothing.
struct Failure {
  int error = 0;
  const char* syscall = "";
  int64_t offset = -1;
  int64_t length = -1;

  explicit operator bool() const { return error != 0; }
};

inline Failure failed(const char* syscall, int64_t negativeErrno) {
  return Failure{negativeErrno < 0 ? static_cast<int>(-negativeErrno) : 0, syscall, -1, -1};
}

inline Failure failedAt(const char* syscall, int64_t negativeErrno, uint64_t offset, uint64_t length) {
  return Failure{negativeErrno < 0 ? static_cast<int>(-negativeErrno) : 0, syscall, static_cast<int64_t>(offset),
                 static_cast<int64_t>(length)};
}

// An anonymous mapping: aligned to a page, zero at first, no memory until touched. Moves, never copies.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Buffer() {
    if (bytes_ != nullptr) munmap(bytes_, size_);
  }

  // Makes the buffer at least `size` bytes long; what was in it is lost if it grows. False if there is no memory.
  bool reserve(size_t size) {
    if (size <= size_) return true;
    void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return false;
    if (bytes_ != nullptr) munmap(bytes_, size_);
    bytes_ = static_cast<uint8_t*>(mapped);
    size_ = size;
    return true;
  }

  uint8_t* data() const { return bytes_; }
  size_t size() const { return size_; }

 private:
  void swap(Buffer& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
  }

  uint8_t* bytes_ = nullptr;
  size_t size_ = 0;
};
