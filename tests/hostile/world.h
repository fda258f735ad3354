// What an attacker works with: genuine messages of a sender, and tools to take them apart.
#pragma once
#include "support/intermediary.h"
#include <string>
#include <string_view>

namespace hostile {

// Replaces the first `from` by `to`; throws when `from` is not there, so that no case tests
// nothing.
std::string replaced(std::string text, std::string_view from, std::string_view to);
std::string inserted_before(std::string text, std::string_view mark, std::string_view what);
// The first text between two marks, the marks included.
std::string cut(const std::string& text, std::string_view from, std::string_view to);

// Encrypts any text as if it were a message for the intermediary.
std::string wrapped(std::string_view plain, const seal::EncryptFor& options);
// Signs SignedInfo as it now stands with `key`, as an attacker with a valid key of his own would.
std::string
signed_again(std::string text, const crypto::KeyPair& key,
             crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::rsa_sha256);
// Recomputes the digest of the block with this Id and signs again.
std::string digest_again(std::string text, const std::string& id, std::string_view canonical,
                         const crypto::KeyPair& key);

// A certificate that no trust anchor knows.
const crypto::KeyPair& stranger();

struct World {
  support::Intermediary intermediary;
  support::Party sender{"sender"};
  support::Party recipient{"recipient"};

  std::string fresh_id() {
    return intermediary.ids().issue(intermediary.clock.now(), intermediary.random);
  }
  osci::Request delivery() { return sender.delivery(fresh_id(), "Wohngeldantrag"); }
  std::string clear(const osci::Request& request) { return sender.seal(request, true, false); }
  std::string wrap(std::string_view plain) { return wrapped(plain, sender.encrypting()); }
  std::size_t stored(); // deliveries in both mailboxes
};

} // namespace hostile
