#include "support/keys.h"
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>

namespace support {

std::string captures_folder() {
  return DC_SOURCE_DIR "/tests/captures";
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

const crypto::KeyPair& key(const std::string& name) {
  static std::map<std::string, crypto::KeyPair> keys;
  static std::mutex guard;
  const std::lock_guard lock(guard);
  const auto found = keys.find(name);
  if (found != keys.end()) return found->second;
  auto loaded = crypto::load_key_pair(captures_folder() + "/keys/" + name + ".p12", "", "123456");
  if (!loaded) throw std::runtime_error(name + ": " + loaded.error().detail);
  return keys.emplace(name, std::move(*loaded)).first->second;
}

const crypto::Certificate& test_ca() {
  static const crypto::Certificate certificate = [] {
    auto read =
        crypto::Certificate::from_file_text(read_file(captures_folder() + "/keys/test_ca.cer"));
    if (!read) throw std::runtime_error("test CA cannot be read");
    return *read;
  }();
  return certificate;
}

} // namespace support
