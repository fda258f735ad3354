#include "xml/document.h"
#include "base/encoding.h"
#include "base/seeded_fault.h"
#include "xml/guarded_parse.h"
#include <algorithm>
#include <cstring>
#include <libxml/SAX2.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/uri.h>
#include <limits>
#include <mutex>
#include <unordered_set>

namespace xml {
namespace {

using base::ErrorCode;

std::string_view view(const xmlChar* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view{};
}

// State of one parse, reached through xmlParserCtxt::_private. The first broken rule stops the
// parser.
struct Guard {
  const Limits* limits = nullptr;
  std::size_t elements = 0;
  std::vector<std::size_t> declared; // namespace declarations of each open element
  std::size_t in_scope = 0;          // their sum
  std::string broken;
  bool too_large = false;
  std::unordered_set<const xmlChar*> accepted; // namespace URIs; libxml2 keeps one copy of each

  // By the same measure as libxml2's canonicaliser, which refuses all others.
  bool absolute(const xmlChar* uri) {
    if (accepted.contains(uri)) return true;
    const std::unique_ptr<xmlURI, void (*)(xmlURIPtr)> parsed(
        xmlParseURI(reinterpret_cast<const char*>(uri)), xmlFreeURI);
    if (!parsed || !parsed->scheme || parsed->scheme[0] == '\0') return false;
    accepted.insert(uri);
    return true;
  }
};

Guard& guard_of(void* context) {
  return *static_cast<Guard*>(static_cast<xmlParserCtxtPtr>(context)->_private);
}

void refuse(void* context, const char* rule, bool too_large = false) {
  auto* parser = static_cast<xmlParserCtxtPtr>(context);
  Guard& guard = guard_of(context);
  if (guard.broken.empty()) {
    guard.broken = std::string(rule) + ", line " + std::to_string(xmlSAX2GetLineNumber(context));
    guard.too_large = too_large;
  }
  xmlStopParser(parser);
}

void on_internal_subset(void* context, const xmlChar*, const xmlChar*, const xmlChar*) {
  refuse(context, "document type declaration");
}

void on_processing_instruction(void* context, const xmlChar*, const xmlChar*) {
  refuse(context, "processing instruction");
}

void on_start(void* context, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri,
              int namespace_count, const xmlChar** namespaces, int attribute_count,
              int defaulted_count, const xmlChar** attributes) {
  Guard& guard = guard_of(context);
  const Limits& limits = *guard.limits;
  if (!guard.broken.empty()) return;
  if (guard.declared.size() == limits.depth) return refuse(context, "elements nested too deep");
  guard.declared.push_back(static_cast<std::size_t>(namespace_count));
  guard.in_scope += guard.declared.back();
  if (guard.in_scope > limits.namespaces) return refuse(context, "too many namespaces in scope");
  if (++guard.elements > limits.elements) return refuse(context, "too many elements", true);
  if (view(name).size() > limits.name) return refuse(context, "element name too long");
  if (static_cast<std::size_t>(namespace_count) + static_cast<std::size_t>(attribute_count) >
      limits.attributes)
    return refuse(context, "too many attributes");
  for (int i = 0; i < namespace_count; ++i) {
    // Relative namespace URIs have no defined canonical form.
    const auto target = view(namespaces[2 * i + 1]);
    if (target.size() > limits.attribute_value) return refuse(context, "namespace URI too long");
    // libxml2 writes namespace URIs into canonical form as they are, without escaping.
    if (target.find_first_of("&<>\"' \t\r\n") != std::string_view::npos)
      return refuse(context, "namespace URI with a character that needs escaping");
    if (!target.empty() && !guard.absolute(namespaces[2 * i + 1]))
      return refuse(context, "namespace URI is not absolute");
  }
  for (int i = 0; i < attribute_count; ++i) {
    const xmlChar** entry = attributes + 5 * i;
    if (view(entry[0]).size() > limits.name) return refuse(context, "attribute name too long");
    if (static_cast<std::size_t>(entry[4] - entry[3]) > limits.attribute_value)
      return refuse(context, "attribute value too long");
  }
  xmlSAX2StartElementNs(context, name, prefix, uri, namespace_count, namespaces, attribute_count,
                        defaulted_count, attributes);
}

void on_end(void* context, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri) {
  Guard& guard = guard_of(context);
  if (!guard.broken.empty()) return;
  guard.in_scope -= guard.declared.back();
  guard.declared.pop_back();
  xmlSAX2EndElementNs(context, name, prefix, uri);
}

// libxml2's texts quote the document; they are dropped and only code and line are kept (decision
// 13).
void on_error(void*, xmlErrorPtr) {}

// Only the apex's parent is ever asked for and must be invisible: canonical() walks nothing outside
// the subtree, and the inheritance of xml:* attributes looks one step up.
int visible(void* user, xmlNodePtr node, xmlNodePtr) {
  const xmlNode* outside = static_cast<const xmlNode*>(user)->parent;
  return node != outside || outside->type != XML_ELEMENT_NODE;
}

int append_to_string(void* context, const char* bytes, int size) {
  static_cast<std::string*>(context)->append(bytes, static_cast<std::size_t>(size));
  return size;
}

// libxml2 compares the attributes of a start tag pairwise before any callback can count them. This
// scan is linear and comes first; it knows just enough of XML to skip comments, CDATA and quoted
// values.
bool too_many_attributes(std::string_view text, std::size_t limit) {
  std::size_t at = 0;
  while ((at = text.find('<', at)) != std::string_view::npos) {
    if (text.substr(at, 4) == "<!--") {
      at = text.find("-->", at + 4);
    } else if (text.substr(at, 9) == "<![CDATA[") {
      at = text.find("]]>", at + 9);
    } else {
      char quote = 0;
      std::size_t count = 0;
      for (++at; at < text.size(); ++at) {
        const char c = text[at];
        if (quote != 0) {
          if (c == quote) quote = 0;
        } else if (c == '"' || c == '\'') {
          quote = c;
        } else if (c == '=') {
          if (++count > limit) return true;
        } else if (c == '>' || c == '<') {
          break;
        }
      }
    }
    if (at == std::string_view::npos) break;
  }
  return false;
}

} // namespace

// Also with the first document, whoever forgot it: libxml2 fills its table of encodings without a
// lock.
void initialise() {
  static std::once_flag once;
  std::call_once(once, [] { xmlInitParser(); });
}

std::string_view Element::name() const {
  return view(node_->name);
}

std::string_view Element::namespace_uri() const {
  return node_->ns ? view(node_->ns->href) : std::string_view{};
}

std::string_view Element::prefix() const {
  return node_->ns ? view(node_->ns->prefix) : std::string_view{};
}

bool Element::is(std::string_view uri, std::string_view local) const {
  return name() == local && namespace_uri() == uri;
}

namespace {

std::string attribute_value(const xmlAttr* attribute) {
  std::string out;
  for (const xmlNode* child = attribute->children; child; child = child->next)
    out += view(child->content);
  return out;
}

} // namespace

std::optional<std::string> Element::attribute(std::string_view local) const {
  for (const xmlAttr* a = node_->properties; a; a = a->next)
    if (!a->ns && view(a->name) == local) return attribute_value(a);
  return std::nullopt;
}

std::optional<std::string> Element::attribute(std::string_view uri, std::string_view local) const {
  for (const xmlAttr* a = node_->properties; a; a = a->next)
    if (a->ns && view(a->ns->href) == uri && view(a->name) == local) return attribute_value(a);
  return std::nullopt;
}

std::vector<std::string> Element::attribute_names() const {
  std::vector<std::string> out;
  for (const xmlAttr* a = node_->properties; a; a = a->next)
    if (!a->ns) out.emplace_back(view(a->name));
  return out;
}

std::vector<Element> Element::children() const {
  std::vector<Element> out;
  for (xmlNode* child = node_->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE) out.push_back(Element(child));
  return out;
}

std::optional<Element> Element::parent() const {
  if (!node_->parent || node_->parent->type != XML_ELEMENT_NODE) return std::nullopt;
  return Element(node_->parent);
}

std::optional<std::string> Element::text() const {
  std::string out;
  for (const xmlNode* child = node_->children; child; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) return std::nullopt;
    out += view(child->content);
  }
  return out;
}

