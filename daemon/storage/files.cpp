#include "storage/files.h"
#include "base/seeded_fault.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace storage {

using base::ErrorCode;
using base::fail;

File::~File() {
  if (number_ >= 0) ::close(number_);
}

std::string reason(std::string_view what, int error) {
  return std::string(what) + ": " + std::strerror(error);
}

// EFBIG: the limit for files of this process is a full disk to it.
base::Error write_error(std::string_view what, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return fail(full ? ErrorCode::storage_full : ErrorCode::storage_failure, reason(what, error));
}

base::Result<> write_all(const FileCalls& calls, const File& file, std::string_view bytes,
                         std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t written = calls.write(file.number(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return write_error(what, errno);
    }
    if (written == 0) return write_error(what, ENOSPC);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

base::Result<> sync_file(const FileCalls& calls, const File& file, SyncFailure& sync_failure,
                         std::string_view what) {
  if (base::seeded_fault("unsynced-content") || calls.sync(file.number()) == 0) return {};
  const auto text = reason(what, errno);
  sync_failure.report(text);
  return fail(ErrorCode::storage_failure, text);
}

base::Error read_error(std::string_view what, int error) {
  switch (error) {
  case ENOENT:
  case ENOTDIR:
  case EISDIR:
  case ELOOP:
  case EIO:
  case EBADMSG:
  case EUCLEAN:
    return fail(ErrorCode::not_found, reason(what, error));
  default:
    return fail(ErrorCode::storage_failure, reason(what, error));
  }
}

base::Result<> FileOctets::read(std::uint64_t offset, char* out, std::size_t size) const {
  base::check(offset <= size_ && size <= size_ - offset, "read past the end of a file");
  while (size > 0) {
    const ssize_t got = ::pread(file_.number(), out, size, static_cast<off_t>(offset));
    if (got < 0) {
      if (errno == EINTR) continue;
      return read_error(what_, errno);
    }
    if (got == 0) return fail(ErrorCode::not_found, what_ + " has another size");
    out += got;
    offset += static_cast<std::uint64_t>(got);
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

base::Result<std::shared_ptr<const base::Octets>>
open_octets(const std::filesystem::path& path, std::uint64_t size, std::string_view what) {
  File file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return read_error(what, errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return read_error(what, errno);
  if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) != size)
    return fail(ErrorCode::not_found, std::string(what) + " has another size");
  return std::shared_ptr<const base::Octets>(
      std::make_shared<FileOctets>(std::move(file), size, std::string(what)));
}

} // namespace storage
