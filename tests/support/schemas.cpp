#include "support/schemas.h"
#include "mime/message.h"
#include "seal/names.h"
#include "seal/transport_encryption.h"
#include "support/keys.h"
#include <stdexcept>

namespace support {

std::vector<std::filesystem::path> schema_folders() {
  return {DC_SOURCE_DIR "/xoev-schemas/osci", DC_W3C_SCHEMAS};
}

const xml::SchemaSet& schemas() {
  static const xml::SchemaSet set = [] {
    const auto folders = schema_folders();
    auto loaded = xml::SchemaSet::load(folders.front() / "messages",
                                       osci::schema_names(osci::SchemasOf::all), folders);
    if (!loaded) throw std::runtime_error(loaded.error().detail);
    return std::move(*loaded);
  }();
  return set;
}

namespace {

// The type that schemaLocation names; none: a fault.
std::string type_of(const xml::Document& document) {
  const auto location = document.root().attribute(seal::ns::xsi, "schemaLocation");
  if (!location) return "MessageFault";
  const auto at = location->find(" soap"), end = location->find(".xsd", at);
  if (at == std::string::npos || end == std::string::npos) return "unknown";
  return location->substr(at + 5, end - at - 5);
}

// Fills type and xml; the rule where the message cannot be read.
std::string look(std::string_view wire, Judged& out) {
  const auto parts = mime::parse(wire, {});
  if (!parts) return parts.error().detail;
  const auto decoded = parts->parts[0].decoded();
  if (!decoded) return decoded.error().detail;
  const auto document = xml::Document::parse(*decoded, {});
  if (!document) return document.error().detail;
  out.type = type_of(*document);
  out.xml = *decoded;
  const auto* schema = schemas().find(out.type);
  if (!schema) return "no schema for " + out.type;
  if (const auto valid = schema->validate(*decoded); !valid)
    return out.type + ": " + valid.error().detail;
  return {};
}

} // namespace

Judged judge(std::string_view wire) {
  Judged out;
  out.violation = look(wire, out);
  if (out.type != "MessageEncrypted" || !out.violation.empty()) return out;
  base::SystemRandom random;
  seal::OpenOptions options;
  options.allow_cbc = options.allow_rsa15 = true;
  const auto parts = mime::parse(wire, {});
  const auto document = xml::Document::parse(out.xml, {});
  const auto opened = seal::decrypt_envelope(
      *document, *parts,
      {key("intermed_cipher"), key("sender_cipher"), key("recipient_cipher"), key("other_cipher")},
      options, random);
  if (opened && opened->genuine) out.violation = look(opened->plain, out);
  return out;
}

bool executed(std::string_view answer_xml) {
  const auto at = answer_xml.find(":Code>");
  return at != std::string_view::npos && at + 6 < answer_xml.size() &&
         (answer_xml[at + 6] == '0' || answer_xml[at + 6] == '3');
}

} // namespace support
