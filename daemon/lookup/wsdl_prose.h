// The German sentences of a DVDV WSDL that say who may offer and who may use a service. Private to
// lookup/.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace lookup {

struct Prose {
  std::vector<std::string> providers, users; // categories, in order, each once
  std::vector<std::string> messages;         // items of its lists: names of root elements
  std::vector<std::string> warnings;
};

// `documentation`: canonical XML of the element; HTML as text, in CDATA sections or as elements.
// Linear.
Prose read_prose(std::string_view documentation);

} // namespace lookup
