// Pipes, named and unnamed, with the bytes in them.
//
// Shown by /proc/PID/fd ("pipe:[inode]", or a path for a fifo), fdinfo (flags), F_GETPIPE_SZ; the bytes are copied
// with tee(2), which leaves them where they are. Put back by one task for both ends: pipe2(2) or open(2) of the path,
// size, then the bytes, before anybody can read, and the inode's owner, permissions and times. Ends that nobody had
// are closed again. In packet mode (O_DIRECT) the borders between packets are kept in a field of our own. A pipe
// whose other end is held by a process outside the tree is external: the dump must be told so (--external
// pipe:[INODE]), the restore must be given the pipe to use (--inherit-fd fd[N]:pipe:[INODE]), which gets the bytes
// that were there for the tree unless it is still the old one. Refused: such a pipe that neither was told of.
#pragma once

#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/file_kind.h"

namespace cr::files {

/// What fstat(2) tells of a pipe: its owner is who has made it, and may open it by /proc/PID/fd.
struct PipeInode {
  std::uint32_t uid = 0, gid = 0;
  std::uint32_t mode = 0;  ///< permission bits
  timespec atime{}, mtime{};
};

struct Pipe {
  std::uint32_t size = 0;  ///< F_GETPIPE_SZ; 0 not known
  std::vector<std::uint8_t> data{};
  std::vector<std::uint32_t> packets{};  ///< lengths, when the bytes are packets
  std::vector<FileId> ends{};            ///< ascending
  bool fifo = false;
  bool external = false;             ///< the other end is outside, by --external
  std::optional<PipeInode> inode{};  ///< none: of a fifo, and where nobody can give it its owner

  // Restore, in the owner while it opens: descriptors for both directions, on service numbers.
  int read_fd = -1, write_fd = -1;
  bool read_given = false, write_given = false;  ///< the description that pipe2(2) made is in use
};

/// Number of a pipe in the images: its inode's.
using PipeId = std::uint32_t;

struct PipeModel {
  std::map<PipeId, Pipe> pipes{}, fifos{};
  std::map<FileId, PipeId> pipe_of{};  ///< of both kinds
  std::map<FileId, FileId> path_of{};  ///< of a fifo's description: the regular file entry with its path and flags
};

bool matches_pipe(const FileProbe& probe);
Result<> collect_pipe(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> settle_pipes(DumpCtx& ctx);
Result<> write_pipe(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> write_pipe_images(DumpCtx& ctx);
Result<> read_pipe(ReadCtx& ctx, const pb::file_entry& entry);
Result<> read_pipe_images(ReadCtx& ctx);
std::uint64_t group_of_pipe(const Models& models, FileId id);
/// Errors: an external pipe that nobody gives; something given that is no pipe.
Result<> plan_pipes(PlanCtx& ctx);
Result<UniqueFd> open_pipe(TaskCtx& ctx, FileId id);

bool matches_fifo(const FileProbe& probe);
Result<> collect_fifo(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> settle_fifos(DumpCtx& ctx);
Result<> write_fifo(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> write_fifo_images(DumpCtx& ctx);
Result<> read_fifo(ReadCtx& ctx, const pb::file_entry& entry);
Result<> read_fifo_images(ReadCtx& ctx);
Result<UniqueFd> open_fifo(TaskCtx& ctx, FileId id);

inline constexpr FileKind kPipeKind{
    .name = "pipe",
    .type = 2,
    .matches = matches_pipe,
    .collect = collect_pipe,
    .settle = settle_pipes,
    .write = write_pipe,
    .write_images = write_pipe_images,
    .read = read_pipe,
    .read_images = read_pipe_images,
    .group = group_of_pipe,
    .plan = plan_pipes,
    .open = open_pipe,
};

inline constexpr FileKind kFifoKind{
    .name = "fifo",
    .type = 3,
    .matches = matches_fifo,
    .collect = collect_fifo,
    .settle = settle_fifos,
    .write = write_fifo,
    .write_images = write_fifo_images,
    .read = read_fifo,
    .read_images = read_fifo_images,
    .group = group_of_pipe,
    .open = open_fifo,
};

/// What is in a pipe, without taking it out: `end` is any end that is our own copy. Fills size, data and, when the
/// bytes are packets, packets. Errors: pipe2(2), tee(2), read(2).
Result<> peek_pipe(int end, bool packet_mode, const std::string& object, Pipe& pipe);
/// Gives a new, empty pipe its size and bytes through `write_fd`. Errors: fcntl(2), write(2).
Result<> fill_pipe(int write_fd, const Pipe& pipe, const std::string& object);

}  // namespace cr::files
