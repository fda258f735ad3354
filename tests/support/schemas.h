// The OSCI schemas of the source tree, loaded once for each test program.
#pragma once
#include "osci/schema.h"
#include <filesystem>
#include <string>
#include <string_view>

namespace support {

const xml::SchemaSet& schemas(); // every message type of both directions
std::vector<std::filesystem::path> schema_folders();

// What travelled: an HTTP body taken apart and held against the schemas. The outer envelope is
// opened where one of the test keys fits.
struct Judged {
  std::string type; // of the inner message, or "MessageEncrypted" where no key fits
  std::string xml;
  std::string violation; // of the envelope or of what is inside; empty: valid
};
Judged judge(std::string_view wire);
// Whether an answer says that the request was carried out: its first code begins with 0 or 3.
bool executed(std::string_view answer_xml);

} // namespace support
