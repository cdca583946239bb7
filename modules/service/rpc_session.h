// One connection: its requests, and their answers.
#pragma once

#include "base/result.h"
#include "service/channel.h"

namespace cr::service {

/// Answers requests until one does not ask to keep the connection open, or the peer closes. Errors: only those of the
/// connection; everything else goes to the peer, as cr_errno and cr_errmsg.
Result<> hold_session(Channel& channel);

}  // namespace cr::service
