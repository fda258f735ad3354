#include "storage/octet_places.h"
#include "crypto/digest.h"
#include <algorithm>

namespace storage {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::size_t kBlock = 64 << 10;
constexpr std::size_t kHash = 32;

std::string sha256(std::string_view bytes) {
  return crypto::digest(crypto::DigestAlgorithm::sha256, bytes);
}

// The content of a file with hashes behind it: no octet leaves before its block is checked.
class Checked final : public base::Octets {
 public:
  Checked(std::shared_ptr<const base::Octets> file, std::uint64_t size)
      : file_(std::move(file)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  base::Result<> read(std::uint64_t offset, char* out, std::size_t size) const override {
    base::check(offset <= size_ && size <= size_ - offset, "read past the end of a file");
    while (size > 0) {
      const std::uint64_t number = offset / kBlock, begin = number * kBlock;
      std::string block(static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, size_ - begin)),
                        '\0');
      std::string hash(kHash, '\0');
      if (auto ok = file_->read(begin, block.data(), block.size()); !ok) return ok;
      if (auto ok = file_->read(size_ + number * kHash, hash.data(), kHash); !ok) return ok;
      if (sha256(block) != hash)
        return fail(ErrorCode::not_found, "spool file does not have its hash");
      const auto from = static_cast<std::size_t>(offset - begin);
      const std::size_t count = std::min(size, block.size() - from);
      block.copy(out, count, from);
      out += count;
      offset += count;
      size -= count;
    }
    return {};
  }

 private:
  std::shared_ptr<const base::Octets> file_;
  std::uint64_t size_;
};

} // namespace

base::Result<std::string> Bodies::read(const std::string& name, std::uint64_t size) const {
  auto octets = open(name, size);
  if (!octets) return octets.error();
  return base::read_range(base::OctetRange{std::move(*octets), 0, size});
}

base::Result<std::shared_ptr<const base::Octets>> Spool::open_sequential(const std::string& name,
                                                                         std::uint64_t size) const {
  auto file = open(name, size + (size + kBlock - 1) / kBlock * kHash);
  if (!file) return file.error();
  return std::shared_ptr<const base::Octets>(std::make_shared<Checked>(std::move(*file), size));
}

base::Result<> Spool::Sequential::append(std::string_view piece) {
  if (auto written = put(piece); !written) return written;
  size_ += piece.size();
  while (!piece.empty()) {
    const std::size_t count = std::min(piece.size(), kBlock - block_.size());
    block_.append(piece.substr(0, count));
    piece.remove_prefix(count);
    if (block_.size() < kBlock) break;
    hashes_ += sha256(block_);
    block_.clear();
  }
  return {};
}

base::Result<> Spool::Sequential::settle() {
  if (!block_.empty()) hashes_ += sha256(block_);
  block_.clear();
  if (auto written = put(hashes_); !written) return written;
  hashes_.clear();
  return finish();
}

} // namespace storage
