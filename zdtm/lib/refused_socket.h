/* Addresses for the cases whose sockets the dump refuses. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "check.h"
#include "descriptors.h"

/* The descriptor number that a refusal must name: no other one of the case is like it. */
enum { kRefusedFd = 77 };

static inline struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

/* A socket at a free port of 127.0.0.1. */
static inline int bound_socket(int type, struct sockaddr_in* at) {
  socklen_t len = sizeof(*at);
  int sock = must(socket(AF_INET, type, 0));
  *at = loopback(0);
  if (bind(sock, (struct sockaddr*)at, sizeof(*at))) skip("no loopback network here: %s", strerror(errno));
  must(getsockname(sock, (struct sockaddr*)at, &len));
  return sock;
}
