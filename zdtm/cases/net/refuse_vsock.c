/* zdtm:
 * title: a vsock socket is refused by name and keeps its port
 * refuse: vsock
 */
#define _GNU_SOURCE
#include <sys/socket.h> /* the next one needs it */

#include <linux/vm_sockets.h>

#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  struct sockaddr_vm at = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = VMADDR_PORT_ANY}, now = {0};
  socklen_t len = sizeof(at);
  test_init(argc, argv);
  int sock = socket(AF_VSOCK, SOCK_STREAM, 0);
  if (sock < 0) skip("no vsock here: %s", strerror(errno));
  if (bind(sock, (struct sockaddr*)&at, sizeof(at))) skip("no vsock port here: %s", strerror(errno));
  must(listen(sock, 1));
  sock = move_fd(sock, 77);
  must(getsockname(sock, (struct sockaddr*)&at, &len));

  test_daemon();
  test_waitsig();

  must(getsockname(sock, (struct sockaddr*)&now, &len));
  expect_eq(now.svm_port, at.svm_port);
  expect_eq(socket_option(sock, SO_ACCEPTCONN), 1);
  pass();
}
