// Plain Linux system calls on open files and block devices. Nothing here knows JavaScript or threads.
// Every call restarts after EINTR and returns a value >= 0 or a negative errno.
#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/types.h>
#include <sys/uio.h>

namespace sys {

// What an open block device or regular file is. Sizes in bytes.
struct Node {
  bool isBlock = false;
  uint64_t size = 0;
  uint32_t sector = 512;
  uint32_t physicalSector = 512;
  uint64_t inode = 0;
  uint64_t device = 0;   // st_dev: where the inode lives
  uint32_t major = 0;    // of the block device itself, or of the device that holds a regular file
  uint32_t minor = 0;
};

// What O_DIRECT demands of an open file; `offset` is 0 where it is not supported at all.
struct DirectAlignment {
  uint32_t memory = 0;
  uint32_t offset = 0;
};

// O_CLOEXEC and O_NOCTTY are always added. A file descriptor, or a negative errno.
int openPath(const char* path, int flags, mode_t mode);
// 1 for a block device, 0 for a regular file, EISDIR for a directory, EINVAL for anything else. Follows links and
// opens nothing.
int checkKind(const char* path);
int describe(int fd, Node& node);
int directAlignment(int fd, const Node& node, DirectAlignment& alignment);
void closeFile(int fd);

// Reads until `length` bytes or the end: fewer bytes mean the end, or (`unit` > 1) a position that is no multiple of
// it. The block layer's ENODATA, an unreadable sector, becomes EIO: here ENODATA is the end of a file.
int64_t readFully(int fd, void* to, size_t length, uint64_t offset, uint32_t unit = 1);
int64_t writeFully(int fd, const void* from, size_t length, uint64_t offset);
// Writes all vectors one after the other. Changes `parts`.
int64_t writeVectors(int fd, iovec* parts, size_t count, uint64_t offset);

int flush(int fd);
int startWriteback(int fd, uint64_t offset, uint64_t length);
int dropCache(int fd, bool isBlock);
// 1 if the lock was taken, 0 if somebody else holds it.
int lock(int fd, bool exclusive);
int setSize(int fd, uint64_t size);
// fsync of a directory: 1, or 0 where the file system cannot.
int syncDirectory(const char* path);

int punchHole(int fd, uint64_t offset, uint64_t length);
int zeroFileRange(int fd, uint64_t offset, uint64_t length);
int discardSectors(int fd, uint64_t offset, uint64_t length);
int zeroSectors(int fd, uint64_t offset, uint64_t length);

int64_t sizeNow(int fd, bool isBlock);
int rereadPartitions(int fd);
int isReadOnly(int fd);
int setReadOnly(int fd, bool readOnly);
// ENOTTY where the kernel does not know it.
int diskSequence(int fd, uint64_t& sequence);

// Errors that speak of the place that was read, not of the device as a whole (block/blk-core.c, blk_errors).
bool isMediumError(int error);

}  // namespace sys
