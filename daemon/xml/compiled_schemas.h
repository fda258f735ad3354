// The second schema engine (design decision 14), over libxml2: for XÖV packs, whose patterns of DIN
// 91379 the first one takes minutes for. Linear in the text and without deep recursion, a text of
// 2 MB under such a pattern included (domain 3.4).
//
// libxml2 alone would load one file of each namespace. So the files of a namespace are put together
// by a driver schema that includes all of them, every import leads to such a driver, and one more
// schema imports the drivers; they exist in memory only. Nothing is read from disk or network.
//
// What is compiled never changes, is shared by copies, and may be used by any number of threads at
// once. Blocking CPU work.
#pragma once
#include "base/result.h"
#include "xml/instance.h"
#include "xml/schema_outline.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xml {

struct SchemaUnit {
  std::string name; // for messages
  std::string text;
  SchemaOutline outline;
  // For each include of the outline the unit that it means. Nothing stands for a file that is
  // missing.
  std::vector<std::optional<std::size_t>> includes;
};

struct Violation {
  // "/a/b[2]/@c": elements and attributes that no schema declares stand as "*", positions among
  // namesakes count from 1.
  std::string path;
  std::uint64_t line = 0;
  std::string rule; // never with text of the document
};

struct Verdict {
  std::vector<Violation> violations; // the first kMaxViolations
  std::vector<Violation> notes;      // nothing wrong, but not checked; as many
  std::size_t more = 0;              // violations beyond
};
inline constexpr std::size_t kMaxViolations = 100;

// A code as the document uses it: a Code element of XÖV with its list (domain 3.2). Views are for
// the call.
struct CodeUse {
  std::string_view list_uri, version; // as the document says or the schema fixes; version may lack
  std::string_view code;
};
struct CodeFinding {
  bool wrong = false; // else a note
  std::string rule;
};
using CodeCheck = std::function<std::optional<CodeFinding>(const CodeUse&)>;

class CompiledSchemas {
 public:
  // Imports of a namespace that no unit has lead nowhere. Compiles one at a time in the process.
  // Error: invalid_config with the name of the unit and what is wrong in it (texts of schemas, not
  // of documents).
  static base::Result<CompiledSchemas> compile(const std::vector<SchemaUnit>& units);

  // Attributes that the schema fixes or gives defaults for are added to the instance. The root may
  // be any global element of any unit. A pattern that lets a text match in several ways makes
  // libxml2 try all of them; it gives up after ten million, and the document is left, as invalid,
  // at the first violation after `processor_seconds`.
  Verdict judge(Instance& instance, const CodeCheck& check_code = {},
                double processor_seconds = 30) const;

 private:
  class Grammar;
  explicit CompiledSchemas(std::shared_ptr<const Grammar> grammar);
  std::shared_ptr<const Grammar> grammar_;
};

} // namespace xml
