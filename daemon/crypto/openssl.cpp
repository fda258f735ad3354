#include "crypto/openssl.h"
#include <array>
#include <limits>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace crypto::openssl {
namespace {
using PssParameters = Owned<RSA_PSS_PARAMS, RSA_PSS_PARAMS_free>;
} // namespace

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

std::optional<base::Instant> to_instant(const ASN1_TIME* time) {
  std::tm tm{};
  if (!time || ASN1_TIME_to_tm(time, &tm) != 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{tm.tm_year + 1900},
                                         std::chrono::month{static_cast<unsigned>(tm.tm_mon + 1)},
                                         std::chrono::day{static_cast<unsigned>(tm.tm_mday)}};
  if (!date.ok()) return std::nullopt;
  const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(time)),
                              static_cast<std::size_t>(ASN1_STRING_length(time)));
  int milliseconds = 0;
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    int scale = 100;
    for (auto at = dot + 1; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      milliseconds += (text[at] - '0') * scale;
      scale /= 10;
    }
  }
  return base::Instant{std::chrono::sys_days{date}.time_since_epoch()} +
         std::chrono::hours{tm.tm_hour} + std::chrono::minutes{tm.tm_min} +
         std::chrono::seconds{tm.tm_sec} + std::chrono::milliseconds{milliseconds};
}

bool strong_digest(int nid) {
  switch (nid) {
  case NID_sha256:
  case NID_sha384:
  case NID_sha512:
  case NID_sha3_256:
  case NID_sha3_384:
  case NID_sha3_512:
    return true;
  default:
    return false;
  }
}

bool strong_signature(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(&object, &type, &value, algorithm);
  const int signature = OBJ_obj2nid(object);
  if (signature == NID_ED25519 || signature == NID_ED448) return true;
  if (signature == NID_rsassaPss) {
    if (type != V_ASN1_SEQUENCE) return false; // absent parameters mean SHA-1
    const auto* sequence = static_cast<const ASN1_STRING*>(value);
    const unsigned char* at = ASN1_STRING_get0_data(sequence);
    const PssParameters pss(d2i_RSA_PSS_PARAMS(nullptr, &at, ASN1_STRING_length(sequence)));
    return pss && pss->hashAlgorithm && strong_digest(OBJ_obj2nid(pss->hashAlgorithm->algorithm));
  }
  int digest = NID_undef, key = NID_undef;
  return OBJ_find_sigid_algs(signature, &digest, &key) == 1 && strong_digest(digest);
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
