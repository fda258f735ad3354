#include "storage/backup_files.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace storage {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kHexHash = 64;

bool is_name(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of(kDigits) == std::string_view::npos;
}

base::Error broken(std::uint64_t line, const char* what) {
  return fail(ErrorCode::invalid_content,
              std::string(kManifestName) + " line " + std::to_string(line) + ": " + what);
}

Result<std::shared_ptr<const base::Octets>> open_any(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return read_error(path.string(), errno);
  return open_octets(path, static_cast<std::uint64_t>(status.st_size), path.string());
}

Result<BackupFolder::Copied> passage(const fs::path& source, const base::OctetSink& sink) {
  auto octets = open_any(source);
  if (!octets) return octets.error();
  crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
  const auto size = (*octets)->size();
  const auto done =
      base::for_each_piece({std::move(*octets), 0, size}, [&](std::string_view piece) -> Result<> {
        hasher.update(piece);
        return sink(piece);
      });
  if (!done) return done.error();
  return BackupFolder::Copied{base::hex_encode(hasher.finish()), size};
}

} // namespace

bool is_backup_path(std::string_view path) {
  if (path == "mailbox.db" || path == kHeadName || path == kKeyName) return true;
  if (path.starts_with("spool/")) return is_name(path.substr(6));
  return path.starts_with("bodies/") && path.size() == 41 &&
         kDigits.find(path[7]) != kDigits.npos && path[8] == '/' && is_name(path.substr(9));
}

Result<BackupFolder> BackupFolder::make(const fs::path& path, bool may_exist) {
  std::error_code failed;
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno != EEXIST || !may_exist)
      return fail(ErrorCode::file_error, reason(path.string() + " cannot be made", errno));
    if (!fs::is_empty(path, failed) || failed)
      return fail(ErrorCode::file_error, path.string() + " is not an empty folder");
    if (::chmod(path.c_str(), 0700) != 0)
      return fail(ErrorCode::file_error,
                  reason(path.string() + " cannot be closed to others", errno));
  }
  BackupFolder out(path);
  for (const char* name : {"bodies", "spool"})
    if (::mkdir((path / name).c_str(), 0700) != 0)
      return fail(ErrorCode::file_error, reason((path / name).string() + " cannot be made", errno));
  for (const char digit : kDigits)
    if (::mkdir((path / "bodies" / std::string(1, digit)).c_str(), 0700) != 0)
      return fail(ErrorCode::file_error, reason(path.string() + " cannot be filled", errno));
  return out;
}

Result<File> BackupFolder::create(const std::string& path) const {
  const auto name = path_ / path;
  File file(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail(ErrorCode::file_error, reason(name.string() + " cannot be made", errno));
  return file;
}

Result<BackupFolder::Copied> BackupFolder::copy(const fs::path& source, const std::string& path,
                                                const std::function<void(std::uint64_t)>& pace) {
  auto file = create(path);
  if (!file) return file.error();
  auto copied = passage(source, [&](std::string_view piece) -> Result<> {
    if (pace) pace(piece.size());
    return write_all(FileCalls::system(), *file, piece, path);
  });
  if (copied && ::fsync(file->number()) != 0)
    return fail(ErrorCode::file_error, reason(path + " cannot be synced", errno));
  if (!copied)
    if (auto removed = remove(path); !removed) return removed.error();
  return copied;
}

Result<> BackupFolder::write(const std::string& path, std::string_view bytes) {
  auto file = create(path);
  if (!file) return file.error();
  if (auto done = write_all(FileCalls::system(), *file, bytes, path); !done) return done;
  if (::fsync(file->number()) != 0)
    return fail(ErrorCode::file_error, reason(path + " cannot be synced", errno));
  return {};
}

Result<> BackupFolder::remove(const std::string& path) {
  if (::unlink((path_ / path).c_str()) != 0 && errno != ENOENT)
    return fail(ErrorCode::file_error, reason(path + " cannot be removed", errno));
  return {};
}

Result<> BackupFolder::sync() const {
  const auto calls = FileCalls::system();
  for (const char digit : kDigits)
    if (auto done = sync_folder(path_ / "bodies" / std::string(1, digit), calls); !done)
      return done;
  for (const char* name : {"bodies", "spool", ""})
    if (auto done = sync_folder(path_ / name, calls); !done) return done;
  return sync_folder(fs::absolute(path_).lexically_normal().parent_path(), calls);
}

Result<BackupFolder::Copied> hash_file(const fs::path& path) {
  return passage(path, [](std::string_view) -> Result<> { return {}; });
}

Result<> sync_file_at(const fs::path& path) {
  const File file(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!file || ::fchmod(file.number(), 0600) != 0 || ::fsync(file.number()) != 0)
    return fail(ErrorCode::file_error, reason(path.string() + " cannot be synced", errno));
  return {};
}

std::string to_manifest(const Hashes& files) {
  std::string out;
  for (const auto& [path, hash] : files) out += hash + "  " + path + "\n";
  return out;
}

Result<Hashes> read_manifest(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return fail(ErrorCode::invalid_content, path.string() + ": missing, so this is no backup");
  Hashes out;
  // No line that is good is longer than this.
  std::string line(256, '\0');
  for (std::uint64_t number = 1; in.getline(line.data(), static_cast<std::streamsize>(line.size()));
       ++number) {
    const std::string_view text(line.data(), static_cast<std::size_t>(in.gcount()) - 1);
    if (in.eof()) return broken(number, "ends in the middle");
    const auto hash = text.substr(0, kHexHash);
    if (text.size() < kHexHash + 2 || text.substr(kHexHash, 2) != "  " ||
        hash.find_first_not_of(kDigits) != std::string_view::npos)
      return broken(number, "is not a hash, two spaces and a path");
    if (!is_backup_path(text.substr(kHexHash + 2)))
      return broken(number, "names a file that no backup has");
    if (!out.emplace(text.substr(kHexHash + 2), hash).second)
      return broken(number, "names a file again");
  }
  if (!in.eof()) return broken(out.size() + 1, "is too long");
  if (!out.contains("mailbox.db")) return broken(out.size() + 1, "the database is not in it");
  return out;
}

} // namespace storage
