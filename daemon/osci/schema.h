// Messages against our own schemas of OSCI 1.2 (xoev-schemas/osci), for the daemon's strict mode
// and for tests. Blocking CPU work; thread-safe.
#pragma once
#include "base/result.h"
#include "seal/message.h"
#include "xml/schema_validator.h"
#include <string>
#include <vector>

namespace osci {

enum class SchemasOf { requests, all };

// Names of the schemas (xoev-schemas/osci/messages/NAME.xsd) of requests to an intermediary, or of
// every message of 1.2 in both directions with MessageEncrypted and MessageFault.
std::vector<std::string> schema_names(SchemasOf which);

// The XML part of a message, opened with OpenOptions::keep_xml, against the schema of its type.
// Errors: malformed_message
// (clear) or invalid_request (encrypted), with element path, line and rule.
base::Result<> check_schema(const seal::Message& message, const xml::SchemaSet& schemas);

} // namespace osci
