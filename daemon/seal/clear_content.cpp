#include "seal/clear_content.h"
#include "base/encoding.h"
#include "seal/content.h"
#include "seal/names.h"

namespace seal {

ClearContent clear_content(const xml::Element& package) {
  struct Container {
    xml::Element element;
    std::size_t depth;
  };
  const ContentOptions limits;
  ClearContent out;
  std::vector<Container> open; // the next one last
  const auto enter = [&open](const xml::Element& parent, std::size_t depth) {
    const auto children = parent.children();
    for (auto child = children.rbegin(); child != children.rend(); ++child)
      open.push_back({*child, depth});
  };
  std::size_t containers = 0;
  enter(package, 0);
  while (!open.empty()) {
    if (out.data.size() == kMaxClearData) {
      out.incomplete = true;
      break;
    }
    const auto [element, depth] = open.back();
    open.pop_back();
    if (element.is(ns::osci, "ContentContainer")) {
      if (++containers > limits.containers || depth > limits.depth)
        out.incomplete = true;
      else
        enter(element, depth + 1);
    } else if (element.is(ns::osci, "Content")) {
      enter(element, depth);
    } else if (element.is(ns::osci, "Base64Content")) {
      const auto text = element.text();
      auto bytes = base::base64_decode(text.value_or("%"));
      if (bytes)
        out.data.push_back(std::move(*bytes));
      else
        out.incomplete = true;
    }
  }
  return out;
}

} // namespace seal
