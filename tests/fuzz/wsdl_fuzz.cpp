// A WSDL file that somebody hands over. What is read must be what a directory file can hold.
#include "base/log.h"
#include "lookup/description_toml.h"
#include "lookup/file_directory.h"
#include "lookup/wsdl.h"
#include "xml/document.h"
#include <cstdint>
#include <cstdlib>

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

lookup::CategoryPrefixes prefixes() {
  base::set_log_sink([](const base::LogRecord&) {});
  xml::initialise();
  xoev::CodeList list;
  list.canonical_uri = "urn:xoev-de:bund:bmi:bit:codeliste:dvdv.praefix";
  list.columns = {"praefix", "behoerdenkategorie"};
  list.rows = {{"bab", "Bauaufsichtsbehörde"}, {"dbs", "§ 38, Bundesbehörde"}};
  return lookup::CategoryPrefixes::from(list).value();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto list = prefixes();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = lookup::read_wsdl(text, size % 2 == 0 ? &list : nullptr);
  if (!read) {
    demand(read.error().code == base::ErrorCode::malformed_message ||
           read.error().code == base::ErrorCode::too_large ||
           read.error().code == base::ErrorCode::duplicate_id);
    return 0;
  }
  const auto& description = read->description;
  demand(!description.users.empty() || !read->warnings.empty());
  const auto toml = lookup::to_toml({{description, read->warnings}});
  const auto loaded =
      lookup::parse_directory(toml, "fuzz", [](const std::string&) -> base::Result<std::string> {
        return base::fail(base::ErrorCode::file_error, "none");
      });
  demand(loaded.has_value());
  const auto* found = (*loaded)->description(description.uri);
  demand(found != nullptr && found->users == description.users &&
         found->providers == description.providers && found->roots == description.roots &&
         found->subject == description.subject);
  return 0;
}
