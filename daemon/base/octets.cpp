#include "base/octets.h"
#include <algorithm>
#include <cstring>

namespace base {
namespace {

constexpr std::size_t kPiece = 256 * 1024;

} // namespace

Result<> MemoryOctets::read(std::uint64_t offset, char* out, std::size_t size) const {
  check(offset <= bytes_.size() && size <= bytes_.size() - offset, "read past the octets");
  if (size > 0) std::memcpy(out, bytes_.data() + offset, size);
  return {};
}

Result<> for_each_piece(const OctetRange& range, const OctetSink& sink) {
  check(range.source != nullptr, "range without octets");
  std::string buffer(static_cast<std::size_t>(std::min<std::uint64_t>(range.size, kPiece)), '\0');
  for (std::uint64_t at = 0; at < range.size;) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(range.size - at, buffer.size()));
    if (auto done = range.source->read(range.offset + at, buffer.data(), size); !done) return done;
    if (auto done = sink(std::string_view(buffer.data(), size)); !done) return done;
    at += size;
  }
  return {};
}

Result<std::string> read_range(const OctetRange& range) {
  check(range.source != nullptr, "range without octets");
  std::string out(static_cast<std::size_t>(range.size), '\0');
  if (auto done = range.source->read(range.offset, out.data(), out.size()); !done)
    return done.error();
  return out;
}

} // namespace base
