#pragma once
#include "base/result.h"
#include "crypto/algorithms.h"
#include <memory>
#include <string>
#include <string_view>

namespace crypto {

// Layout of both: IV || ciphertext || tag(16) for GCM (IV 12 or 16 octets, no AAD), IV ||
// ciphertext for CBC (PKCS#7 when encrypting; when decrypting any octets before the length octet).
// Wire reference 5.3.

// `iv` as long as the cipher wants (GCM: 12 or 16; AES-CBC 16; 3DES 8). A wrong length is a bug of
// ours.
std::string encrypt(Cipher cipher, std::string_view key, std::string_view iv,
                    std::string_view plain);

// `iv_length` counts for GCM only. Error: undecryptable, without detail, for every failure; no
// plain text leaves before the GCM tag has been checked.
base::Result<std::string> decrypt(Cipher cipher, std::string_view key, std::size_t iv_length,
                                  std::string_view data);

struct CbcText {
  std::string text; // as long as the data promises when the padding is wrong: goes on being read
  bool genuine = false;
};

// For callers that must not learn, or let anybody learn, whether the padding was right before they
// have done everything they would do with a good text (wire reference 13.1, 13.3): the padding is
// looked at without a branch, and wrong padding is one flag to be looked at last. Data of a length
// that no CBC text can have (which everybody sees) gives an empty text, not genuine. `cipher` is a
// CBC cipher and `key` as long as it wants.
CbcText decrypt_cbc(Cipher cipher, std::string_view key, std::string_view data);

// The same layouts piece by piece, for what is too large for memory. One thread, finish() once.
class Encryptor {
 public:
  // As encrypt().
  Encryptor(Cipher cipher, std::string_view key, std::string_view iv);
  Encryptor(Encryptor&&) noexcept;
  Encryptor& operator=(Encryptor&&) noexcept;
  ~Encryptor();
  // What comes out for the next octets; the first of it is the IV.
  std::string update(std::string_view plain);
  std::string finish(); // what is left, and the tag

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Decryptor {
 public:
  // As decrypt().
  Decryptor(Cipher cipher, std::string_view key, std::size_t iv_length);
  Decryptor(Decryptor&&) noexcept;
  Decryptor& operator=(Decryptor&&) noexcept;
  ~Decryptor();
  // Plain octets that nobody may use before finish() has agreed. Error: undecryptable.
  base::Result<std::string> update(std::string_view data);
  base::Result<std::string> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace crypto
