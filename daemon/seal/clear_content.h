// What a delivery carries in clear, so that anybody on its way can read it (wire reference 6.2):
// the data of containers that are not encrypted. Nothing is decrypted, and no author's signature is
// verified: those are the reader's.
#pragma once
#include "xml/document.h"
#include <cstddef>
#include <string>
#include <vector>

namespace seal {

inline constexpr std::size_t kMaxClearData = 64;

struct ClearContent {
  // Of each Base64Content, decoded, in document order; the first kMaxClearData.
  std::vector<std::string> data;
  // There is more, beyond the limits of a reader (ContentOptions) too, or what is no base64.
  bool incomplete = false;
};

// `package`: an osci:ContentPackage. Attachments are left out, whether referred to in clear or not.
ClearContent clear_content(const xml::Element& package);

} // namespace seal
