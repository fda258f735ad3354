// The schema validator behind the parser that stands before it, as in strict mode: any XML, judged
// by the schema that its schemaLocation names, twice alike.
#include "osci/schema.h"
#include "xml/document.h"
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto schemas = xml::SchemaSet::load(
      DC_SOURCE_DIR "/xoev-schemas/osci/messages", osci::schema_names(osci::SchemasOf::all),
      {DC_SOURCE_DIR "/xoev-schemas/osci", DC_W3C_SCHEMAS});
  if (!schemas) std::abort();
  xml::Limits limits;
  limits.size = 1 << 20;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = xml::Document::parse(text, limits);
  if (!document) return 0;
  const auto location =
      document->root().attribute("http://www.w3.org/2001/XMLSchema-instance", "schemaLocation");
  std::string type = "MessageFault";
  if (location) {
    const auto at = location->find(" soap");
    if (at != std::string::npos)
      type = location->substr(at + 5, location->find(".xsd", at) - at - 5);
  }
  const auto* schema = schemas->find(type);
  if (!schema) schema = schemas->find("StoreDelivery");
  const auto first = schema->validate(text), second = schema->validate(text);
  if (first.has_value() != second.has_value()) std::abort();
  if (!first && first.error().detail != second.error().detail) std::abort();
  return 0;
}
