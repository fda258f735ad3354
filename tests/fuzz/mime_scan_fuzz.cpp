// The scanner of spooled messages against the reader in memory: the same verdict, the same parts.
// The first octet chooses limits and the size of a piece.
#include "base/encoding.h"
#include "mime/scan.h"
#include <cstdint>
#include <cstdlib>

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  mime::Limits limits;
  if (data[0] & 1) limits = {100, 4, 3};
  const std::size_t piece = data[0] & 2 ? 16u + (data[0] >> 2) : 4096u;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto parsed = mime::parse(body, limits);
  const auto scanned = mime::scan(std::make_shared<base::MemoryOctets>(body), limits, piece);
  demand(parsed.has_value() == scanned.has_value());
  if (!parsed) {
    demand(parsed.error().code == scanned.error().code);
    return 0;
  }
  demand(parsed->boundary == scanned->boundary && parsed->parts.size() == scanned->parts.size());
  for (std::size_t i = 0; i < parsed->parts.size(); ++i) {
    const auto& a = parsed->parts[i];
    const auto& b = scanned->parts[i];
    demand(a.content_id == b.content_id && a.content_type == b.content_type &&
           a.base64 == b.base64 && a.other_headers == b.other_headers);
    demand(b.octets.offset + b.octets.size <= body.size());
    demand(a.raw == *base::read_range(b.octets));
    // base64 in pieces is base64 at once.
    const auto whole = base::base64_decode(a.raw);
    base::Base64Decoder decoder;
    std::string decoded;
    bool ok = true;
    for (std::size_t at = 0; ok && at < a.raw.size(); at += piece) {
      auto some = decoder.feed(a.raw.substr(at, piece));
      ok = some.has_value();
      if (ok) decoded += *some;
    }
    if (ok) {
      const auto rest = decoder.finish();
      ok = rest.has_value();
      if (ok) decoded += *rest;
    }
    demand(ok == whole.has_value() && (!ok || decoded == *whole));
  }
  return 0;
}
