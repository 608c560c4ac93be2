/* faultfs: a FUSE file system that passes everything through to a folder, except for what it is told to break.
 *
 *   faultfs BACKING MOUNTPOINT SOCKET [LOGFOLDER]
 *
 * Orders come over SOCKET (control.c). Caching is the kernel's: reads and writes without O_DIRECT go through the
 * page cache, writes reach faultfs at once (no write-back cache), O_DIRECT bypasses the cache. flock() is the
 * kernel's own. fsync is logged and not passed on: the log, not the host's disk, is what survives a power cut. */
#define FUSE_USE_VERSION 312
#include "faultfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int root_fd;
static const char *mount_point;

static const char *relative(const char *path) { return path[1] == '\0' ? "." : path + 1; }

static struct handle *handle_of(const struct fuse_file_info *info) { return (struct handle *)(uintptr_t)info->fh; }

static int keep_handle(struct fuse_file_info *info, int fd, uint64_t id, const char *path) {
  struct handle *handle = handle_open(fd, id, path);
  if (handle == NULL) return -ENOMEM;
  info->fh = (uintptr_t)handle;
  return 0;
}

static int result_of(int result) { return result < 0 ? -errno : result; }

/* libfuse wakes the thread of an interrupted request with a signal that nobody has to act on. */
static void on_interrupt(int signal) { (void)signal; }

static void *on_init(struct fuse_conn_info *connection, struct fuse_config *config) {
  config->use_ino = 1;
  config->nullpath_ok = 1;
  config->hard_remove = 1; /* A removed open file stays readable through its handle, under no other name. */
  /* Hard links are separate inodes to the kernel here: what it caches of one is not true of the other. */
  config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
  config->intr = 1;
  config->intr_signal = SIGUSR1;
  connection->want &= ~(unsigned)FUSE_CAP_ASYNC_DIO; /* Only so can a hanging O_DIRECT read be interrupted. */
  connection->max_background = 4096; /* Hanging requests must not use up everyone's share. */
  connection->congestion_threshold = 4096;
  control_start(mount_point);
  return NULL;
}

/* ---- names ---- */

static int on_getattr(const char *path, struct stat *stat, struct fuse_file_info *info) {
  if (info != NULL) return result_of(fstat(handle_of(info)->fd, stat));
  return result_of(fstatat(root_fd, relative(path), stat, AT_SYMLINK_NOFOLLOW));
}

static int on_readlink(const char *path, char *target, size_t size) {
  ssize_t length = readlinkat(root_fd, relative(path), target, size - 1);
  if (length < 0) return -errno;
  target[length] = '\0';
  return 0;
}

