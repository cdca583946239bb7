/* zdtm:
 * title: policies of IPsec are refused by name
 * needs: root tool:ip
 * refuse: states and policies of IPsec
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  new_netns();
  if (system("ip xfrm policy add src 10.0.0.0/8 dst 10.0.0.0/8 dir out") != 0) skip("the kernel has no IPsec");

  test_daemon();
  test_waitsig();

  expect(strstr(output_of("ip xfrm policy"), "10.0.0.0/8") != NULL);
  pass();
}
