// `dataclearingctl certificate check`: what municipalities hand in (domain 4.6, 5.4 check 8).
#pragma once
#include "cli/ctl/certificate_rules.h"
#include "directory/directory.h"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli::ctl {

struct CheckedFile {
  std::string file;
  std::optional<crypto::Certificate> certificate; // absent: not read, or refused
  std::vector<directory::Remark> remarks;         // worst first; never empty
};

// `directory` null: not compared. Certificates behind the first count as its issuers.
CheckedFile check_file(const std::string& name, std::string_view bytes, Rules& rules,
                       const directory::Directory* directory);

std::string checked_json(const std::vector<CheckedFile>& files, base::Instant at);
std::string checked_text(const std::vector<CheckedFile>& files);

} // namespace cli::ctl
