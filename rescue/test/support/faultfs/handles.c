/* The open files of faultfs. Their names are followed through renames, since rules go by name. */
#include "faultfs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct handle handles = {.next = &handles, .previous = &handles};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct handle *handle_open(int fd, uint64_t id, const char *path) {
  struct handle *handle = malloc(sizeof *handle);
  char *copy = strdup(path);
  if (handle == NULL || copy == NULL) {
    free(handle);
    free(copy);
    close(fd);
    return NULL;
  }
  *handle = (struct handle){.fd = fd, .id = id, .path = copy};
  pthread_mutex_lock(&lock);
  handle->next = handles.next;
  handle->previous = &handles;
  handle->next->previous = handles.next = handle;
  pthread_mutex_unlock(&lock);
  return handle;
}

void handle_close(struct handle *handle) {
  pthread_mutex_lock(&lock);
  handle->next->previous = handle->previous;
  handle->previous->next = handle->next;
  pthread_mutex_unlock(&lock);
  close(handle->fd);
  free(handle->path);
  free(handle);
}

void handles_renamed(const char *from, const char *to) {
  size_t length = strlen(from);
  pthread_mutex_lock(&lock);
  for (struct handle *handle = handles.next; handle != &handles; handle = handle->next) {
    if (strncmp(handle->path, from, length) != 0) continue;
    const char *rest = handle->path + length;
    if (*rest != '\0' && *rest != '/') continue;
    char *copy;
    if (asprintf(&copy, "%s%s", to, rest) < 0) continue;
    free(handle->path);
    handle->path = copy;
  }
  pthread_mutex_unlock(&lock);
}

int handle_meet(enum operation operation, const struct handle *handle, uint64_t start, uint64_t end) {
  char path[4096];
  pthread_mutex_lock(&lock);
  snprintf(path, sizeof path, "%s", handle->path);
  pthread_mutex_unlock(&lock);
  return rules_meet(operation, path, start, end);
}