static int on_opendir(const char *path, struct fuse_file_info *info) {
  int fd = openat(root_fd, relative(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  log_lock();
  uint64_t id = log_number(root_fd, relative(path));
  log_unlock();
  return keep_handle(info, fd, id, path);
}

static int on_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
                      enum fuse_readdir_flags flags) {
  (void)path, (void)offset, (void)flags;
  int fd = openat(handle_of(info)->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *directory = fd < 0 ? NULL : fdopendir(fd);
  if (directory == NULL) return -errno;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    struct stat stat = {.st_ino = entry->d_ino, .st_mode = (mode_t)entry->d_type << 12};
    if (fill(buffer, entry->d_name, &stat, 0, 0) != 0) break;
  }
  closedir(directory);
  return 0;
}

/* What every new name has to pass. */
static int may_create(const char *path) {
  int problem = rules_meet(OP_CREATE, path, 0, 0);
  return problem == 0 && !rules_space_left() ? -ENOSPC : problem;
}

static int on_mkdir(const char *path, mode_t mode) {
  int problem = may_create(path);
  if (problem != 0) return problem;
  log_lock();
  int result = result_of(mkdirat(root_fd, relative(path), mode));
  if (result == 0) {
    uint64_t id = log_new_number(root_fd, relative(path));
    log_entry("mkdir", id, log_parent_number(root_fd, path + 1), relative(path));
  }
  log_unlock();
  return result;
}

static int on_symlink(const char *target, const char *path) {
  int problem = may_create(path);
  if (problem != 0) return problem;
  log_lock();
  int result = result_of(symlinkat(target, root_fd, relative(path)));
  if (result == 0) {
    uint64_t id = log_new_number(root_fd, relative(path));
    log_symlink(id, log_parent_number(root_fd, path + 1), relative(path), target);
  }
  log_unlock();
  return result;
}

static int on_link(const char *from, const char *to) {
  int problem = may_create(to);
  if (problem != 0) return problem;
  log_lock();
  int result = result_of(linkat(root_fd, relative(from), root_fd, relative(to), 0));
  if (result == 0) {
    log_entry("link", log_number(root_fd, relative(to)), log_parent_number(root_fd, to + 1), relative(to));
  }
  log_unlock();
  return result;
}

static int take_name(const char *path, int flags, const char *operation) {
  int problem = rules_meet(OP_UNLINK, path, 0, 0);
  if (problem != 0) return problem;
  log_lock();
  uint64_t id = log_number(root_fd, relative(path));
  uint64_t parent = log_parent_number(root_fd, path + 1);
  int result = result_of(unlinkat(root_fd, relative(path), flags));
  if (result == 0) log_entry(operation, id, parent, relative(path));
  log_unlock();
  return result;
}

static int on_unlink(const char *path) { return take_name(path, 0, "unlink"); }
static int on_rmdir(const char *path) { return take_name(path, AT_REMOVEDIR, "rmdir"); }

static int on_rename(const char *from, const char *to, unsigned flags) {
  if ((flags & ~(unsigned)RENAME_NOREPLACE) != 0) return -EINVAL;
  int problem = rules_meet(OP_RENAME, from, 0, 0);
  if (problem != 0) return problem;
  log_lock();
  uint64_t id = log_number(root_fd, relative(from));
  uint64_t parent = log_parent_number(root_fd, from + 1);
  int result = result_of(renameat2(root_fd, relative(from), root_fd, relative(to), flags));
  if (result == 0) {
    log_rename(id, parent, relative(from), log_parent_number(root_fd, to + 1), relative(to));
    handles_renamed(from, to);
  }
  log_unlock();
  return result;
}

static int on_chmod(const char *path, mode_t mode, struct fuse_file_info *info) {
  if (info != NULL) return result_of(fchmod(handle_of(info)->fd, mode));
  return result_of(fchmodat(root_fd, relative(path), mode, 0));
}

static int on_chown(const char *path, uid_t user, gid_t group, struct fuse_file_info *info) {
  if (info != NULL) return result_of(fchown(handle_of(info)->fd, user, group));
  return result_of(fchownat(root_fd, relative(path), user, group, AT_SYMLINK_NOFOLLOW));
}

static int on_utimens(const char *path, const struct timespec times[2], struct fuse_file_info *info) {
  if (info != NULL) return result_of(futimens(handle_of(info)->fd, times));
  return result_of(utimensat(root_fd, relative(path), times, AT_SYMLINK_NOFOLLOW));
}

static int on_statfs(const char *path, struct statvfs *stat) {
  (void)path;
  if (fstatvfs(root_fd, stat) != 0) return -errno;
  uint64_t left = rules_remaining();
  if (left != UINT64_MAX && left / stat->f_frsize < stat->f_bavail) {
    stat->f_bavail = stat->f_bfree = left / stat->f_frsize;
  }
  return 0;
}

/* ---- files ---- */

/* The kernel gives the offset of an appending write and deals with O_DIRECT and O_SYNC: the backing needs none. */
static int backing_flags(int flags) {
  return (flags & ~(O_DIRECT | O_APPEND | O_SYNC | O_DSYNC | O_CREAT | O_EXCL | O_TRUNC)) | O_CLOEXEC;
}

static int on_create(const char *path, mode_t mode, struct fuse_file_info *info) {
  int problem = may_create(path);
  if (problem != 0) return problem;
  log_lock();
  int fd = openat(root_fd, relative(path), backing_flags(info->flags) | O_CREAT | O_EXCL, mode);
  problem = fd < 0 ? -errno : 0;
  uint64_t id = 0;
  if (fd >= 0) {
    id = log_new_number(root_fd, relative(path));
    log_entry("create", id, log_parent_number(root_fd, path + 1), relative(path));
  }
  log_unlock();
  return fd < 0 ? problem : keep_handle(info, fd, id, path);
}

static int on_open(const char *path, struct fuse_file_info *info) {
  log_lock();
  int fd = openat(root_fd, relative(path), backing_flags(info->flags));
  int problem = fd < 0 ? -errno : 0;
  uint64_t id = fd < 0 ? 0 : log_number(root_fd, relative(path));
  if (fd >= 0 && (info->flags & O_TRUNC) != 0) {
    problem = result_of(ftruncate(fd, 0));
    if (problem == 0) log_range("truncate", id, 0, 0);
    else close(fd);
  }
  log_unlock();
  return problem != 0 ? problem : keep_handle(info, fd, id, path);
}

static int on_release(const char *path, struct fuse_file_info *info) {
  (void)path;
  handle_close(handle_of(info));
  return 0;
}

static int on_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info) {
  (void)path;
  struct handle *handle = handle_of(info);
  int problem = handle_meet(OP_READ, handle, (uint64_t)offset, (uint64_t)offset + size);
  if (problem != 0) return problem;
  size_t done = 0;
  while (done < size) {
    ssize_t length = pread(handle->fd, buffer + done, size - done, offset + (off_t)done);
    if (length < 0) return -errno;
    if (length == 0) break;
    done += (size_t)length;
  }
  return (int)done;
}

