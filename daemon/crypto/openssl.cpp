#include "crypto/openssl.h"
#include <array>
#include <limits>
#include <openssl/pem.h>

namespace crypto::openssl {

base::Error take_error(base::ErrorCode code, std::string_view what) {
  // The oldest entry is the cause; later ones are added by callers on the way up.
  const unsigned long oldest = ERR_peek_error();
  std::string detail(what);
  if (oldest != 0) {
    if (const char* reason = ERR_reason_error_string(oldest)) {
      detail += " (";
      detail += reason;
      detail += ')';
    }
  }
  ERR_clear_error();
  return base::fail(code, std::move(detail));
}

void require(bool success, const char* what) {
  if (success) return;
  ERR_clear_error();
  throw base::InternalError(what);
}

const EVP_MD* message_digest(DigestAlgorithm algorithm) {
  static const auto digests = [] {
    constexpr std::array names = {"SHA2-256", "SHA2-384", "SHA2-512",
                                  "SHA3-256", "SHA3-384", "SHA3-512"};
    std::array<FetchedDigest, names.size()> out;
    for (std::size_t i = 0; i < names.size(); ++i) {
      out[i].reset(EVP_MD_fetch(nullptr, names[i], nullptr));
      require(out[i] != nullptr, "OpenSSL lacks a digest");
    }
    return out;
  }();
  return digests[static_cast<std::size_t>(algorithm)].get();
}

Bio memory_reader(std::string_view text) {
  require(text.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()),
          "text too long for a BIO");
  Bio bio(BIO_new_mem_buf(text.empty() ? "" : text.data(), static_cast<int>(text.size())));
  require(bio != nullptr, "BIO_new_mem_buf");
  return bio;
}

Bio memory_writer() {
  Bio bio(BIO_new(BIO_s_mem()));
  require(bio != nullptr, "BIO_new");
  return bio;
}

std::string written(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_ctrl(memory, BIO_CTRL_INFO, 0, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

base::Result<std::vector<std::string>> certificate_blocks(std::string_view pem) {
  const ErrorScope scope;
  const Bio bio = memory_reader(pem);
  std::vector<std::string> out;
  for (;;) {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    const int got = PEM_read_bio(bio.get(), &name, &header, &data, &size);
    const Text owned_name(name), owned_header(header);
    const Text owned_data(reinterpret_cast<char*>(data));
    if (got != 1) {
      if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) return out;
      return take_error(base::ErrorCode::key_error, "broken PEM block");
    }
    if (std::string_view(name) == "CERTIFICATE")
      out.emplace_back(owned_data.get(), static_cast<std::size_t>(size));
  }
}

} // namespace crypto::openssl
