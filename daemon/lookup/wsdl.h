// Service descriptions from the WSDL files that a DVDV service is entered with (domain 1.2, 1.4).
// What stands there for programs is read as such; who may use a service is said in German prose
// only. What cannot be read for certain is left out or taken with a warning, never silently. Pure.
#pragma once
#include "base/result.h"
#include "directory/directory.h"
#include "xoev/code_list.h"
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lookup {

struct WsdlLimits {
  std::size_t bytes = std::size_t{4} << 20; // the largest of XBau has 20 KB
  std::size_t elements = 5000;              // the largest of XBau has 121
  std::size_t roots = 1000;
  std::size_t categories = 64; // in one list
};

// Which key prefixes belong to a category: the code list
// urn:xoev-de:bund:bmi:bit:codeliste:dvdv.praefix. One row may name several categories, with commas
// between.
class CategoryPrefixes {
 public:
  // Error: invalid_content (not this list).
  static base::Result<CategoryPrefixes> from(const xoev::CodeList& list);
  // Empty: no such category.
  std::vector<std::string> of(std::string_view category) const;
  // The one category that this is the plural of; empty: none, or several.
  std::string singular(std::string_view category) const;

 private:
  std::multimap<std::string, std::string, std::less<>> prefixes_; // category -> prefix
};

struct ImportedService {
  // Categories stand by their name and, with a list of prefixes, by each of these too: so an
  // organisation is recognised by what it says of itself as well as by its key. Roots are local
  // names, of requests, replies and faults.
  directory::ServiceDescription description;
  std::vector<std::string> warnings;
};

// `prefixes`: null for none. Errors: malformed_message (no such WSDL; with line or rule),
// too_large.
base::Result<ImportedService> read_wsdl(std::string_view xml, const CategoryPrefixes* prefixes,
                                        const WsdlLimits& limits = {});

} // namespace lookup
