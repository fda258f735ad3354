#include "setup/content_check.h"
#include "xoev/schema_pack.h"
#include <memory>

namespace setup {

base::Result<osci::ContentCheck> make_content_check(const std::filesystem::path& folder) {
  auto loaded = xoev::SchemaPacks::load_usable(folder);
  if (!loaded) return loaded.error();
  return osci::ContentCheck([packs = std::make_shared<const xoev::SchemaPacks>(std::move(*loaded))](
                                std::string_view document) {
    xoev::DocumentLimits limits;
    limits.processor_seconds = 5;
    const auto report = packs->validate(document, limits);
    std::vector<std::string> out;
    if (report.pack.empty()) return out; // of no standard that is known here, or no XML at all
    for (const auto& one : report.findings)
      if (one.severity == xoev::Severity::error) out.push_back(one.where + ": " + one.rule);
    return out;
  });
}

} // namespace setup
