/* The control socket of faultfs: one client, one order a line, one answer a line.
 *
 *   fail OPERATION ERRNO TIMES START END PATH      answers "ok NUMBER"; TIMES 0 is for ever, PATH * any file
 *   hang OPERATION 0 0 START END PATH              until `remove`, or until its process is killed
 *   stuck OPERATION 0 0 START END PATH             until `remove`, whatever happens to its process
 *   delay OPERATION MILLISECONDS TIMES START END PATH
 *   remove NUMBER                                  0: every rule
 *   limit BYTES                                    so many more bytes can be written, then ENOSPC; -1: no limit
 *   mark TEXT                                      a line for the log
 *   status                                         answers "ok OPERATIONS HANGING WRITTEN"
 */
#include "faultfs.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listening = -1;
static const char *mounted_at;

static const char *const operation_names[OP_KINDS] = {"read",   "write",  "fsync", "fsyncdir",
                                                      "create", "rename", "unlink"};
static const char *const action_names[] = {"fail", "hang", "stuck", "delay"};

static int add_rule(enum action action, const char *arguments) {
  char operation[32], path[1024];
  unsigned value, times;
  uint64_t start, end;
  if (sscanf(arguments, "%31s %u %u %" SCNu64 " %" SCNu64 " %1023[^\n]", operation, &value, &times, &start, &end,
             path) != 6)
    return 0;
  for (int kind = 0; kind < OP_KINDS; kind++) {
    if (strcmp(operation, operation_names[kind]) == 0)
      return rules_add(action, (enum operation)kind, path, start, end, times, value);
  }
  return 0;
}

/* Writes the answer to `order` into `answer`. */
static void obey(const char *order, char *answer, size_t size) {
  for (size_t action = 0; action < sizeof action_names / sizeof *action_names; action++) {
    size_t length = strlen(action_names[action]);
    if (strncmp(order, action_names[action], length) == 0 && order[length] == ' ') {
      int number = add_rule((enum action)action, order + length + 1);
      snprintf(answer, size, number == 0 ? "error not a rule\n" : "ok %d\n", number);
      return;
    }
  }
  int number;
  int64_t bytes;
  if (sscanf(order, "remove %d", &number) == 1) {
    rules_remove(number);
    snprintf(answer, size, "ok\n");
  } else if (sscanf(order, "limit %" SCNd64, &bytes) == 1) {
    rules_limit(bytes < 0 ? UINT64_MAX : (uint64_t)bytes);
    snprintf(answer, size, "ok\n");
  } else if (strncmp(order, "mark ", 5) == 0) {
    log_mark(order + 5);
    snprintf(answer, size, "ok\n");
  } else if (strcmp(order, "status") == 0) {
    log_lock();
    uint64_t count = log_count();
    log_unlock();
    snprintf(answer, size, "ok %" PRIu64 " %u %" PRIu64 "\n", count, rules_hanging(), rules_written());
  } else {
    snprintf(answer, size, "error not an order\n");
  }
}

static void *serve(void *unused) {
  (void)unused;
  int client = accept(listening, NULL, NULL);
  FILE *orders = client < 0 ? NULL : fdopen(client, "r");
  char order[1280], answer[128];
  while (orders != NULL && fgets(order, sizeof order, orders) != NULL) {
    order[strcspn(order, "\n")] = '\0';
    obey(order, answer, sizeof answer);
    if (write(client, answer, strlen(answer)) < 0) break;
  }
  /* The test is over, or dead: leave neither a mount nor a hanging process behind. */
  rules_remove(0);
  umount2(mounted_at, MNT_DETACH);
  _exit(0);
}

int control_listen(const char *socket_path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(socket_path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  strcpy(address.sun_path, socket_path);
  listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof address) != 0 || listen(listening, 1) != 0)
    return -errno;
  return 0;
}

void control_start(const char *mount_point) {
  pthread_t thread;
  mounted_at = mount_point;
  if (pthread_create(&thread, NULL, serve, NULL) != 0) abort();
  pthread_detach(thread);
}
