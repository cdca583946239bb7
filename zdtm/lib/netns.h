/* Network namespaces of cases: made with ip(8), and compared as ip(8) and nft(8) show them. */
#pragma once

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

static inline void new_netns(void) { must(unshare(CLONE_NEWNET)); }

/* Runs a shell command; a failure fails the case. */
static inline void sh(const char* command) {
  char said[1000] = "", whole[8000];
  snprintf(whole, sizeof(whole), "{ %s; } 2>&1", command);
  FILE* p = popen(whole, "r");
  if (!p) die("%s: %s", command, strerror(errno));
  said[fread(said, 1, sizeof(said) - 1, p)] = 0;
  int status = pclose(p);
  if (status != 0) die("%s: status %d: %s", command, status, said);
}

/* What a shell command prints. */
static inline char* output_of(const char* command) {
  size_t size = 1 << 20, at = 0;
  char* text = calloc(1, size);
  FILE* p = popen(command, "r");
  if (!p) die("%s: %s", command, strerror(errno));
  at = fread(text, 1, size - 1, p);
  pclose(p);
  if (at == size - 1) die("%s prints too much", command);
  return text;
}

/* All that ip(8) shows of the namespace and does not count. */
static inline char* netns_view(void) {
  return output_of(
      "ip -d link | sed -E 's/(hello|tcn|topology_change|gc|forward_delay|hold|message_age)_timer +[0-9.]+ ?//g;"
      "  s/link-netnsid [0-9]+//; s/@if[0-9]+/@/;"
      "  s/ state UNKNOWN/ state UP/; s/bond_slave state [A-Z]+ mii_status [A-Z]+/bond_slave/; s/link_failure_count [0-9]+//; s/ permaddr [^ ]*//';"
      "ip -o addr | sed -E 's/valid_lft.*//'; ip route show table all | sort; ip -6 route show table all | sort;"
      "ip rule; ip -6 rule; ip neigh show nud permanent");
}

static inline void expect_same_text(const char* what, const char* before, const char* after) {
  if (strcmp(before, after) == 0) return;
  test_msg("before:\n%s\nafter:\n%s\n", before, after);
  size_t at = 0, start = 0;
  for (; before[at] == after[at]; at++)
    if (before[at] == '\n') start = at + 1;
  die("%s differs: \"%.*s\" is now \"%.*s\"", what, (int)strcspn(before + start, "\n"), before + start,
      (int)strcspn(after + start, "\n"), after + start);
}

/* Makes a namespace like that and waits until it stands still; after the restore it must come to look the same. `more` is a command
 * whose output is compared too. */
static inline void expect_namespace_carried(const char* commands, const char* more) {
  new_netns();
  sh(commands);
  sleep(3); /* duplicate addresses are looked for, links are watched */
  char *before = netns_view(), *more_before = output_of(more);
  if (!strstr(before, "mtu")) die("ip and sed show nothing");

  test_daemon();
  test_waitsig();

  char *after = netns_view(), *more_after = output_of(more);
  for (int i = 0; i < 5 && (strcmp(before, after) != 0 || strcmp(more_before, more_after) != 0); i++) {
    sleep(1);
    after = netns_view();
    more_after = output_of(more);
  }
  expect_same_text("the namespace", before, after);
  expect_same_text(more, more_before, more_after);
  pass();
}
