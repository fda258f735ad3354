// A document that schemas are to judge: parsed once, with the hardening of Document.
//
// Belongs to one thread at a time.
#pragma once
#include "base/result.h"
#include "xml/document.h"
#include <memory>
#include <string_view>

namespace xml {

class Instance {
 public:
  // Like Document::parse, but Ids need not be unique and processing instructions are dropped:
  // whether they may be there is the schema's business. Errors: malformed_message with rule and
  // line, too_large.
  static base::Result<Instance> parse(std::string_view text, const Limits& limits);

  // Of the root element; views into the instance. Text of the document: not to be told to anybody
  // unless a schema declares it.
  std::string_view root_namespace() const;
  std::string_view root_name() const;

  Instance(Instance&&) noexcept;
  Instance& operator=(Instance&&) noexcept;
  ~Instance();

 private:
  friend class CompiledSchemas;
  struct Free {
    void operator()(_xmlDoc* doc) const;
  };
  explicit Instance(std::unique_ptr<_xmlDoc, Free> doc);
  std::unique_ptr<_xmlDoc, Free> doc_;
};

} // namespace xml
