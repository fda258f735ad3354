// Old algorithms that an operator lets in by dated exceptions (wire reference 5.3, 5.5, 13.1, 13.3,
// 13.6). Pure; thread-safe.
//
// Goals: 1. without an exception in force no CBC, 3DES or RSA 1.5 is decrypted at all. 2. An
// exception ends by itself. 3. It counts for those it names, as far as a signature proves who sent
// a message; that is known only when the message is open, so everybody else gets the answer that
// any undecryptable message gets, before anything is carried out. 4. Nobody is talked into an old
// algorithm: a client uses what our answers use (5.5).
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "osci/message.h"
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osci {

enum class LegacyAlgorithm { cbc, tripledes, rsa15 };
// As in the configuration: "cbc" (AES), "3des", "rsa15".
std::string_view legacy_name(LegacyAlgorithm algorithm);
std::optional<LegacyAlgorithm> legacy_algorithm(std::string_view name);

struct LegacyException {
  std::vector<LegacyAlgorithm> algorithms;
  base::Instant until; // exclusive
  // Keys of organisations ("efa:010000000001") or fingerprints of signature certificates
  // (lower-case hex SHA-256); empty: every originator.
  std::vector<std::string> originators;
};

// One name of `originators` in the form that is compared: keys as the directory normalises them,
// fingerprints without colons. Error: invalid_config, when it is neither.
base::Result<std::string> originator_name(std::string_view text);

// What a message used of them; empty: nothing.
std::vector<LegacyAlgorithm> legacy_algorithms(const seal::Transport& transport);

// `options` with exactly what some exception lets in at `now`.
seal::OpenOptions legacy_options(seal::OpenOptions options,
                                 const std::vector<LegacyException>& exceptions, base::Instant now);

// For the log: which exception let an algorithm in.
struct LegacyUse {
  LegacyAlgorithm algorithm = LegacyAlgorithm::cbc;
  std::size_t exception = 0; // index in the policy's list
};
// The exceptions for a message that used `algorithms`, sent by whoever goes by one of `names`
// (organisation keys, fingerprints). Error: undecryptable, when one of the algorithms has none.
base::Result<std::vector<LegacyUse>> legacy_uses(const std::vector<LegacyException>& exceptions,
                                                 const std::vector<LegacyAlgorithm>& algorithms,
                                                 const std::vector<std::string>& names,
                                                 base::Instant now);

// How to encrypt the answer: AES-GCM and RSA-OAEP, unless the client itself used CBC or RSA 1.5 and
// does not say that it could do better (FeatureDescription, 5.6).
struct AnswerEncryption {
  crypto::Cipher cipher = crypto::Cipher::aes256_gcm;
  crypto::KeyTransport key_transport;
};
AnswerEncryption answer_encryption(const seal::Transport& request, const Features& client);

} // namespace osci
