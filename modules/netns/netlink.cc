#include "netns/netlink.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/format.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

namespace cr::netns {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;

Error failed(const char* step, const std::string& what, int err) { return Error{"netns", step, what, err, ""}; }

/// What the kernel says in words (NLMSGERR_ATTR_MSG).
std::string words_of(ByteSpan message) {
  const nlmsghdr h = header_of(message);
  if (!(h.nlmsg_flags & NLM_F_ACK_TLVS)) return {};
  std::size_t skip = sizeof(nlmsgerr);
  const auto e = fixed_of<nlmsgerr>(message);
  if (!(h.nlmsg_flags & NLM_F_CAPPED) && e.msg.nlmsg_len > sizeof(nlmsghdr))
    skip += e.msg.nlmsg_len - sizeof(nlmsghdr);
  const auto words = attribute(body_of(message, skip), NLMSGERR_ATTR_MSG);
  return words ? as_text(*words) : std::string();
}

}  // namespace

std::vector<Attribute> attributes(ByteSpan bytes) {
  std::vector<Attribute> all;
  while (bytes.size() >= NLA_HDRLEN) {
    const auto a = as_number<nlattr>(bytes);
    if (a.nla_len < NLA_HDRLEN || a.nla_len > bytes.size()) break;
    all.push_back({a.nla_type & NLA_TYPE_MASK, a.nla_type, bytes.subspan(NLA_HDRLEN, a.nla_len - NLA_HDRLEN)});
    bytes = bytes.subspan(std::min<std::size_t>(NLA_ALIGN(a.nla_len), bytes.size()));
  }
  return all;
}

std::optional<ByteSpan> attribute(ByteSpan bytes, int type) {
  for (const Attribute& a : attributes(bytes))
    if (a.type == type) return a.data;
  return std::nullopt;
}

std::string as_text(ByteSpan data) { return {data.begin(), std::find(data.begin(), data.end(), 0)}; }

Result<std::vector<Message>> split_messages(ByteSpan bytes, const std::string& where) {
  std::vector<Message> all;
  while (!bytes.empty()) {
    const auto length = bytes.size() < NLMSG_HDRLEN ? 0 : header_of(bytes).nlmsg_len;
    if (length < NLMSG_HDRLEN || length > bytes.size())
      return Error{"netns", "read", where, 0, format("message {} is cut short", all.size())};
    all.emplace_back(bytes.begin(), bytes.begin() + length);
    bytes = bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(length), bytes.size()));
  }
  return all;
}

Result<Netlink> Netlink::open(int protocol) {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd) return failed("open", format("netlink protocol {}", protocol), errno);
  const int on = 1, size = 1 << 20;
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  return Netlink(std::move(fd));
}

Result<std::vector<Message>> Netlink::dump(Request request, const char* what) {
  Message m = request.message();
  nlmsghdr h = header_of(m);
  h.nlmsg_flags |= NLM_F_DUMP;
  h.nlmsg_seq = seq_++;
  std::memcpy(m.data(), &h, sizeof h);
  if (::send(fd_.get(), m.data(), m.size(), 0) < 0) return failed("ask for", what, errno);
  std::vector<Message> all;
  std::vector<std::uint8_t> buffer(kBuffer);
  for (;;) {
    const ssize_t n = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0) return failed("ask for", what, errno);
    for (Message& got : TRY(split_messages({buffer.data(), static_cast<std::size_t>(n)}, what))) {
      const nlmsghdr g = header_of(got);
      if (g.nlmsg_type == NLMSG_DONE) {
        const int err = got.size() >= NLMSG_HDRLEN + sizeof(int) ? -fixed_of<int>(got) : 0;
        if (err > 0) return failed("ask for", what, err);
        return all;
      }
      if (g.nlmsg_type == NLMSG_ERROR) return failed("ask for", what, -fixed_of<nlmsgerr>(got).error);
      all.push_back(std::move(got));
    }
  }
}

Result<std::vector<Message>> Netlink::exchange(Message message, int& err) {
  nlmsghdr h = header_of(message);
  h.nlmsg_flags |= NLM_F_ACK | NLM_F_REQUEST;
  h.nlmsg_seq = seq_++;
  h.nlmsg_pid = 0;
  std::memcpy(message.data(), &h, sizeof h);
  why.clear();
  if (::send(fd_.get(), message.data(), message.size(), 0) < 0) return failed("send", "a netlink message", errno);
  std::vector<Message> answer;
  std::vector<std::uint8_t> buffer(64 * 1024);
  for (;;) {
    const ssize_t n = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0) return failed("read", "the answer to a netlink message", errno);
    for (Message& got : TRY(split_messages({buffer.data(), static_cast<std::size_t>(n)}, "netlink"))) {
      const nlmsghdr g = header_of(got);
      if (g.nlmsg_seq != h.nlmsg_seq) continue;
      if (g.nlmsg_type != NLMSG_ERROR) {
        answer.push_back(std::move(got));
        continue;
      }
      why = words_of(got);
      err = -fixed_of<nlmsgerr>(got).error;
      return answer;
    }
  }
}

Result<int> Netlink::send(Message message) {
  int err = 0;
  TRY(exchange(std::move(message), err));
  return err;
}

Result<std::vector<Message>> Netlink::ask(Message request, const char* what) {
  int err = 0;
  std::vector<Message> answer = TRY(exchange(std::move(request), err));
  if (err != 0) return failed("ask for", what, err);
  return answer;
}

Result<int> Netlink::send_batch(ByteSpan bytes) {
  const int size = static_cast<int>(bytes.size() + 64 * 1024);
  setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  why.clear();
  if (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0) return failed("send", "netlink messages", errno);
  std::vector<std::uint8_t> buffer(kBuffer);
  int err = 0;
  for (;;) {  // the kernel has answered before send(2) returned
    const ssize_t n = recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0) return err;
    for (const Message& got : TRY(split_messages({buffer.data(), static_cast<std::size_t>(n)}, "netlink"))) {
      if (header_of(got).nlmsg_type != NLMSG_ERROR || err != 0) continue;
      err = -fixed_of<nlmsgerr>(got).error;
      why = words_of(got);
    }
  }
}

}  // namespace cr::netns
