// A pattern of a schema and a text, parted by LF: what the pattern is rewritten to says the same of
// the text, by libxml2's own judgement.
#include "base/encoding.h"
#include "xml/pattern.h"
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <libxml/xmlerror.h>
#include <libxml/xmlregexp.h>
#include <memory>
#include <string>
#include <string_view>

namespace {

void silent(void*, xmlErrorPtr) {}

int judged(const std::string& pattern, const std::string& text) {
  const std::unique_ptr<xmlRegexp, void (*)(xmlRegexpPtr)> expression(
      xmlRegexpCompile(reinterpret_cast<const xmlChar*>(pattern.c_str())), xmlRegFreeRegexp);
  if (!expression) return -2;
  return xmlRegexpExec(expression.get(), reinterpret_cast<const xmlChar*>(text.c_str()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\n');
  const std::string pattern(input.substr(0, end));
  const auto better = xml::one_way_pattern(pattern);
  if (!better) return 0;
  // Small ones only: libxml2 takes long over what has many ways.
  if (pattern.size() > 120 || pattern.find('\0') != std::string::npos) return 0;
  std::string text(end == std::string_view::npos ? std::string_view{} : input.substr(end + 1));
  text.resize(std::min<std::size_t>(text.find('\0'), std::min<std::size_t>(text.size(), 16)));
  if (!base::valid_utf8(text)) return 0; // no document has it, and libxml2 has no opinion
  xmlSetStructuredErrorFunc(nullptr, silent);
  const int before = judged(pattern, text);
  if (before < 0) return 0; // no pattern to libxml2, or no UTF-8
  if (judged(*better, text) != before) std::abort();
  return 0;
}
