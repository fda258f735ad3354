// What a schema file says about itself before it is compiled: enough to find the files that belong
// together (domain 3.3, 3.4).
#pragma once
#include "base/result.h"
#include <string>
#include <string_view>
#include <vector>

namespace xml {

struct SchemaOutline {
  struct Import {
    std::string name_space; // empty: components without namespace
    std::string location;   // empty: none given
  };
  struct Include {
    std::string location;
    bool redefines = false;
  };
  std::string target_namespace; // empty: none
  std::vector<Import> imports;
  std::vector<Include> includes;            // xs:include and xs:redefine, in document order
  std::vector<std::string> global_elements; // local names
  std::vector<std::string> components;      // "complexType Name" of everything global
  std::vector<std::string> names;           // of elements and attributes declared at any depth
  std::vector<std::string> code_lists;      // values that an attribute listURI is fixed to
};

// Nothing is fetched; a DTD's own entities are expanded within libxml2's limits. Errors:
// unsupported (the root is no xs:schema), malformed_message with line and rule, too_large.
base::Result<SchemaOutline> outline_schema(std::string_view text);

} // namespace xml
