// From the options of a request to the words of a command line.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "service/channel.h"

namespace cr::pb {
class criu_opts;
}

namespace cr::service {

/// The words that ask for the same, behind the command itself. Descriptors of the caller become paths. Errors: a
/// descriptor that is no directory; a value that has no name.
Result<std::vector<std::string>> words_of(const pb::criu_opts& opts, const Peer& peer);

}  // namespace cr::service
