/* zdtm:
 * title: process groups and sessions that are led outside of the pid namespace of their members
 * nosnapshot: another pid namespace
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include "nested.h"

static struct node session_inside, leads, inherited, deeper, sibling, joins, in_sibling, left, of_left;
static pid_t gone;

static void nothing_seen(void) {
  expect_eq(getpgrp(), 0);
  expect_eq(getsid(0), 0);
}

static void make_deeper(void) {
  nothing_seen();
  node_start(&deeper, CLONE_NEWPID, nothing_seen, nothing_seen);
}
static void check_deeper(void) {
  nothing_seen();
  node_finish(&deeper);
}

/* Its group is its own, and everybody below is in it. */
static void lead(void) {
  must(setpgid(0, 0));
  node_start(&inherited, CLONE_NEWPID, make_deeper, check_deeper);
}
static void check_lead(void) {
  expect_eq(getpgid(inherited.pid), getpid());
  node_finish(&inherited);
}

static void lead_alone(void) { must(setpgid(0, 0)); }

/* A pipeline: the group is led by the first, the second runs something in a namespace. It leaves the group later. */
static void join_sibling(void) {
  must(setpgid(0, sibling.pid));
  node_start(&in_sibling, CLONE_NEWPID, nothing_seen, nothing_seen);
  must(setpgid(0, 0));
}
static void check_in_sibling(void) {
  expect_eq(getpgrp(), getpid());
  expect_eq(getpgid(in_sibling.pid), sibling.pid);
  node_finish(&in_sibling);
}

static void lead_session_inside(void) {
  must(setsid());
  expect_eq(getsid(0), 1);
}
static void check_session_inside(void) {
  expect_eq(getsid(0), 1);
  expect_eq(getpgrp(), 1);
}

/* The leader of the group is gone. */
static void join_gone(void) {
  gone = fork_with(0);
  if (!gone) {
    for (;;) pause();
  }
  must(setpgid(gone, gone));
  must(setpgid(0, gone));
  node_start(&of_left, CLONE_NEWPID, nothing_seen, nothing_seen);
  must(kill(gone, SIGKILL));
  must(waitpid(gone, NULL, 0));
}
static void check_gone(void) {
  expect_eq(getpgrp(), gone);
  expect_eq(getpgid(of_left.pid), gone);
  node_finish(&of_left);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  node_start(&leads, 0, lead, check_lead);
  node_start(&sibling, 0, lead_alone, NULL);
  node_start(&joins, 0, join_sibling, check_in_sibling);
  node_start(&session_inside, CLONE_NEWPID, lead_session_inside, check_session_inside);
  node_start(&left, 0, join_gone, check_gone);

  test_daemon();
  test_waitsig();

  node_finish(&leads);
  node_finish(&joins);
  node_finish(&sibling);
  node_finish(&session_inside);
  node_finish(&left);
  pass();
  return 0;
}
