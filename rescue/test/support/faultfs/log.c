/* The operation log of faultfs: operations.jsonl, one JSON object a line, and data.bin, what was written.
 *
 * Files and directories have numbers that outlive their names; the root's is 1. The log begins with what was
 * there at the start (`have`). power-cut.ts reads it. */
#include "faultfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int operations_fd = -1, data_fd = -1;
static uint64_t data_length, count, last_number;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void log_lock(void) { pthread_mutex_lock(&lock); }
void log_unlock(void) { pthread_mutex_unlock(&lock); }
uint64_t log_count(void) { return count; }

/* A test that misses part of the log would prove nothing: better to end at once. */
static void die(const char *what) {
  perror(what);
  _exit(70);
}

static void append(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t done = write(fd, bytes, length);
    if (done <= 0) die("faultfs: log");
    bytes += done;
    length -= (size_t)done;
  }
}

static void line(const char *format, ...) {
  if (operations_fd < 0) return;
  char *text;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0) die("faultfs: log");
  append(operations_fd, text, (size_t)length);
  free(text);
  count++;
}

/* Writes `text` as the inside of a JSON string into `into`, which has room for six times its length. */
static const char *quoted(const char *text, char *into) {
  char *out = into;
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\' || c < 0x20) out += sprintf(out, "\\u%04x", c);
    else *out++ = (char)c;
  }
  *out = '\0';
  return into;
}

static const char *name_of(const char *relative) {
  const char *slash = strrchr(relative, '/');
  return slash == NULL ? relative : slash + 1;
}

/* ---- numbers ---- */

struct known {
  ino_t inode;
  uint64_t number;
};

static void *known_tree;

static int compare(const void *a, const void *b) {
  ino_t left = ((const struct known *)a)->inode, right = ((const struct known *)b)->inode;
  return left < right ? -1 : left > right;
}

static struct known *known_for(int root_fd, const char *relative) {
  struct stat stat;
  if (fstatat(root_fd, *relative == '\0' ? "." : relative, &stat, AT_SYMLINK_NOFOLLOW) != 0) return NULL;
  struct known *fresh = malloc(sizeof *fresh);
  if (fresh == NULL) die("faultfs: log");
  *fresh = (struct known){stat.st_ino, 0};
  struct known **found = tsearch(fresh, &known_tree, compare);
  if (found == NULL) die("faultfs: log");
  if (*found != fresh) free(fresh);
  return *found;
}

uint64_t log_number(int root_fd, const char *relative) {
  struct known *known = known_for(root_fd, relative);
  return known == NULL ? 0 : known->number;
}

/* An inode number that was free until now may have stood for something else before. */
uint64_t log_new_number(int root_fd, const char *relative) {
  struct known *known = known_for(root_fd, relative);
  if (known == NULL) return 0;
  known->number = ++last_number;
  return known->number;
}

uint64_t log_parent_number(int root_fd, const char *relative) {
  char parent[4096];
  const char *slash = strrchr(relative, '/');
  size_t length = slash == NULL ? 0 : (size_t)(slash - relative);
  if (length >= sizeof parent) return 0;
  memcpy(parent, relative, length);
  parent[length] = '\0';
  return log_number(root_fd, parent);
}

/* ---- entries ---- */

void log_entry(const char *operation, uint64_t id, uint64_t parent, const char *relative) {
  char name[6 * 256];
  line("{\"op\":\"%s\",\"id\":%" PRIu64 ",\"parent\":%" PRIu64 ",\"name\":\"%s\"}\n", operation, id, parent,
       quoted(name_of(relative), name));
}

void log_symlink(uint64_t id, uint64_t parent, const char *relative, const char *target) {
  char name[6 * 256], to[6 * 4096];
  line("{\"op\":\"symlink\",\"id\":%" PRIu64 ",\"parent\":%" PRIu64 ",\"name\":\"%s\",\"target\":\"%s\"}\n", id,
       parent, quoted(name_of(relative), name), quoted(target, to));
}

void log_rename(uint64_t id, uint64_t parent, const char *relative, uint64_t to_parent, const char *to_relative) {
  char name[6 * 256], to_name[6 * 256];
  line("{\"op\":\"rename\",\"id\":%" PRIu64 ",\"parent\":%" PRIu64 ",\"name\":\"%s\",\"toParent\":%" PRIu64
       ",\"toName\":\"%s\"}\n",
       id, parent, quoted(name_of(relative), name), to_parent, quoted(name_of(to_relative), to_name));
}

void log_write(uint64_t id, uint64_t at, const char *bytes, size_t length) {
  if (operations_fd < 0) return;
  append(data_fd, bytes, length);
  line("{\"op\":\"write\",\"id\":%" PRIu64 ",\"at\":%" PRIu64 ",\"length\":%zu,\"data\":%" PRIu64 "}\n", id, at,
       length, data_length);
  data_length += length;
}

void log_range(const char *operation, uint64_t id, uint64_t at, uint64_t length) {
  line("{\"op\":\"%s\",\"id\":%" PRIu64 ",\"at\":%" PRIu64 ",\"length\":%" PRIu64 "}\n", operation, id, at, length);
}

void log_sync(const char *operation, uint64_t id) {
  line("{\"op\":\"%s\",\"id\":%" PRIu64 "}\n", operation, id);
}

void log_mark(const char *text) {
  char quoted_text[6 * 1024];
  log_lock();
  line("{\"op\":\"mark\",\"text\":\"%s\"}\n", quoted(text, quoted_text));
  log_unlock();
}

/* ---- the start ---- */

static void list_folder(int root_fd, const char *folder) {
  int fd = openat(root_fd, *folder == '\0' ? "." : folder, O_RDONLY | O_DIRECTORY);
  DIR *directory = fd < 0 ? NULL : fdopendir(fd);
  if (directory == NULL) die("faultfs: listing the backing folder");
  uint64_t parent = log_number(root_fd, folder);
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char path[4096];
    int length = snprintf(path, sizeof path, "%s%s%s", folder, *folder == '\0' ? "" : "/", entry->d_name);
    if (length < 0 || (size_t)length >= sizeof path) die("faultfs: path");
    struct known *known = known_for(root_fd, path);
    if (known == NULL) die("faultfs: listing the backing folder");
    if (known->number == 0) known->number = ++last_number;
    struct stat stat;
    if (fstatat(root_fd, path, &stat, AT_SYMLINK_NOFOLLOW) != 0) die("faultfs: stat");
    char name[6 * 256], quoted_path[6 * 4096];
    const char *kind = S_ISDIR(stat.st_mode) ? "folder" : S_ISLNK(stat.st_mode) ? "symlink" : "file";
    line("{\"op\":\"have\",\"id\":%" PRIu64 ",\"parent\":%" PRIu64
         ",\"name\":\"%s\",\"path\":\"%s\",\"kind\":\"%s\"}\n",
         known->number, parent, quoted(entry->d_name, name), quoted(path, quoted_path), kind);
    if (S_ISDIR(stat.st_mode)) list_folder(root_fd, path);
  }
  closedir(directory);
}

int log_open(const char *folder, int root_fd) {
  if (log_new_number(root_fd, "") != 1) return -EIO;
  if (folder == NULL) return 0;
  int folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
  if (folder_fd < 0) return -errno;
  operations_fd = openat(folder_fd, "operations.jsonl", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  data_fd = openat(folder_fd, "data.bin", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  int result = operations_fd < 0 || data_fd < 0 ? -errno : 0;
  close(folder_fd);
  if (result == 0) list_folder(root_fd, "");
  return result;
}
