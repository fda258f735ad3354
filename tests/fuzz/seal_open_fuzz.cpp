// seal::open with a key. First octet even: the rest is an HTTP body as received. Odd: the rest is
// an inner message, encrypted here, so that mutations reach what lies behind a genuine envelope;
// with the next bit set as CBC, which is read before anything vouches for it.
#include "crypto/keys.h"
#include "seal/message.h"
#include "seal/transport_encryption.h"
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static base::SystemRandom random;
  static const crypto::KeyPair key = [] {
    auto loaded = crypto::load_key_pair(DC_SOURCE_DIR "/tests/captures/keys/bench2048_cipher.p12",
                                        "", "123456");
    if (!loaded) std::abort();
    return *loaded;
  }();
  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string wrapped;
  if (data[0] & 1) {
    const auto cipher = data[0] & 2 ? crypto::Cipher::aes256_cbc : crypto::Cipher::aes256_gcm;
    auto sealed = seal::encrypt_envelope(
        input, seal::EncryptFor{key.certificate, cipher, 12, {}, false}, random);
    if (!sealed) std::abort();
    wrapped = std::move(*sealed);
    input = wrapped;
  }
  seal::OpenOptions options;
  options.xml.size = 1 << 20;
  options.allow_cbc = options.allow_3des = options.allow_rsa15 = true;
  const auto message = seal::open(input, "", {key}, options, random);
  if (!message) return 0;
  if (const auto verified = message->verified(true))
    for (const auto& block : verified->blocks()) (void)block.element.children();
  return 0;
}
