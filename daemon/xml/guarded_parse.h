// The hardened parse behind Document and Instance. Private to xml/.
#pragma once
#include "base/result.h"
#include "xml/document.h"
#include <memory>
#include <string_view>

struct _xmlDoc;

namespace xml {

struct FreeTree {
  void operator()(_xmlDoc* doc) const;
};
using Tree = std::unique_ptr<_xmlDoc, FreeTree>;

enum class Instructions { refused, dropped }; // processing instructions

// Everything that Document::parse promises, except for unique Ids. Errors: malformed_message,
// too_large.
base::Result<Tree> parse_tree(std::string_view text, const Limits& limits, Instructions);

} // namespace xml
