// Files that are old or new, never half. Private to lookup/.
#pragma once
#include "base/result.h"
#include <filesystem>
#include <string_view>

namespace lookup {

// Writes NAME.new, syncs it, renames it over NAME and syncs the folder. A crash leaves the old
// file, or the new one, and perhaps a NAME.new that the next call overwrites. Error: file_error.
base::Result<> replace_file(const std::filesystem::path& file, std::string_view bytes);

} // namespace lookup
