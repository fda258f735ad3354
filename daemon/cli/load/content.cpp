#include "cli/load/content.h"
#include "base/encoding.h"
#include "cli/load/plan.h"
#include "crypto/digest.h"
#include <algorithm>
#include <charconv>
#include <optional>
#include <random>

namespace cli::load {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::string_view kMagic = "OSCI-LOAD 1\n";
constexpr std::string_view kNote =
    "TESTNACHRICHT eines Lasttests. Dies ist kein Antrag. Bitte nicht bearbeiten.\n";
constexpr std::size_t kMaxHeader = 400;

std::string digested_header(const Stamp& stamp) {
  return std::string(kMagic) + std::string(kNote) + "run: " + stamp.run +
         "\nnumber: " + std::to_string(stamp.number) + "\nsize: " + std::to_string(stamp.size) +
         "\n";
}

std::string header(const Stamp& stamp) {
  return digested_header(stamp) + "sha256: " + stamp.sha256 + "\n\n";
}

std::string digest_of(const Stamp& stamp, std::string_view rest) {
  crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
  hasher.update(digested_header(stamp));
  hasher.update(rest);
  return base::hex_encode(hasher.finish());
}

// The value of "name: value", which begins there and is removed.
std::optional<std::string_view> line(std::string_view& text, std::string_view name) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(name)) return std::nullopt;
  const auto value = text.substr(name.size(), end - name.size());
  text.remove_prefix(end + 1);
  return value;
}

bool number_of(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

} // namespace

Content make_content(const std::string& run, std::uint64_t number, std::uint64_t size,
                     std::uint64_t seed) {
  Content out{{run, number, size, std::string(64, '0')}, {}};
  const std::size_t before = header(out.stamp).size();
  base::check(size >= SizeMix::kSmallest && before <= kMaxHeader, "no room for the header");
  std::string rest(static_cast<std::size_t>(size) - before, '\0');
  std::mt19937_64 random(draw(seed, number));
  for (std::size_t at = 0; at < rest.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    for (std::size_t i = at; i < std::min(at + sizeof word, rest.size()); ++i)
      rest[i] = static_cast<char>((word >> (8 * (i - at))) & 0xffu);
  }
  out.stamp.sha256 = digest_of(out.stamp, rest);
  out.octets = header(out.stamp) + rest;
  return out;
}

base::Result<Stamp> verify_content(std::string_view octets) {
  if (!octets.starts_with(kMagic))
    return fail(ErrorCode::not_found, "the content is not of a load run");
  const auto changed = [](const char* what) {
    return fail(ErrorCode::invalid_content, std::string("the content was changed: ") + what);
  };
  std::string_view head = octets.substr(0, kMaxHeader);
  head.remove_prefix(kMagic.size());
  if (!head.starts_with(kNote)) return changed("its note");
  head.remove_prefix(kNote.size());
  const auto run = line(head, "run: ");
  const auto number = run ? line(head, "number: ") : std::nullopt;
  const auto size = number ? line(head, "size: ") : std::nullopt;
  const auto sha256 = size ? line(head, "sha256: ") : std::nullopt;
  Stamp out;
  if (!sha256 || run->size() != 16 || !number_of(*number, out.number) ||
      !number_of(*size, out.size))
    return changed("its header");
  out.run = *run;
  out.sha256 = *sha256;
  // One way to write it: what is not just so is not what was sent.
  const std::string expected = header(out);
  if (!octets.starts_with(expected)) return changed("its header");
  if (octets.size() != out.size) return changed("its length");
  if (digest_of(out, octets.substr(expected.size())) != out.sha256) return changed("its digest");
  return out;
}

} // namespace cli::load