bool Element::element_only() const {
  for (const xmlNode* child = node_->children; child; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) continue;
    for (const char c : view(child->content))
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return false;
  }
  return true;
}

std::string Element::canonical() const {
  std::string out;
  xmlOutputBufferPtr buffer = xmlOutputBufferCreateIO(
      append_to_string, [](void*) { return 0; }, &out, nullptr);
  base::check(buffer != nullptr, "no canonicalisation buffer");
  // xmlC14NExecute walks the whole document; with a header of many blocks that would be quadratic.
  // The document belongs to this thread, so for the call it consists of this element alone. The
  // parents stay linked: namespaces and xml:* attributes are found through them.
  xmlNode* const first = node_->doc->children;
  xmlNode* const next = node_->next;
  node_->doc->children = node_;
  node_->next = nullptr;
  const int done = xmlC14NExecute(node_->doc, visible, node_, XML_C14N_1_0, nullptr, 0, buffer);
  node_->next = next;
  node_->doc->children = first;
  const int closed = xmlOutputBufferClose(buffer);
  xmlResetLastError();
  base::check(done >= 0 && closed >= 0, "canonicalisation failed");
  return out;
}

std::map<std::string, std::string> Element::namespaces_in_scope() const {
  std::map<std::string, std::string> out;
  for (const xmlNode* at = node_; at && at->type == XML_ELEMENT_NODE; at = at->parent)
    for (const xmlNs* ns = at->nsDef; ns; ns = ns->next)
      out.emplace(std::string(view(ns->prefix)), std::string(view(ns->href)));
  // xmlns="" takes a default namespace back.
  if (const auto none = out.find(""); none != out.end() && none->second.empty()) out.erase(none);
  return out;
}

