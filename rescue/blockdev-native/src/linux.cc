#include "linux.h"

#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif

namespace sys {
namespace {

// The kernel moves at most this much in one call.
constexpr size_t kLargestTransfer = 0x7ffff000;

template <class Call>
auto restarting(Call call) -> decltype(call()) {
  for (;;) {
    const auto result = call();
    if (result >= 0) return result;
    if (errno != EINTR) return -errno;
  }
}

int control(int fd, unsigned long request, void* argument) {
  return restarting([&] { return ioctl(fd, request, argument); });
}

}  // namespace

int openPath(const char* path, int flags, mode_t mode) {
  return restarting([&] { return open(path, flags | O_CLOEXEC | O_NOCTTY, mode); });
}

int checkKind(const char* path) {
  struct stat status;
  if (stat(path, &status) < 0) return -errno;
  if (S_ISREG(status.st_mode)) return 0;
  if (S_ISBLK(status.st_mode)) return 1;
  return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
}

int describe(int fd, Node& node) {
  struct stat status;
  if (fstat(fd, &status) < 0) return -errno;
  node.inode = status.st_ino;
  node.device = status.st_dev;
  if (S_ISREG(status.st_mode)) {
    node.isBlock = false;
    node.size = static_cast<uint64_t>(status.st_size);
    node.major = major(status.st_dev);
    node.minor = minor(status.st_dev);
    return 0;
  }
  if (!S_ISBLK(status.st_mode)) return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
  node.isBlock = true;
  node.major = major(status.st_rdev);
  node.minor = minor(status.st_rdev);
  int logical = 0;
  unsigned int physical = 0;
  uint64_t size = 0;
  int result = control(fd, BLKGETSIZE64, &size);
  if (result >= 0) result = control(fd, BLKSSZGET, &logical);
  if (result < 0) return result;
  node.size = size;
  node.sector = logical >= 512 ? static_cast<uint32_t>(logical) : 512;
  node.physicalSector = control(fd, BLKPBSZGET, &physical) >= 0 && physical >= node.sector ? physical : node.sector;
  return 0;
}

int directAlignment(int fd, const Node& node, DirectAlignment& alignment) {
  alignment = node.isBlock ? DirectAlignment{node.sector, node.sector} : DirectAlignment{4096, 4096};
#ifdef STATX_DIOALIGN
  struct statx status;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) < 0) return errno == ENOSYS ? 0 : -errno;
  if ((status.stx_mask & STATX_DIOALIGN) != 0)
    alignment = DirectAlignment{status.stx_dio_mem_align, status.stx_dio_offset_align};
#else
  (void)fd;
#endif
  return 0;
}

void closeFile(int fd) {
  // Never repeated after EINTR: on Linux the descriptor is gone even then.
  if (fd >= 0) close(fd);
}

int64_t readFully(int fd, void* to, size_t length, uint64_t offset, uint32_t unit) {
  auto* bytes = static_cast<uint8_t*>(to);
  size_t done = 0;
  while (done < length) {
    const size_t part = length - done < kLargestTransfer ? length - done : kLargestTransfer;
    const int64_t got =
        restarting([&] { return pread(fd, bytes + done, part, static_cast<off_t>(offset + done)); });
    if (got < 0) return got == -ENODATA ? -EIO : got;
    done += static_cast<size_t>(got);
    if (got == 0 || done % unit != 0) break;
  }
  return static_cast<int64_t>(done);
}

int64_t writeFully(int fd, const void* from, size_t length, uint64_t offset) {
  iovec part{const_cast<void*>(from), length};
  return writeVectors(fd, &part, 1, offset);
}

