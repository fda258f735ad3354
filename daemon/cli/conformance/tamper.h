// An attacker's tools: genuine messages taken apart and put together again as text, past every
// check of our own writers. Used by `osci conformance` and by tests/hostile.
#pragma once
#include "crypto/keys.h"
#include "seal/message.h"
#include <string>
#include <string_view>

namespace cli::conformance {

// All of these throw std::runtime_error when what they look for is not there, so that no case
// sends something else than it says.
std::string replaced(std::string text, std::string_view from, std::string_view to);
std::string inserted_before(std::string text, std::string_view mark, std::string_view what);
// The first text between two marks, the marks included.
std::string cut(const std::string& text, std::string_view from, std::string_view to);

// Encrypts any text as if it were a message.
std::string wrapped(std::string_view plain, const seal::EncryptFor& options);
// Signs SignedInfo as it now stands with `key`, as an attacker with a valid key of his own would.
std::string
signed_again(std::string text, const crypto::KeyPair& key,
             crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::rsa_sha256);
// Recomputes the digest of the block with this Id and signs again.
std::string digest_again(std::string text, const std::string& id, std::string_view canonical,
                         const crypto::KeyPair& key);

// A MIME message in clear around an XML text.
std::string clear_message(const std::string& xml);
// The octets behind the header of the encrypted part, given to `change`.
template <class Change>
std::string with_cipher_text(const std::string& wire, const Change& change) {
  const auto head = wire.find("Content-ID: <osci_enc>");
  const auto part = wire.find("\r\n\r\n", head) + 4;
  const auto end = wire.rfind("\r\n--");
  return wire.substr(0, part) + std::string(change(wire.substr(part, end - part))) +
         wire.substr(end);
}

// The standard namespace declarations, as on every block.
std::string declarations();
std::string in_custom_header(const std::string& what, const std::string& id = "wrapper");
std::string body_of(const std::string& text);
std::string forged_body(const std::string& id);
std::string forged_store(const std::string& id);

} // namespace cli::conformance