void Document::Free::operator()(_xmlDoc* doc) const {
  xmlFreeDoc(doc);
}
Document::Document(std::unique_ptr<_xmlDoc, Free> doc) : doc_(std::move(doc)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Element Document::root() const {
  return Element(xmlDocGetRootElement(doc_.get()));
}

void FreeTree::operator()(_xmlDoc* doc) const {
  xmlFreeDoc(doc);
}

base::Result<Tree> parse_tree(std::string_view text, const Limits& limits,
                              Instructions instructions) {
  if (text.size() > limits.size || text.size() > std::size_t{std::numeric_limits<int>::max()} / 2)
    return base::fail(ErrorCode::too_large, "XML part larger than the limit");
  // libxml2 would recognise UTF-16 and UTF-32 by their first octets.
  if (text.find('\0') != std::string_view::npos || !base::valid_utf8(text))
    return base::fail(ErrorCode::malformed_message, "not UTF-8");
  if (too_many_attributes(text, limits.attributes + 4)) // the XML declaration has up to three
    return base::fail(ErrorCode::malformed_message, "too many attributes");
  initialise();
  const std::unique_ptr<xmlParserCtxt, void (*)(xmlParserCtxtPtr)> context(
      xmlCreateMemoryParserCtxt(text.empty() ? " " : text.data(),
                                text.empty() ? 1 : static_cast<int>(text.size())),
      xmlFreeParserCtxt);
  base::check(context != nullptr, "no XML parser");
  Guard guard;
  guard.limits = &limits;
  context->_private = &guard;
  context->sax->internalSubset = on_internal_subset;
  context->sax->externalSubset = nullptr;
  context->sax->processingInstruction =
      instructions == Instructions::refused ? on_processing_instruction : nullptr;
  context->sax->comment = nullptr;
  context->sax->startElementNs = on_start;
  context->sax->endElementNs = on_end;
  context->sax->serror = on_error;
  context->sax->error = nullptr;
  context->sax->warning = nullptr;
  // XML_PARSE_HUGE lifts libxml2's 10 MB limit of one text node (a CipherValue is one); depth and
  // size are bounded by the guard instead. Entities cannot be declared without a DTD.
  xmlCtxtUseOptions(context.get(), XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_HUGE |
                                       XML_PARSE_COMPACT | XML_PARSE_BIG_LINES);
  const int status = xmlParseDocument(context.get());
  Tree doc(context->myDoc);
  context->myDoc = nullptr;
  const long line = context->lastError.line;
  const int code = context->lastError.code;
  xmlResetLastError();
  if (!guard.broken.empty())
    return base::fail(guard.too_large ? ErrorCode::too_large : ErrorCode::malformed_message,
                      guard.broken);
  if (status != 0 || context->wellFormed != 1 || !doc || !xmlDocGetRootElement(doc.get()) ||
      code == XML_NS_ERR_UNDEFINED_NAMESPACE || context->nsWellFormed != 1)
    return base::fail(ErrorCode::malformed_message,
                      "XML error " + std::to_string(code) + ", line " + std::to_string(line));
  if (doc->encoding) {
    std::string encoding(view(doc->encoding));
    std::transform(encoding.begin(), encoding.end(), encoding.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    if (encoding != "UTF-8")
      return base::fail(ErrorCode::malformed_message, "encoding other than UTF-8");
  }
  return doc;
}

base::Result<Document> Document::parse(std::string_view text, const Limits& limits) {
  auto tree = parse_tree(text, limits, Instructions::refused);
  if (!tree) return tree.error();
  Document out(std::unique_ptr<_xmlDoc, Free>(tree->release()));
  // Iterative: depth is bounded, but recursion buys nothing here.
  xmlNode* const root = xmlDocGetRootElement(out.doc_.get());
  for (xmlNode* node = root; node;) {
    if (node->type == XML_ELEMENT_NODE) {
      for (const xmlAttr* a = node->properties; a; a = a->next) {
        if (a->ns || view(a->name) != "Id") continue;
        std::string id = attribute_value(a);
        if (id.empty() || id.size() > 512)
          return base::fail(ErrorCode::malformed_message, "Id empty or too long");
        if (!out.ids_.emplace(std::move(id), Element(node)).second &&
            !base::seeded_fault("duplicate-id"))
          return base::fail(ErrorCode::duplicate_id, "Id used twice");
      }
    }
    if (node->type == XML_ELEMENT_NODE && node->children) {
      node = node->children;
      continue;
    }
    while (node && node != root && !node->next) node = node->parent;
    node = node == root || !node ? nullptr : node->next;
  }
  return out;
}

} // namespace xml
