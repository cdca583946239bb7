#include "service/rpc_session.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/format.h"
#include "base/log.h"
#include "cli/command_table.h"
#include "cli/parse.h"
#include "cli/start.h"
#include "engine/engine.h"
#include "engine/rpc.pb.h"
#include "service/rpc_words.h"

namespace cr::service {
namespace {

using Request = pb::criu_req;
using Response = pb::criu_resp;

class Session {
 public:
  explicit Session(Channel& channel) : channel_(channel) {}

  Result<> hold() {
    for (bool open = true; open;) {
      auto packet = TRY(channel_.receive());
      if (!packet) return {};
      Request request;
      Response response;
      if (request.ParseFromString(*packet)) {
        open = request.keep_open();
        answer(request, response);
      } else {
        open = false;
        response.set_type(pb::criu_req_type_EMPTY);
        refuse(response, {"service", "read", "the request", EBADMSG, "send one criu_req a packet"});
      }
      TRY(send(response));
    }
    return {};
  }

 private:
  void answer(const Request& request, Response& response) {
    response.set_type(request.type());
    Result<> done = perform(request, response);
    response.set_success(done.ok());
    if (!done.ok()) refuse(response, done.error());
  }

  /// The answer carries the sentence itself: nobody should have to look for a log.
  static void refuse(Response& response, const Error& e) {
    const std::string sentence = e.sentence();
    log::error("{}", sentence);
    response.set_success(false);
    response.set_cr_errno(e.err != 0 ? e.err : EINVAL);
    response.set_cr_errmsg(sentence);
  }

  Result<> perform(const Request& request, Response& response) {
    switch (request.type()) {
      case pb::criu_req_type_DUMP:
        return dump(request, response);
      case pb::criu_req_type_RESTORE:
        return restore(request, response);
      case pb::criu_req_type_CHECK:
        return engine::check(TRY(options_of(request, {"check"})));
      case pb::criu_req_type_VERSION:
        fill_version(*response.mutable_version());
        return {};
      case pb::criu_req_type_FEATURE_CHECK:
        fill_features(request.features(), *response.mutable_features());
        return {};
      case pb::criu_req_type_WAIT_PID:
        return wait_for_child(request, response);
      case pb::criu_req_type_PRE_DUMP:
      case pb::criu_req_type_SINGLE_PRE_DUMP:
        return not_built(cli::kPreDump);
      case pb::criu_req_type_PAGE_SERVER:
      case pb::criu_req_type_PAGE_SERVER_CHLD:
        return not_built(cli::kPageServer);
      case pb::criu_req_type_CPUINFO_DUMP:
      case pb::criu_req_type_CPUINFO_CHECK:
        return not_built(cli::kCpuinfo);
      default:
        return Error{"service", "serve", format("a request of type {}", static_cast<int>(request.type())), EBADRQC,
                     "the schema lists the types"};
    }
  }

  static Error not_built(cli::CommandBit bit) {
    for (const cli::CommandDef& c : cli::kCommands)
      if (c.bit == bit)
        return {"service", "run", format("command {} (not implemented yet)", c.name), EOPNOTSUPP,
                std::string(c.help)};
    return {};
  }

  Result<Options> options_of(const Request& request, std::vector<std::string> command) {
    std::vector<std::string> words = TRY(words_of(request.opts(), channel_.peer()));
    words.insert(words.begin(), command.begin(), command.end());
    // Container engines name no pipe at the dump; they look at the descriptors and pass pipes on at the restore.
    if (!command.empty() && command.front() == "dump") words.insert(words.end(), {"--external", "pipe"});
    cli::Surroundings around = cli::real_surroundings();
    around.overriding_config = request.opts().config_file();
    cli::Invocation inv = TRY(cli::parse(words, around));
    if (request.opts().notify_scripts())
      inv.options.notify = [this](std::string_view point, HostPid pid, int fd) { return notify(point, pid, fd); };
    inv.options.orphan_pts_master = request.opts().orphan_pts_master();
    TRY(cli::prepare(inv));
    return std::move(inv.options);
  }

  Result<> dump(const Request& request, Response& response) {
    if (!request.opts().has_pid())
      return Error{"service", "dump", format("the caller, pid {}", channel_.peer().pid), EINVAL,
                   "name the tree by its pid: a process can't wait for the end of its own dump"};
    TRY(engine::dump(TRY(options_of(request, {"dump"}))));
    response.mutable_dump()->set_restored(false);
    return {};
  }

  Result<> restore(const Request& request, Response& response) {
    // The answer comes when the tree runs; WAIT_PID waits for its end.
    Options options = TRY(options_of(request, {"restore", "--restore-detached"}));
    const HostPid root = TRY(engine::restore(options)).root;
    response.mutable_restore()->set_pid(root.value);
    return {};
  }

  static void fill_version(pb::criu_version& v) {
    v.set_major_number(4);  // the level of compatibility, as in cli's version_text()
    v.set_minor_number(2);
    v.set_name("crengine");
  }

  /// Of what was asked: what the engine can do.
  static void fill_features(const pb::criu_features& asked, pb::criu_features& out) {
    if (asked.has_mem_track()) out.set_mem_track(false);
    if (asked.has_lazy_pages()) out.set_lazy_pages(false);
    if (asked.has_pidfd_store()) out.set_pidfd_store(false);
  }

  static Result<> wait_for_child(const Request& request, Response& response) {
    int status = 0;
    const auto pid = static_cast<pid_t>(request.pid());
    while (waitpid(pid, &status, 0) < 0)
      if (errno != EINTR)
        return Error{"service", "wait for", format("pid {}", pid), errno,
                     "only a tree that was restored over this connection can be waited for"};
    response.set_status(status);
    return {};
  }

  /// Tells the caller that a point is reached, and goes on when it agrees.
  Result<> notify(std::string_view point, HostPid pid, int fd) {
    Response message;
    message.set_type(pb::criu_req_type_NOTIFY);
    message.set_success(true);
    message.mutable_notify()->set_script(std::string(point));
    if (pid.value > 0) message.mutable_notify()->set_pid(pid.value);
    TRY(send(message, fd));
    auto packet = TRY(channel_.receive());
    Request reply;
    if (packet && reply.ParseFromString(*packet) && reply.type() == pb::criu_req_type_NOTIFY &&
        reply.notify_success())
      return {};
    return Error{"service", "go on at", format("the script point {}", point), ECANCELED, "the caller did not agree"};
  }

  Result<> send(const Response& response, int fd = -1) {
    std::string packet;
    response.SerializeToString(&packet);
    return channel_.send(packet, fd);
  }

  Channel& channel_;
};

}  // namespace

Result<> hold_session(Channel& channel) { return Session(channel).hold(); }

}  // namespace cr::service
