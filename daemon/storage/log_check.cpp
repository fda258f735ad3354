#include "storage/log_check.h"
#include <array>
#include <bit>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace storage {
namespace {

using base::ErrorCode;
using base::fail;

// https://www.sqlite.org/fileformat2.html#the_write_ahead_log
constexpr std::size_t kHeader = 32;
constexpr std::size_t kFrameHeader = 24;
constexpr std::uint32_t kMagic = 0x377f0682; // the last bit: checksums over big-endian words

std::uint32_t big_endian(std::string_view octets, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<unsigned char>(octets[at + i]);
  return out;
}

struct Sum {
  std::uint32_t first = 0, second = 0;
  bool operator==(const Sum&) const = default;
};

class Summing {
 public:
  explicit Summing(bool big) : big_(big) {}
  // `octets`: a multiple of eight.
  Sum operator()(Sum sum, std::string_view octets) const {
    for (std::size_t at = 0; at + 8 <= octets.size(); at += 8) {
      sum.first += word(octets, at) + sum.second;
      sum.second += word(octets, at + 4) + sum.first;
    }
    return sum;
  }

 private:
  std::uint32_t word(std::string_view octets, std::size_t at) const {
    const std::uint32_t big = big_endian(octets, at);
    return big_ ? big : __builtin_bswap32(big);
  }
  bool big_;
};

Sum stored_sum(std::string_view octets, std::size_t at) {
  return {big_endian(octets, at), big_endian(octets, at + 4)};
}

struct Frame {
  bool current = false; // of this log and not of one before it
  bool ends_commit = false;
  Sum stored;
};

} // namespace

base::Result<> check_log(const std::filesystem::path& log) {
  std::ifstream in(log, std::ios::binary);
  if (!in) {
    if (!std::filesystem::exists(log)) return {};
    return fail(ErrorCode::file_error, log.string() + " cannot be read");
  }
  std::string header(kHeader, '\0');
  // Shorter, or a size without content: the log was being made.
  if (!in.read(header.data(), kHeader) || header == std::string(kHeader, '\0')) return {};
  const auto damaged = [&](std::uint64_t frame) {
    return fail(ErrorCode::storage_failure,
                log.string() + " is damaged at frame " + std::to_string(frame) +
                    ", before its last commit: what was stored after it would be lost");
  };
  const std::uint32_t magic = big_endian(header, 0), page = big_endian(header, 8);
  const Summing summing((magic & 1) != 0);
  // The header lies in one sector and is synced before the first frame.
  if ((magic & ~std::uint32_t{1}) != kMagic || page < 512 || page > 65536 ||
      !std::has_single_bit(page) ||
      summing({}, std::string_view(header).substr(0, 24)) != stored_sum(header, 24))
    return damaged(0);

  Sum sum = stored_sum(header, 24); // of the frames so far
  std::optional<Sum> mended;        // instead of what the wrong frame says of itself
  std::uint64_t number = 0, wrong = 0;
  Frame before;      // the last one
  bool sound = true; // `before` follows from its own predecessor
  std::string frame(kFrameHeader + page, '\0');
  while (in.read(frame.data(), static_cast<std::streamsize>(frame.size()))) {
    ++number;
    const std::string_view octets = frame;
    Frame now;
    now.current = octets.substr(8, 8) == std::string_view(header).substr(16, 8);
    now.ends_commit = big_endian(octets, 4) != 0;
    now.stored = stored_sum(octets, 16);
    const auto follows = [&](Sum from) {
      return summing(summing(from, octets.substr(0, 8)), octets.substr(kFrameHeader)) == now.stored;
    };
    if (wrong == 0) {
      if (now.current && follows(sum)) {
        sum = now.stored;
        continue;
      }
      wrong = number;
      // Its content may be right, and only its own sum or mark be wrong.
      mended = summing(summing(sum, octets.substr(0, 8)), octets.substr(kFrameHeader));
      before = now;
      sound = false;
      continue;
    }
    const bool after_wrong = number == wrong + 1;
    if (now.current && before.ends_commit &&
        ((sound && follows(before.stored)) || (after_wrong && follows(*mended))))
      return damaged(wrong);
    sound = now.current && (before.current || after_wrong) &&
            (follows(before.stored) || (after_wrong && follows(*mended)));
    before = now;
  }
  return {};
}

} // namespace storage