static int on_write(const char *path, const char *buffer, size_t size, off_t offset, struct fuse_file_info *info) {
  (void)path;
  struct handle *handle = handle_of(info);
  int problem = handle_meet(OP_WRITE, handle, (uint64_t)offset, (uint64_t)offset + size);
  if (problem != 0) return problem;
  size = rules_take_space(size);
  if (size == 0) return -ENOSPC;
  log_lock();
  ssize_t done = pwrite(handle->fd, buffer, size, offset);
  int result = done < 0 ? -errno : (int)done;
  if (done > 0) log_write(handle->id, (uint64_t)offset, buffer, (size_t)done);
  log_unlock();
  return result;
}

static int on_truncate(const char *path, off_t size, struct fuse_file_info *info) {
  int fd = info != NULL ? handle_of(info)->fd : openat(root_fd, relative(path), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  log_lock();
  int result = result_of(ftruncate(fd, size));
  uint64_t id = info != NULL ? handle_of(info)->id : log_number(root_fd, relative(path));
  if (result == 0) log_range("truncate", id, (uint64_t)size, 0);
  log_unlock();
  if (info == NULL) close(fd);
  return result;
}

static int on_fallocate(const char *path, int mode, off_t offset, off_t length, struct fuse_file_info *info) {
  (void)path;
  struct handle *handle = handle_of(info);
  struct stat before, after;
  log_lock();
  int result = fstat(handle->fd, &before) != 0 ? -errno : result_of(fallocate(handle->fd, mode, offset, length));
  if (result == 0 && fstat(handle->fd, &after) == 0) {
    if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0)
      log_range("zero", handle->id, (uint64_t)offset, (uint64_t)length);
    if (after.st_size != before.st_size) log_range("truncate", handle->id, (uint64_t)after.st_size, 0);
  }
  log_unlock();
  return result;
}

static off_t on_lseek(const char *path, off_t offset, int whence, struct fuse_file_info *info) {
  (void)path;
  off_t result = lseek(handle_of(info)->fd, offset, whence);
  return result < 0 ? -errno : result;
}

static int on_fsync(const char *path, int data_only, struct fuse_file_info *info) {
  (void)path;
  struct handle *handle = handle_of(info);
  int problem = handle_meet(OP_FSYNC, handle, 0, 0);
  if (problem != 0) return problem;
  log_lock();
  log_sync(data_only != 0 ? "fdatasync" : "fsync", handle->id);
  log_unlock();
  return 0;
}

static int on_fsyncdir(const char *path, int data_only, struct fuse_file_info *info) {
  (void)path, (void)data_only;
  int problem = handle_meet(OP_FSYNCDIR, handle_of(info), 0, 0);
  if (problem != 0) return problem;
  log_lock();
  log_sync("fsyncdir", handle_of(info)->id);
  log_unlock();
  return 0;
}

static const struct fuse_operations operations = {
    .init = on_init,
    .getattr = on_getattr,
    .readlink = on_readlink,
    .opendir = on_opendir,
    .readdir = on_readdir,
    .releasedir = on_release,
    .mkdir = on_mkdir,
    .symlink = on_symlink,
    .link = on_link,
    .unlink = on_unlink,
    .rmdir = on_rmdir,
    .rename = on_rename,
    .chmod = on_chmod,
    .chown = on_chown,
    .utimens = on_utimens,
    .statfs = on_statfs,
    .create = on_create,
    .open = on_open,
    .release = on_release,
    .read = on_read,
    .write = on_write,
    .truncate = on_truncate,
    .fallocate = on_fallocate,
    .lseek = on_lseek,
    .fsync = on_fsync,
    .fsyncdir = on_fsyncdir,
};

int main(int count, char **arguments) {
  if (count < 4 || count > 5) {
    fprintf(stderr, "usage: faultfs BACKING MOUNTPOINT SOCKET [LOGFOLDER]\n");
    return 64;
  }
  root_fd = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  mount_point = arguments[2];
  if (root_fd < 0) return perror(arguments[1]), 66;
  int problem = log_open(count == 5 ? arguments[4] : NULL, root_fd);
  if (problem == 0) problem = control_listen(arguments[3]);
  if (problem != 0) return fprintf(stderr, "faultfs: %s\n", strerror(-problem)), 71;
  umask(0);
  sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_interrupt}, NULL);
  char settings[] = "max_threads=256,default_permissions,fsname=faultfs";
  char *options[] = {arguments[0], "-f", "-o", settings, arguments[2], NULL};
  return fuse_main(5, options, &operations, NULL);
}
