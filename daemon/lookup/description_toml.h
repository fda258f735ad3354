// Service descriptions as a file that a directory file includes, or that is pasted into it.
#pragma once
#include "directory/directory.h"
#include <string>
#include <vector>

namespace lookup {

struct CommentedDescription {
  directory::ServiceDescription description;
  std::vector<std::string> comments; // one line each, above the entry
};

// [[description]] entries, ordered by URI: the same descriptions give the same octets.
std::string to_toml(std::vector<CommentedDescription> descriptions);

} // namespace lookup
