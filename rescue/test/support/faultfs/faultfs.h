/* What the parts of faultfs share: the rules that make operations fail, the operation log, the control socket. */
#ifndef FAULTFS_H
#define FAULTFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum operation {
  OP_READ,
  OP_WRITE,
  OP_FSYNC,
  OP_FSYNCDIR,
  OP_CREATE,
  OP_RENAME,
  OP_UNLINK,
  OP_KINDS,
};

/* ---- rules.c: what is to go wrong ---- */

/* Meets the rules for an operation on the bytes [start, end) of `path` ("/a/b"): sleeps, hangs, and returns 0
 * or the negative errno with which it has to fail. Call without any lock held. */
int rules_meet(enum operation operation, const char *path, uint64_t start, uint64_t end);

/* Takes up to `wanted` bytes off the space that is left; returns how many may be written, 0 for none. */
size_t rules_take_space(size_t wanted);
bool rules_space_left(void);
/* The bytes that are left, or UINT64_MAX if no limit is set. */
uint64_t rules_remaining(void);

/* Adds a rule and returns its number, counted from 1. `path` "*" is any file; `times` 0 is for ever. */
enum action { ACTION_FAIL, ACTION_HANG, ACTION_STUCK, ACTION_DELAY };
int rules_add(enum action action, enum operation operation, const char *path, uint64_t start, uint64_t end,
              unsigned times, unsigned value);
/* Takes a rule (0: all) away; what hangs because of it goes on. */
void rules_remove(int number);
void rules_limit(uint64_t bytes);
unsigned rules_hanging(void);
uint64_t rules_written(void);

/* ---- handles.c: open files ---- */

struct handle {
  int fd;
  uint64_t id;
  char *path;
  struct handle *next, *previous;
};

/* Owns `fd` from here on; NULL if there is no memory. */
struct handle *handle_open(int fd, uint64_t id, const char *path);
void handle_close(struct handle *handle);
/* What was opened as `from`, or below it, is now known as `to`. */
void handles_renamed(const char *from, const char *to);
/* Meets the rules for an open file under its present name. */
int handle_meet(enum operation operation, const struct handle *handle, uint64_t start, uint64_t end);

/* ---- log.c: what happened, in order ---- */

/* Opens operations.jsonl and data.bin in `folder` and lists what `root_fd` holds; NULL: no log. */
int log_open(const char *folder, int root_fd);

/* A log entry is written while its operation holds the log's lock, so that both have the same order. */
void log_lock(void);
void log_unlock(void);

/* The number of a file or directory, which it keeps under all its names. Under the lock. */
uint64_t log_number(int root_fd, const char *relative);
uint64_t log_new_number(int root_fd, const char *relative);
uint64_t log_parent_number(int root_fd, const char *relative);

void log_entry(const char *operation, uint64_t id, uint64_t parent, const char *relative);
void log_symlink(uint64_t id, uint64_t parent, const char *relative, const char *target);
void log_rename(uint64_t id, uint64_t parent, const char *relative, uint64_t to_parent, const char *to_relative);
void log_write(uint64_t id, uint64_t at, const char *bytes, size_t length);
void log_range(const char *operation, uint64_t id, uint64_t at, uint64_t length);
void log_sync(const char *operation, uint64_t id);
void log_mark(const char *text);
uint64_t log_count(void);

/* ---- control.c: orders from the test ---- */

int control_listen(const char *socket_path);
/* Serves one client in a thread of its own; when that client is gone, unmounts and ends the process. */
void control_start(const char *mount_point);

#endif
