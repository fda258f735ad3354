// What the gateway works with, from the configuration: keys, trust, policy, schemas. Made at the
// start and again at SIGHUP.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "directory/agreements.h"
#include "directory/directory.h"
#include "gateway/gateway.h"
#include "ops/config.h"
#include <memory>

namespace setup {

// All or nothing: a reload that fails keeps what is in force. Logs what an operator has to know (an
// own certificate that is expired, exceptions for old algorithms). `agreements` may be null. Reads
// files, so not on the event loop. Errors: file_error, key_error, invalid_config; the detail names
// the file or the key.
base::Result<std::shared_ptr<const gateway::Settings>>
make_settings(const ops::Config& config, std::shared_ptr<const directory::Directory> directory,
              std::shared_ptr<const directory::Agreements> agreements, base::Instant now);

} // namespace setup
