#include "xml/schema_outline.h"
#include "xml/document.h"
#include "xml/schema_tree.h"
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/uri.h>
#include <mutex>

namespace xml {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t kMaxSchema = std::size_t{16} << 20;

std::string_view view(const xmlChar* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view{};
}

thread_local const std::map<std::string, std::string>* loadable = nullptr;

xmlParserInputPtr load(const char* url, const char*, xmlParserCtxtPtr context) {
  if (!loadable || !url) return nullptr;
  const auto found = loadable->find(url);
  if (found == loadable->end()) return nullptr;
  auto* buffer = xmlParserInputBufferCreateMem(
      found->second.data(), static_cast<int>(found->second.size()), XML_CHAR_ENCODING_NONE);
  if (!buffer) return nullptr;
  auto* input = xmlNewIOInputStream(context, buffer, XML_CHAR_ENCODING_NONE);
  if (!input) {
    xmlFreeParserInputBuffer(buffer);
    return nullptr;
  }
  input->filename = reinterpret_cast<const char*>(xmlCanonicPath(
      reinterpret_cast<const xmlChar*>(url))); // what relative locations in it are relative to
  return input;
}

// The loader is one for the whole process: it stays, and refuses whatever is not offered.
void install_loader() {
  static std::once_flag once;
  std::call_once(once, [] {
    initialise();
    xmlSetExternalEntityLoader(load);
  });
}

void silent(void*, xmlErrorPtr) {}

} // namespace

LoadableTexts::LoadableTexts(const std::map<std::string, std::string>& texts) : before_(loadable) {
  install_loader();
  loadable = &texts;
}

LoadableTexts::~LoadableTexts() {
  loadable = before_;
}

base::Result<Tree> parse_schema_tree(std::string_view text) {
  install_loader();
  if (text.size() > kMaxSchema) return fail(ErrorCode::too_large, "schema larger than 16 MiB");
  const std::unique_ptr<xmlParserCtxt, void (*)(xmlParserCtxtPtr)> context(xmlNewParserCtxt(),
                                                                           xmlFreeParserCtxt);
  base::check(context != nullptr, "no XML parser");
  context->sax->serror = silent;
  context->sax->error = nullptr;
  context->sax->warning = nullptr;
  Tree doc(xmlCtxtReadMemory(context.get(), text.data(), static_cast<int>(text.size()), nullptr,
                             nullptr,
                             XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOCDATA |
                                 XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
  const auto line = context->lastError.line;
  const auto code = context->lastError.code;
  xmlResetLastError();
  if (!doc || !xmlDocGetRootElement(doc.get()))
    return fail(ErrorCode::malformed_message,
                "line " + std::to_string(line) + ": XML error " + std::to_string(code));
  if (xmlDtdPtr dtd = doc->intSubset) {
    xmlUnlinkNode(reinterpret_cast<xmlNodePtr>(dtd));
    xmlFreeDtd(dtd);
    doc->intSubset = nullptr;
  }
  return doc;
}

bool is_schema_element(const xmlNode* node, std::string_view name) {
  return node->type == XML_ELEMENT_NODE && node->ns &&
         view(node->ns->href) == "http://www.w3.org/2001/XMLSchema" &&
         (name.empty() || view(node->name) == name);
}

std::string plain_attribute(const xmlNode* node, const char* name) {
  xmlChar* value = xmlGetNoNsProp(node, reinterpret_cast<const xmlChar*>(name));
  std::string out(view(value));
  xmlFree(value);
  return out;
}

base::Result<SchemaOutline> outline_schema(std::string_view text) {
  const auto tree = parse_schema_tree(text);
  if (!tree) return tree.error();
  const xmlNode* root = xmlDocGetRootElement(tree->get());
  if (!is_schema_element(root, "schema")) return fail(ErrorCode::unsupported, "no xs:schema");
  SchemaOutline out;
  out.target_namespace = plain_attribute(root, "targetNamespace");
  for (const xmlNode* node = root->children; node; node = node->next) {
    if (!is_schema_element(node, "")) continue;
    const std::string kind(view(node->name));
    if (kind == "import") {
      out.imports.push_back(
          {plain_attribute(node, "namespace"), plain_attribute(node, "schemaLocation")});
    } else if (kind == "include" || kind == "redefine") {
      out.includes.push_back({plain_attribute(node, "schemaLocation"), kind == "redefine"});
    } else if (auto name = plain_attribute(node, "name"); !name.empty()) {
      if (kind == "element") out.global_elements.push_back(name);
      out.components.push_back(kind + " " + name);
    }
  }
  for (const xmlNode* node = root; node;) { // every declaration, without recursion
    const bool attribute = is_schema_element(node, "attribute");
    if (attribute || is_schema_element(node, "element")) {
      auto name = plain_attribute(node, "name");
      if (attribute && name == "listURI")
        if (auto fixed = plain_attribute(node, "fixed"); !fixed.empty())
          out.code_lists.push_back(std::move(fixed));
      if (!name.empty()) out.names.push_back(std::move(name));
    }
    if (node->type == XML_ELEMENT_NODE && node->children) {
      node = node->children;
      continue;
    }
    while (node && node != root && !node->next) node = node->parent;
    node = !node || node == root ? nullptr : node->next;
  }
  return out;
}

} // namespace xml
