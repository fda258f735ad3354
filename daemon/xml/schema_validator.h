// XML Schema: loads grammars once and judges documents against them (design decision 14). The only
// place that sees Xerces-C++.
//
// Loading reads files of the given folders and nothing else: no network, no path out of them. What
// is loaded never changes, is shared by copies, and may be used by any number of threads at once.
// Validation is blocking CPU work, linear in the text.
#pragma once
#include "base/result.h"
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace xml {

class SchemaValidator {
 public:
  // `start`: the schema whose global elements may be the document's root. Its imports are resolved
  // by namespace, its includes and redefinitions by file name, among the *.xsd of its own folder
  // and of `folders`, in this order (schemaLocation decides only where one folder holds several
  // files of a namespace). Errors: file_error; invalid_config (file, line and rule of the first
  // schema that is not valid, or a namespace that no file declares).
  static base::Result<SchemaValidator> load(const std::filesystem::path& start,
                                            const std::vector<std::filesystem::path>& folders = {});

  // `text`: UTF-8 that Document::parse has accepted, so that size, depth and names are within its
  // limits; a DTD is refused here too. xsi:schemaLocation is not followed. Error: malformed_message
  // with the element path, line and rule of the first violation, never with text of the document:
  // elements that no schema declares stand as "*" in the path.
  base::Result<> validate(std::string_view text) const;

 private:
  friend class SchemaSet;
  class Grammars;
  explicit SchemaValidator(std::shared_ptr<const Grammars> grammars);
  std::shared_ptr<const Grammars> grammars_;
};

// Validators by name: `folder`/NAME.xsd each. Immutable, any thread.
class SchemaSet {
 public:
  // Errors as of SchemaValidator::load.
  static base::Result<SchemaSet> load(const std::filesystem::path& folder,
                                      const std::vector<std::string>& names,
                                      const std::vector<std::filesystem::path>& folders);
  const SchemaValidator* find(std::string_view name) const; // null: none of that name
  std::size_t size() const { return validators_.size(); }

 private:
  std::map<std::string, SchemaValidator, std::less<>> validators_;
};

} // namespace xml
