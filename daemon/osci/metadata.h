// MessageMetaData of XTA 2 as a custom header of OSCI 1.2 deliveries (wire reference 12): a block
// with Id "MetaData" that says which service, message type, author and reader a delivery is about.
// For the intermediary it is something to carry octet for octet, to index and to complain about,
// never something to decide by. Pure; thread-safe.
//
// Reading is tolerant: a known version (namespace http://www.osci.eu/ws/2014/10/transport) is held
// against its schema, of any other what bears the same names is taken; clients leave out mandatory
// parts. What is wrong stands in `findings`.
#pragma once
#include "base/result.h"
#include "mailbox/delivery.h"
#include "osci/message.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osci {

inline constexpr std::string_view kMetaDataId = "MetaData";
inline constexpr std::string_view kMetaDataNamespace = "http://www.osci.eu/ws/2014/10/transport";

// A value of a code list; empty where absent.
struct KeyCode {
  std::string code;
  std::string list_uri;
  std::string list_version;
};

struct PartyIdentifier {
  std::string value; // "wgb:059130000000"
  std::string type = "xoev";
  std::string name;     // for people to read
  std::string category; // e.g. "Wohngeldbehörde"
};

struct MetaData {
  std::string namespace_uri;
  bool test = false;
  PartyIdentifier author, reader;
  std::string message_id; // wsa:MessageID: the application's, not OSCI's
  std::string service;    // URI
  KeyCode business_scenario;
  std::string undefined_scenario; // text, where no code list defines the scenario
  KeyCode message_type;
  std::string payload_schema;
  std::optional<std::string> origin; // xsd:dateTime as written
  std::optional<std::uint64_t> size; // octets
  // What the schema or our limits object to, as "path: rule"; never with values.
  std::vector<std::string> findings;
};

// The header among those of a delivery; null: none.
const CustomHeader* find_metadata(const std::vector<CustomHeader>& headers);

// `xml`: the header's text. Error: malformed_message, when it is no XML or not called
// MessageMetaData; everything else is a finding.
base::Result<MetaData> read_metadata(std::string_view xml);

// What the store keeps beside a delivery. Values longer than mailbox::kMaxMetaDataValue are left
// out.
mailbox::MetaDataIndex metadata_index(const MetaData& metadata);

// What stands in the log about a delivery: no names of people. So identifiers only if they look
// like keys of organisations, services if they are URIs, codes if they are of the form of a message
// type (letters, digits, dot, hyphen and underline, a digit among them); else empty.
std::string loggable_party(std::string_view identifier);
std::string loggable_service(std::string_view service);
std::string loggable_code(std::string_view code);

// Text of the header in canonical form, its own namespaces and those of OSCI declared, as the
// schema of 2014 wants it. Error: invalid_config (names what is missing).
base::Result<std::string> write_metadata(const MetaData& metadata);
// A ready header from a file, without Id or with the right one: canonical, with Id "MetaData".
// Error: invalid_config (the first finding).
base::Result<std::string> adopt_metadata(std::string_view xml);

} // namespace osci
