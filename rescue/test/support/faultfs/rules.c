/* The rules of faultfs: which operations fail, hang or dawdle, and when the space is used up. */
#include "faultfs.h"

#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fuse.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#define MAX_RULES 1024

struct rule {
  bool active;
  bool endless;
  enum action action;
  enum operation operation;
  char path[1024];
  uint64_t start, end;
  unsigned times;
  unsigned value; /* an errno, or milliseconds */
};

static struct rule rules[MAX_RULES];
static int rule_count;
static unsigned hanging;
static uint64_t written;
static uint64_t space = UINT64_MAX;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static bool applies(const struct rule *rule, enum operation operation, const char *path, uint64_t start,
                    uint64_t end) {
  if (!rule->active || rule->operation != operation) return false;
  if (strcmp(rule->path, "*") != 0 && strcmp(rule->path, path) != 0) return false;
  if (operation != OP_READ && operation != OP_WRITE) return true;
  return start < rule->end && rule->start < end;
}

/* Waits until the rule is taken away. A hanging request ends early if its process is being killed; a stuck one
 * does not, like a read that waits in a driver. */
static int hang(struct rule *rule) {
  int result = 0;
  hanging++;
  while (rule->active) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20 * 1000 * 1000;
    if (until.tv_nsec >= 1000000000) {
      until.tv_nsec -= 1000000000;
      until.tv_sec++;
    }
    pthread_cond_timedwait(&changed, &lock, &until);
    if (rule->active && rule->action == ACTION_HANG && fuse_interrupted()) {
      result = -EINTR;
      break;
    }
  }
  hanging--;
  return result;
}

int rules_meet(enum operation operation, const char *path, uint64_t start, uint64_t end) {
  int result = 0;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < rule_count && result == 0; i++) {
    struct rule *rule = &rules[i];
    if (!applies(rule, operation, path, start, end)) continue;
    bool hangs = rule->action == ACTION_HANG || rule->action == ACTION_STUCK;
    if (!rule->endless && !hangs && --rule->times == 0) rule->active = false;
    if (rule->action == ACTION_FAIL) {
      result = -(int)rule->value;
    } else if (rule->action == ACTION_DELAY) {
      struct timespec pause = {rule->value / 1000, (long)(rule->value % 1000) * 1000000};
      pthread_mutex_unlock(&lock);
      nanosleep(&pause, NULL);
      pthread_mutex_lock(&lock);
    } else {
      result = hang(rule);
    }
  }
  pthread_mutex_unlock(&lock);
  return result;
}

size_t rules_take_space(size_t wanted) {
  pthread_mutex_lock(&lock);
  if (space != UINT64_MAX) {
    if (wanted > space) wanted = (size_t)space;
    space -= wanted;
  }
  written += wanted;
  pthread_mutex_unlock(&lock);
  return wanted;
}

uint64_t rules_remaining(void) {
  pthread_mutex_lock(&lock);
  uint64_t left = space;
  pthread_mutex_unlock(&lock);
  return left;
}

bool rules_space_left(void) { return rules_remaining() > 0; }

int rules_add(enum action action, enum operation operation, const char *path, uint64_t start, uint64_t end,
              unsigned times, unsigned value) {
  pthread_mutex_lock(&lock);
  int number = 0;
  if (rule_count < MAX_RULES && strlen(path) < sizeof rules[0].path) {
    struct rule *rule = &rules[rule_count++];
    *rule = (struct rule){.endless = times == 0, .action = action, .operation = operation};
    rule->start = start;
    rule->end = end;
    rule->times = times;
    rule->value = value;
    strcpy(rule->path, path);
    rule->active = true;
    number = rule_count;
  }
  pthread_mutex_unlock(&lock);
  return number;
}

void rules_remove(int number) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < rule_count; i++) {
    if (number == 0 || number == i + 1) rules[i].active = false;
  }
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

void rules_limit(uint64_t bytes) {
  pthread_mutex_lock(&lock);
  space = bytes;
  pthread_mutex_unlock(&lock);
}

unsigned rules_hanging(void) {
  pthread_mutex_lock(&lock);
  unsigned count = hanging;
  pthread_mutex_unlock(&lock);
  return count;
}

uint64_t rules_written(void) {
  pthread_mutex_lock(&lock);
  uint64_t bytes = written;
  pthread_mutex_unlock(&lock);
  return bytes;
}
