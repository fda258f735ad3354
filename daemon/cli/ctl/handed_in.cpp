#include "cli/ctl/handed_in.h"
#include "base/encoding.h"
#include <cstddef>

namespace cli::ctl {
namespace {

// The tags at the beginning of DER or BER.
class Tags {
 public:
  explicit Tags(std::string_view bytes) : rest_(bytes) {}
  bool enter(char tag) {
    if (rest_.size() < 2 || rest_[0] != tag) return false;
    const auto length = static_cast<unsigned char>(rest_[1]);
    const std::size_t header = length <= 0x80 ? 2 : 2 + (length & 0x7fU);
    if (header > rest_.size()) return false;
    rest_.remove_prefix(header);
    return true;
  }
  bool takes(std::string_view bytes) {
    if (!rest_.starts_with(bytes)) return false;
    rest_.remove_prefix(bytes.size());
    return true;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

HandedIn kind_of_der(std::string_view bytes) {
  using namespace std::string_view_literals;
  constexpr auto pkcs = "\x2a\x86\x48\x86\xf7\x0d\x01"sv; // 1.2.840.113549.1
  Tags tags(bytes);
  if (!tags.enter('\x30')) return HandedIn::no_private_key;
  // Version 3 is PKCS#12; 0 is PKCS#1 and PKCS#8, 1 is SEC 1 and PKCS#8 with its public key.
  if (tags.takes("\x02\x01\x03"sv)) return HandedIn::key_store;
  if (tags.rest().starts_with('\x02')) return HandedIn::private_key;
  // An encrypted PKCS#8 key names how it is encrypted: pkcs-5 or pkcs-12. A certificate goes on
  // with [0] or a number here.
  if (tags.enter('\x30') && tags.enter('\x06') && tags.takes(pkcs) &&
      (tags.rest().starts_with('\x05') || tags.rest().starts_with('\x0c')))
    return HandedIn::private_key;
  return HandedIn::no_private_key;
}

} // namespace

HandedIn kind_of_file(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xfe\xed\xfe\xed"sv) || bytes.starts_with("\xce\xce\xce\xce"sv))
    return HandedIn::key_store;
  if (bytes.find("PRIVATE KEY") != std::string_view::npos) return HandedIn::private_key;
  if (const auto found = kind_of_der(bytes); found != HandedIn::no_private_key) return found;
  // The same in base64, without a heading or under a wrong one: mail programs make such files.
  std::string_view text = bytes;
  if (const auto dashes = text.find("-----BEGIN "); dashes != std::string_view::npos) {
    const auto line = text.find('\n', dashes);
    const auto end = text.find("-----END ", dashes);
    if (line == std::string_view::npos || end == std::string_view::npos || end < line)
      return HandedIn::no_private_key;
    text = text.substr(line + 1, end - line - 1);
  }
  text = base::trim(text);
  // Whole groups of four characters are enough for the first tags.
  std::string head;
  for (const char c : text.substr(0, 200))
    if (c != '\n' && c != '\r' && c != ' ') head += c;
  head.resize(head.size() / 4 * 4);
  while (head.ends_with('=')) head.resize(head.size() - 4);
  if (const auto der = base::base64_decode(head); der && !head.empty()) return kind_of_der(*der);
  return HandedIn::no_private_key;
}

} // namespace cli::ctl
