/* zdtm:
 * title: --empty-ns net: the namespace comes back without what was in it
 * needs: root tool:ip
 * dump: --empty-ns net
 * restore: --empty-ns net
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  new_netns();
  char* before = output_of("ip -o link | sed 's/ permaddr [^ ]*//'");
  sh("ip link add v0 type veth peer name v1");

  test_daemon();
  test_waitsig();

  expect_same_text("the devices", before, output_of("ip -o link | sed 's/ permaddr [^ ]*//'"));
  pass();
}
