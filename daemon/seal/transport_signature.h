// The message signature (wire reference 4). Private to seal/.
#pragma once
#include "seal/message.h"

namespace seal {

// Verifies `signature_block` (ClientSignature or SupplierSignature) over exactly `blocks`, `body`
// and `attachments`: a reference set that is smaller, larger or repeated is refused (4.3, 13.4).
// Errors: signature_wrong, signature_incomplete.
base::Result<crypto::Certificate> verify_signature(const xml::Element& signature_block,
                                                   Direction direction, std::string_view type,
                                                   const std::vector<Block>& blocks,
                                                   const Block& body,
                                                   const std::vector<Attachment>& attachments);

// The signature block of a draft, as it goes on the wire.
base::Result<std::string> write_signature(const Draft& draft, std::string_view body_canonical,
                                          const SignWith& sign);

} // namespace seal
