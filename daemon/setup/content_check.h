// How the gateway judges content that came in clear: by schema packs (xoev/).
#pragma once
#include "base/result.h"
#include "osci/decide.h"
#include <filesystem>

namespace setup {

// Reads and compiles the packs of this folder. What no pack declares is not judged. A document
// takes five seconds of the processor at most. Errors: as of SchemaPacks::load_usable().
base::Result<osci::ContentCheck> make_content_check(const std::filesystem::path& folder);

} // namespace setup
