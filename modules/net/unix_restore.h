// What the steps of a restored unix socket share.
#pragma once

#include "files/description.h"
#include "net/unix_socket.h"

namespace cr::net {

/// A step of many tasks that have to come one after the other: returns when `counter` is `value`. Ends the process
/// when the restore is given up.
void await_turn(TaskCtx& ctx, const std::atomic<std::uint32_t>& counter, std::uint32_t value);
/// Sends one message of the queue. Errors: sendmsg(2), what a passed descriptor needs.
Result<> send_again(TaskCtx& ctx, const UnixSocket& receiver, const UnixMessage& m, int from, std::string to,
                    const files::Description& d);
/// Shutdowns, options: when nothing is to be sent any more.
Result<> finish_end(const UnixSocket& s, int fd, const files::Description& d);
/// Fills the queue of a datagram socket that is no end of a pair, each message from a socket with its sender's name.
Result<> fill_datagrams(TaskCtx& ctx, const UnixSocket& s, int fd, const files::Description& d);
/// Connects those of the task, when all queues have been filled, and finishes them.
Result<> connect_datagrams(TaskCtx& ctx);

}  // namespace cr::net
