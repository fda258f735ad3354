// MessageMetaData on the command line: composed for `osci send`, shown by `osci fetch` and
// `osci card`.
#pragma once
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "osci/metadata.h"
#include <CLI/App.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace cli {

struct MetaDataOptions {
  std::string file; // a ready header; excludes all others
  std::string message_type, message_type_list, message_type_version, payload_schema;
  std::string author, reader, identifier_type = "xoev";
  std::string scenario, scenario_list, scenario_version;
  std::string message_id;
  bool test = false;
};

void add_metadata_options(CLI::App& app, MetaDataOptions& options);

// The header for a message about `service` to `reader` (used unless options name one) of `octets`
// content; nullopt when no option asks for one. Errors: file_error; invalid_config (what the schema
// wants and nobody has said).
base::Result<std::optional<osci::CustomHeader>>
metadata_header(const MetaDataOptions& options, const std::string& service,
                const std::string& reader, std::uint64_t octets, base::Instant now,
                base::RandomSource& random);

// The header of a delivery as it came; empty: none.
std::string metadata_of(const osci::Content& content);

// As it stands in delivery.json; nullopt when there is nothing that could be read.
std::optional<boost::json::object> describe_metadata(std::string_view canonical);

// What `osci fetch` wrote into `folder` about this message; nullopt: nothing there.
std::optional<boost::json::object> kept_metadata(const std::string& folder,
                                                 const std::string& message_id);

} // namespace cli