int64_t writeVectors(int fd, iovec* parts, size_t count, uint64_t offset) {
  uint64_t done = 0;
  while (count > 0) {
    if (parts->iov_len == 0) {
      parts++;
      count--;
      continue;
    }
    const int batch = count < IOV_MAX ? static_cast<int>(count) : IOV_MAX;
    const int64_t put = restarting([&] { return pwritev(fd, parts, batch, static_cast<off_t>(offset + done)); });
    if (put < 0) return put;
    // A device that takes nothing and reports nothing must not spin us.
    if (put == 0) return -EIO;
    done += static_cast<uint64_t>(put);
    for (auto left = static_cast<size_t>(put); left > 0;) {
      const size_t step = left < parts->iov_len ? left : parts->iov_len;
      parts->iov_base = static_cast<uint8_t*>(parts->iov_base) + step;
      parts->iov_len -= step;
      left -= step;
      if (parts->iov_len == 0) {
        parts++;
        count--;
      }
    }
  }
  return static_cast<int64_t>(done);
}

int flush(int fd) {
  return restarting([&] { return fsync(fd); });
}

int startWriteback(int fd, uint64_t offset, uint64_t length) {
  return restarting([&] {
    return sync_file_range(fd, static_cast<off64_t>(offset), static_cast<off64_t>(length), SYNC_FILE_RANGE_WRITE);
  });
}

int dropCache(int fd, bool isBlock) {
  if (isBlock) {
    const int result = control(fd, BLKFLSBUF, nullptr);
    // Without CAP_SYS_ADMIN the advice is what is left.
    if (result != -EACCES && result != -EPERM) return result;
  }
  return -posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

int lock(int fd, bool exclusive) {
  const int result = restarting([&] { return flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB); });
  if (result == -EWOULDBLOCK) return 0;
  return result < 0 ? result : 1;
}

int setSize(int fd, uint64_t size) {
  return restarting([&] { return ftruncate(fd, static_cast<off_t>(size)); });
}

int syncDirectory(const char* path) {
  const int fd = openPath(path, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return fd;
  const int result = flush(fd);
  closeFile(fd);
  if (result >= 0) return 1;
  return result == -EINVAL || result == -EOPNOTSUPP || result == -ENOSYS || result == -EBADF ? 0 : result;
}

int punchHole(int fd, uint64_t offset, uint64_t length) {
  return restarting([&] {
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                     static_cast<off_t>(length));
  });
}

int zeroFileRange(int fd, uint64_t offset, uint64_t length) {
  return restarting([&] {
    return fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                     static_cast<off_t>(length));
  });
}

int discardSectors(int fd, uint64_t offset, uint64_t length) {
  uint64_t range[2] = {offset, length};
  return control(fd, BLKDISCARD, range);
}

int zeroSectors(int fd, uint64_t offset, uint64_t length) {
  uint64_t range[2] = {offset, length};
  return control(fd, BLKZEROOUT, range);
}

int64_t sizeNow(int fd, bool isBlock) {
  if (isBlock) {
    uint64_t size = 0;
    const int result = control(fd, BLKGETSIZE64, &size);
    return result < 0 ? result : static_cast<int64_t>(size);
  }
  struct stat status;
  return fstat(fd, &status) < 0 ? -errno : static_cast<int64_t>(status.st_size);
}

int rereadPartitions(int fd) { return control(fd, BLKRRPART, nullptr); }

int isReadOnly(int fd) {
  int readOnly = 0;
  const int result = control(fd, BLKROGET, &readOnly);
  return result < 0 ? result : readOnly != 0;
}

int setReadOnly(int fd, bool readOnly) {
  int value = readOnly ? 1 : 0;
  return control(fd, BLKROSET, &value);
}

int diskSequence(int fd, uint64_t& sequence) { return control(fd, BLKGETDISKSEQ, &sequence); }

bool isMediumError(int error) {
  switch (error) {
    case EIO:        // BLK_STS_IOERR and, through readFully, BLK_STS_MEDIUM
    case EREMOTEIO:  // BLK_STS_TARGET
    case EILSEQ:     // BLK_STS_PROTECTION
    case ETIMEDOUT:  // BLK_STS_TIMEOUT
    case ETIME:      // BLK_STS_DURATION_LIMIT
    case EBADMSG:    // a file system's own checksum does not match (XFS, F2FS)
    case EUCLEAN:    // a file system's own structure is damaged (ext4, XFS)
      return true;
    default:
      return false;
  }
}

}  // namespace sys
