/* zdtm:
 * title: a network namespace in which nothing was done
 * needs: root tool:ip
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  new_netns();
  char* before = netns_view();

  test_daemon();
  test_waitsig();

  expect_same_text("the namespace", before, netns_view());
  pass();
}
