// Hardened XML in, canonical XML out. The only place that sees libxml2.
//
// A Document belongs to one thread at a time and is moved between threads as a whole. Nodes are
// borrowed views that must not outlive their Document.
#pragma once
#include "base/result.h"
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct _xmlDoc;
struct _xmlNode;

namespace xml {

struct Limits {
  std::size_t size = 128 * 1024 * 1024; // octets of the document
  std::size_t depth = 64;               // nested elements
  std::size_t elements = 50'000;
  std::size_t attributes = 32; // per element, namespace declarations included
  // In scope at once: canonicalisation looks at each of them for each element.
  std::size_t namespaces = 48;
  std::size_t name = 256; // octets of an element or attribute name
  std::size_t attribute_value = 64 * 1024;
};

// One element. Comparisons are by namespace URI and local name, never by prefix (wire
// reference 2.4).
class Element {
 public:
  std::string_view name() const;          // local name
  std::string_view namespace_uri() const; // empty: none
  std::string_view prefix() const;
  bool is(std::string_view namespace_uri, std::string_view name) const;

  // Attribute without namespace, or the qualified one.
  std::optional<std::string> attribute(std::string_view name) const;
  std::optional<std::string> attribute(std::string_view namespace_uri, std::string_view name) const;
  std::vector<std::string> attribute_names() const; // of attributes without namespace

  std::vector<Element> children() const;
  std::optional<Element> parent() const;
  // Text of an element that has no child elements; nullopt when it has some.
  std::optional<std::string> text() const;
  // True when only white space stands between the child elements.
  bool element_only() const;

  // C14N 1.0 inclusive without comments, as a document subset with this element as apex: every
  // namespace in scope is rendered on it (wire reference 4.4).
  std::string canonical() const;
  // Namespaces in scope, prefix (may be empty) -> URI.
  std::map<std::string, std::string> namespaces_in_scope() const;

  friend bool operator==(const Element& a, const Element& b) { return a.node_ == b.node_; }

 private:
  friend class Document;
  explicit Element(_xmlNode* node) : node_(node) {}
  _xmlNode* node_;
};

class Document {
 public:
  // Refuses DTDs, entities, processing instructions, encodings other than UTF-8, and whatever
  // exceeds the limits, while parsing; nothing is fetched (13.2). Comments are dropped: C14N
  // ignores them, so no decoder can see text that was not signed. Every attribute "Id" without
  // namespace must be unique in the whole document (2.5). Errors: malformed_message with rule and
  // line, never with document text; duplicate_id; too_large.
  static base::Result<Document> parse(std::string_view text, const Limits& limits);

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  Element root() const;
  // Every Id of the document -> its element.
  const std::map<std::string, Element, std::less<>>& ids() const { return ids_; }

 private:
  struct Free {
    void operator()(_xmlDoc* doc) const;
  };
  explicit Document(std::unique_ptr<_xmlDoc, Free> doc);
  std::unique_ptr<_xmlDoc, Free> doc_;
  std::map<std::string, Element, std::less<>> ids_;
};

// Call once in each program before threads start.
void initialise();

} // namespace xml
