// The key that message ids are made and recognised with.
#pragma once
#include "base/random.h"
#include "base/result.h"
#include <filesystem>
#include <string>

namespace setup {

// 32 octets, kept in `state`/message-id.key (mode 0600); made when there is none. It must be the
// same after every restart, or ids that senders hold would be refused. Error: file_error, also for
// a damaged key: a new one in its place would refuse ids silently.
base::Result<std::string> message_id_key(const std::filesystem::path& state,
                                         base::RandomSource& random);

} // namespace setup
