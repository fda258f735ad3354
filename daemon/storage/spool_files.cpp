#include "storage/spool_files.h"
#include "base/crash_point.h"
#include "base/encoding.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "storage/files.h"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace storage {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

constexpr std::size_t kNameOctets = 16;
constexpr std::size_t kBlock = 64 << 10;
constexpr std::size_t kHash = 32;
constexpr const char* kWriting = "spool file cannot be written";

bool is_spool_name(std::string_view name) {
  return name.size() == 2 * kNameOctets &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

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

SpoolFiles::SpoolFiles(fs::path folder, FileCalls calls, SyncFailure& sync_failure)
    : folder_(std::move(folder)), calls_(std::move(calls)), sync_failure_(sync_failure) {}

base::Result<> SpoolFiles::prepare() {
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(ErrorCode::file_error, reason(folder_.string() + " cannot be made", errno));
  if (auto synced = sync_folder(folder_, calls_); !synced) return synced;
  return sync_folder(folder_.parent_path(), calls_);
}

base::Result<std::uint64_t>
SpoolFiles::sweep(const std::function<bool(const std::string& name)>& has_row) {
  std::uint64_t removed = 0;
  try {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const auto name = entry.path().filename().string();
      if (!is_spool_name(name)) {
        base::log(base::LogLevel::warning, "storage.unknown_file", "unknown file in the spool",
                  {{"file", entry.path().string()}});
        continue;
      }
      if (has_row(name)) continue;
      // If the process dies here, the next start sweeps again.
      fs::remove(entry.path());
      ++removed;
    }
  } catch (const fs::filesystem_error& error) {
    return fail(ErrorCode::file_error, error.what());
  }
  return removed;
}

base::Result<std::string> SpoolFiles::create() {
  std::string name = base::hex_encode(random_.bytes(kNameOctets));
  const File file(::open((folder_ / name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return write_error("spool file cannot be made", errno);
  // Dying from here on until the row: a file without a row, swept.
  if (auto synced = sync_folder(folder_, calls_); !synced) {
    sync_failure_.report(synced.error().detail);
    return fail(ErrorCode::storage_failure, synced.error().detail);
  }
  base::crash_point("storage.spool_created");
  return name;
}

base::Result<> SpoolFiles::write(const std::string& name, std::uint64_t offset,
                                 std::string_view bytes) {
  const File file(::open((folder_ / name).c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file || ::lseek(file.number(), static_cast<off_t>(offset), SEEK_SET) < 0)
    return write_error("spool file cannot be opened", errno);
  if (auto written = write_all(calls_, file, bytes, kWriting); !written) return written;
  if (auto synced = sync_file(calls_, file, sync_failure_, "spool file cannot be synced"); !synced)
    return synced;
  // Dying here: the octets lie in their place, but no row says so; the sender repeats the chunk.
  base::crash_point("storage.chunk_written");
  return {};
}

base::Result<std::shared_ptr<const base::Octets>> SpoolFiles::open(const std::string& name,
                                                                   std::uint64_t size) const {
  return open_octets(folder_ / name, size, "spool file");
}

base::Result<std::shared_ptr<const base::Octets>>
SpoolFiles::open_sequential(const std::string& name, std::uint64_t size) const {
  auto file = open(name, size + (size + kBlock - 1) / kBlock * kHash);
  if (!file) return file.error();
  return std::shared_ptr<const base::Octets>(std::make_shared<Checked>(std::move(*file), size));
}

void SpoolFiles::remove(const std::string& name) {
  base::crash_point("storage.spool_before_remove");
  ::unlink((folder_ / name).c_str());
}

SpoolFiles::Sequential::Sequential(SpoolFiles& files, std::string name, std::unique_ptr<File> file)
    : files_(files), name_(std::move(name)), file_(std::move(file)) {}

SpoolFiles::Sequential::~Sequential() {
  // After a failed sync the row may be on the disk: then the file must be there too.
  if (!kept_ && !files_.sync_failure_.happened()) ::unlink((files_.folder_ / name_).c_str());
}

base::Result<> SpoolFiles::Sequential::append(std::string_view piece) {
  if (auto written = write_all(files_.calls_, *file_, piece, kWriting); !written) return written;
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

base::Result<> SpoolFiles::Sequential::settle() {
  if (!block_.empty()) hashes_ += sha256(block_);
  block_.clear();
  if (auto written = write_all(files_.calls_, *file_, hashes_, kWriting); !written) return written;
  hashes_.clear();
  return sync_file(files_.calls_, *file_, files_.sync_failure_, "spool file cannot be synced");
}

base::Result<std::unique_ptr<SpoolFiles::Sequential>> SpoolFiles::sequential() {
  auto name = create();
  if (!name) return name.error();
  auto file =
      std::make_unique<File>(::open((folder_ / *name).c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!*file) {
    const auto error = write_error("spool file cannot be opened", errno);
    remove(*name);
    return error;
  }
  return std::make_unique<Sequential>(*this, std::move(*name), std::move(file));
}

base::Result<base::OctetRange> SpoolFiles::decode(const base::OctetRange& text) const {
  File file(::open(folder_.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (!file) return write_error("spool file cannot be made", errno);
  base::Base64Decoder decoder;
  std::uint64_t size = 0;
  const auto put = [&](const base::Result<std::string>& octets) -> base::Result<> {
    if (!octets) return octets.error();
    size += octets->size();
    return write_all(calls_, file, *octets, kWriting);
  };
  auto done =
      base::for_each_piece(text, [&](std::string_view piece) { return put(decoder.feed(piece)); });
  if (done) done = put(decoder.finish());
  if (!done) return done.error();
  return base::OctetRange{std::make_shared<FileOctets>(std::move(file), size, "spool file"), 0,
                          size};
}

} // namespace storage
