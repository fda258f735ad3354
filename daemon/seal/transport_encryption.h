// The outer envelope soapMessageEncrypted (wire reference 5). Private to seal/.
#pragma once
#include "seal/message.h"

namespace seal {

struct Decrypted {
  Transport transport;
  std::string plain; // whatever the decryption gave
  // False: the key could not be unwrapped, GCM's tag or CBC's padding is wrong. To be looked at
  // last (13.3).
  bool genuine = false;
};

// `outer`: parsed XML part of a message of type MessageEncrypted. Errors are only about what
// everybody sees; how the decryption went is in `genuine`.
base::Result<Decrypted> decrypt_envelope(const xml::Document& outer, const mime::MessageView& parts,
                                         const std::vector<crypto::KeyPair>& keys,
                                         const OpenOptions& options, base::RandomSource& random);

base::Result<std::string> encrypt_envelope(std::string_view plain, const EncryptFor& options,
                                           base::RandomSource& random);

// EncryptionMethod parsing shared with content encryption (6.4).
struct DataMethod {
  crypto::Cipher cipher = crypto::Cipher::aes256_gcm;
  std::size_t iv_length = 16;
};
// Errors: malformed_message for unknown children, undecryptable for algorithms or lengths not
// allowed.
base::Result<DataMethod> parse_data_method(const xml::Element& method, bool allow_cbc,
                                           bool allow_3des);
base::Result<crypto::KeyTransport> parse_key_method(const xml::Element& method, bool allow_rsa15);
std::string write_data_method(crypto::Cipher cipher, std::size_t iv_length);
std::string write_key_method(const crypto::KeyTransport& transport);
std::size_t iv_size(crypto::Cipher cipher, std::size_t gcm_iv_length);

} // namespace seal
