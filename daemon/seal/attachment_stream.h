// Attachments that are too large for memory (wire reference 6.3, 6.5): read twice on the way out,
// once for what the container says about them and once to encrypt them into the message; decrypted
// into a file on the way in. A piece of fixed size of them is in memory at a time.
#pragma once
#include "base/octets.h"
#include "base/random.h"
#include "crypto/algorithms.h"
#include "seal/content.h"
#include "seal/message.h"
#include <memory>
#include <string>

namespace seal {

// Draws a key and takes the digest. Errors: those of the source.
base::Result<MeasuredAttachment> measure_attachment(const base::OctetRange& plain,
                                                    std::string content_id,
                                                    crypto::DigestAlgorithm digest,
                                                    crypto::Cipher cipher,
                                                    base::RandomSource& random);

// The attachment as it travels, to be written with close_to(): its octets are encrypted while they
// are read, which can be done once and from the front only. Reading fails with file_error when
// `plain` is no longer what was measured: the author's signature says otherwise by then.
Attachment encrypting(const MeasuredAttachment& measured, base::OctetRange plain,
                      crypto::DigestAlgorithm digest, const EncryptContent& encrypt,
                      base::RandomSource& random);

// The plain octets in a new file. Errors: undecryptable, without detail; those of source and file.
base::Result<base::OctetRange> decrypt_attachment(const base::OctetRange& sealed,
                                                  crypto::Cipher cipher, std::string_view key,
                                                  std::size_t iv_length,
                                                  const NewPlainFile& new_file);

// Base64 text as octets in a new file. Errors: malformed_message; those of source and file.
base::Result<base::OctetRange> decode_base64(const base::OctetRange& text,
                                             const NewPlainFile& new_file);

} // namespace seal
