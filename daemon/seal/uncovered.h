// What a signature does not cover in a message that was encrypted with CBC. Private to seal/.
#pragma once
#include "mime/message.h"
#include "seal/message.h"
#include <string_view>

namespace seal {

// CBC lets an attacker put blocks of his choice into a message whose text he does not know. If they
// come to lie where nobody reads them (an epilogue, an unknown MIME header line, a comment), the
// signature still holds, and answer or fault tells him something about them: a decryption oracle
// beside the padding one (wire reference 13.1). So in a CBC message nothing may lie there. False
// when there is
// - anything but line ends before the first header line, or anything behind the final delimiter;
// - a MIME header line other than those that OSCI peers need (3.1), or one with anything but
//   printable ASCII, or a folded one;
// - a comment or a CDATA section, or more octets outside ASCII than the signed blocks account for.
// What is left open (parameters of Content-Type, white space) a garbled block of 16 octets hits
// with a chance below 1 in a million, and gateway/ accepts one signed content only once. `parts`:
// views into `plain`; `blocks`, `body`: of the message that was read from it.
bool nothing_uncovered(std::string_view plain, const mime::MessageView& parts,
                       const std::vector<Block>& blocks, const Block& body);

} // namespace seal
