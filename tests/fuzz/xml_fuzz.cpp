// Hardened parser and canonicaliser: whatever parses must canonicalise, and its canonical form must
// parse to the same canonical form.
#include "xml/document.h"
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  xml::Limits limits;
  limits.size = 1 << 20;
  const auto document =
      xml::Document::parse(std::string_view(reinterpret_cast<const char*>(data), size), limits);
  if (!document) return 0;
  const std::string canonical = document->root().canonical();
  const auto again = xml::Document::parse(canonical, limits);
  if (again && again->root().canonical() != canonical) std::abort();
  for (const auto& child : document->root().children()) {
    (void)child.canonical();
    (void)child.namespaces_in_scope();
    (void)child.text();
  }
  return 0;
}
