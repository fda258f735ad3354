#include "xml/instance.h"
#include "xml/guarded_parse.h"
#include <libxml/tree.h>

namespace xml {

void Instance::Free::operator()(_xmlDoc* doc) const {
  xmlFreeDoc(doc);
}
Instance::Instance(std::unique_ptr<_xmlDoc, Free> doc) : doc_(std::move(doc)) {}
Instance::Instance(Instance&&) noexcept = default;
Instance& Instance::operator=(Instance&&) noexcept = default;
Instance::~Instance() = default;

base::Result<Instance> Instance::parse(std::string_view text, const Limits& limits) {
  auto tree = parse_tree(text, limits, Instructions::dropped);
  if (!tree) return tree.error();
  return Instance(std::unique_ptr<_xmlDoc, Free>(tree->release()));
}

std::string_view Instance::root_namespace() const {
  const xmlNode* root = xmlDocGetRootElement(doc_.get());
  return root->ns ? reinterpret_cast<const char*>(root->ns->href) : std::string_view{};
}

std::string_view Instance::root_name() const {
  return reinterpret_cast<const char*>(xmlDocGetRootElement(doc_.get())->name);
}

} // namespace xml
