// --validate: applications held against schema packs at the ends, where they are in clear text
// (domain 3.4). Reports name element paths, lines and rules, never values.
#pragma once
#include "base/result.h"
#include "cli/keep.h"
#include "xoev/schema_pack.h"
#include <CLI/App.hpp>
#include <boost/json/fwd.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// Packs of a folder, all of which must be usable: one that is not would let its messages pass for
// unknown. Errors: invalid_config with what is wrong in which pack, file_error, too_large.
base::Result<std::shared_ptr<const xoev::SchemaPacks>> load_packs(const std::string& folder);

boost::json::object describe(const xoev::Report& report);
// One line for each finding, indented; `notes`: those too that are no errors.
std::string lines_of(const xoev::Report& report, bool notes);

// Before sending: every XML file must be valid, and there must be one. The report goes to stderr.
// Error: invalid_content.
base::Result<> validate_outgoing(const xoev::SchemaPacks& packs,
                                 const std::vector<std::string>& names,
                                 const std::vector<std::string>& contents);

// Marks what was kept: NAME.validation.json beside each XML file of a delivery, and a line for each
// (stderr; with `json` stdout). A mark never loses mail: what cannot be written is told, and
// nothing else. Thread-safe for different deliveries.
void mark_kept(const xoev::SchemaPacks& packs, const KeptDelivery& delivery, bool json);

// The name of the mark; Keeper gives it to no file of a message.
inline constexpr std::string_view kMarkEnding = ".validation.json";

} // namespace cli
