// The test keys of tests/captures/keys, loaded once.
#pragma once
#include "crypto/keys.h"
#include <string>

namespace support {

// E.g. "sender_cipher", "recipient_sign".
const crypto::KeyPair& key(const std::string& name);
const crypto::Certificate& test_ca();
std::string captures_folder();                  // tests/captures
std::string read_file(const std::string& path); // throws when it cannot be read

} // namespace support
