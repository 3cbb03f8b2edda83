/* How many CPUs this process may use at once. What the scheduler allows (affinity, cpusets) comes from the system call;
   a quota of CPU time, as containers and systemd set it, from the cgroup file systems: version 2 has cpu.max, version 1
   cpu.cfs_quota_us over cpu.cfs_period_us. The quota of every group above counts too. */
#include "core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { longest = 4096 };

/* ROOT + FOLDER + "/" + NAME, opened; null when it is not there. */
static FILE* open_under(const char* root, const char* folder, const char* name) {
  char path[3 * longest];
  int length = snprintf(path, sizeof path, "%s%s/%s", root, folder, name);
  return length < 0 || (size_t)length >= sizeof path ? NULL : fopen(path, "re");
}

static int read_line(const char* root, const char* folder, const char* name, char* line, size_t size) {
  FILE* file = open_under(root, folder, name);
  if (file == NULL)
    return 0;
  int found = fgets(line, (int)size, file) != NULL;
  fclose(file);
  return found;
}

static int rounded_up(double quota, double period) {
  if (!(quota > 0) || !(period > 0) || quota / period > 1e6)
    return 0;
  int cpus = (int)(quota / period);
  return cpus < quota / period ? cpus + 1 : cpus;
}

/* Of one group; 0: none. */
static int quota_of(const char* root, const char* folder, int version) {
  char line[256];
  double quota = 0, period = 100000;
  if (version == 2) { /* "max 100000" or "150000 100000" */
    if (!read_line(root, folder, "cpu.max", line, sizeof line) || sscanf(line, "%lf %lf", &quota, &period) < 1)
      return 0;
  } else {
    if (!read_line(root, folder, "cpu.cfs_quota_us", line, sizeof line) || sscanf(line, "%lf", &quota) != 1 ||
        !read_line(root, folder, "cpu.cfs_period_us", line, sizeof line) || sscanf(line, "%lf", &period) != 1)
      return 0;
  }
  return rounded_up(quota, period);
}

static int smaller(int a, int b) {
  return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The least of a group and of those above it, up to where the file system is mounted. */
static int quota_upwards(const char* root, const char* mount, const char* group, int version) {
  char folder[2 * longest];
  if (snprintf(folder, sizeof folder, "%s%s", mount, group) >= (int)sizeof folder)
    return 0;
  size_t top = strlen(mount);
  int least = 0;
  for (;;) {
    least = smaller(least, quota_of(root, folder, version));
    size_t length = strlen(folder);
    if (length <= top)
      return least;
    while (length > top && folder[length - 1] != '/')
      --length;
    folder[length > top ? length - 1 : top] = 0;
  }
}

/* "cpu" is one of "cpu,cpuacct". */
static int has_word(const char* list, const char* word) {
  size_t length = strlen(word);
  for (const char* at = list; at != NULL; at = strchr(at, ',')) {
    at += *at == ',';
    if (strncmp(at, word, length) == 0 && (at[length] == 0 || at[length] == ',' || at[length] == '\n'))
      return 1;
  }
  return 0;
}

/* mountinfo writes a space in a path as \040, and so on. */
static void unescape(char* text) {
  char* to = text;
  for (const char* from = text; *from != 0; ++to) {
    if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] != 0 && from[3] != 0) {
      *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = 0;
}

/* Where the cgroup file system of that version is mounted that has the CPU controller, and which group is its top. */
static int find_mount(const char* root, int version, char* top, char* mount) {
  FILE* file = open_under(root, "/proc/self", "mountinfo");
  if (file == NULL)
    return 0;
  char* line = NULL;
  size_t size = 0;
  int found = 0;
  while (!found && getline(&line, &size, file) > 0) {
    /* 36 35 98:0 TOP MOUNT rw,noatime shared:1 - cgroup2 cgroup2 rw,cpu */
    const char* rest = strstr(line, " - ");
    char kind[64], options[longest];
    if (rest == NULL || sscanf(rest, " - %63s %*s %4095s", kind, options) != 2 ||
        sscanf(line, "%*s %*s %*s %4095s %4095s", top, mount) != 2)
      continue;
    found = version == 2 ? strcmp(kind, "cgroup2") == 0 : strcmp(kind, "cgroup") == 0 && has_word(options, "cpu");
  }
  free(line);
  fclose(file);
  unescape(top);
  unescape(mount);
  return found;
}

static int quota_in(const char* root, int version, const char* group) {
  char top[longest], mount[longest];
  if (!find_mount(root, version, top, mount))
    return 0;
  /* A container sees its own group as the top of the mount; a group outside of what is mounted is not to be seen. */
  size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);
  int inside = strncmp(group, top, length) == 0 && (group[length] == '/' || group[length] == 0);
  group = inside ? group + length : "";
  return quota_upwards(root, mount, strstr(group, "/..") != NULL || strcmp(group, "/") == 0 ? "" : group, version);
}

int rvb_cpu_quota(const char* root) {
  FILE* file = open_under(root, "/proc/self", "cgroup");
  if (file == NULL)
    return 0;
  char* line = NULL;
  size_t size = 0;
  int least = 0;
  while (getline(&line, &size, file) > 0) {
    /* 0::/user.slice (version 2) or 4:cpu,cpuacct:/docker/1234 (version 1) */
    char* controllers = strchr(line, ':');
    char* group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (group == NULL)
      continue;
    *group++ = 0;
    ++controllers;
    group[strcspn(group, "\n")] = 0;
    int version = *controllers == 0 ? 2 : 1;
    if (version == 2 || has_word(controllers, "cpu"))
      least = smaller(least, quota_in(root, version, group));
  }
  free(line);
  fclose(file);
  return least;
}
