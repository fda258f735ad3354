// Schema files as trees. Private to xml/.
#pragma once
#include "base/result.h"
#include "xml/guarded_parse.h"
#include <map>
#include <string>
#include <string_view>

struct _xmlNode;

namespace xml {

// Texts by URL: all that libxml2 gets to see while it lives, on this thread. Without one, and on
// every other thread, whatever libxml2 wants to load does not exist: no file, no network.
class LoadableTexts {
 public:
  explicit LoadableTexts(const std::map<std::string, std::string>& texts);
  ~LoadableTexts();
  LoadableTexts(const LoadableTexts&) = delete;
  LoadableTexts& operator=(const LoadableTexts&) = delete;

 private:
  const std::map<std::string, std::string>* before_;
};

// The document type declaration is dropped, its entities are expanded. Errors: malformed_message,
// too_large.
base::Result<Tree> parse_schema_tree(std::string_view text);

bool is_schema_element(const _xmlNode* node, std::string_view name);
std::string plain_attribute(const _xmlNode* node, const char* name); // without namespace; or empty

} // namespace xml
