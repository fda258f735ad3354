#include "cli/durable.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace cli {

using base::ErrorCode;
using base::fail;

base::Error system_error(const std::string& path, const char* what) {
  return fail(ErrorCode::file_error, path + ": " + what + ": " + std::strerror(errno));
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  if (number_ >= 0) ::close(number_);
  number_ = other.release();
  return *this;
}

int Descriptor::release() {
  const int out = number_;
  number_ = -1;
  return out;
}

base::Result<> sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0)
    return system_error(path, "cannot be made durable");
  return {};
}

base::Result<> make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    const auto parent = std::filesystem::path(path).lexically_normal().parent_path();
    return sync_folder(parent.empty() ? "." : parent.string());
  }
  struct stat found {};
  if (errno == EEXIST && ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return {};
  return system_error(path, "cannot be created as a folder");
}

base::Result<> write_all(int descriptor, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_error(path, "cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

namespace {

template <class Writer>
base::Result<> write_new(const std::string& path, Writer&& writer) {
  Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (file.get() < 0) return system_error(path, "cannot be created");
  if (auto done = writer(file.get()); !done) return done;
  if (::fsync(file.get()) != 0) return system_error(path, "cannot be made durable");
  if (::close(file.release()) != 0) return system_error(path, "cannot be closed");
  return {};
}

} // namespace

base::Result<> write_durably(const std::string& path, std::string_view bytes) {
  return write_new(path, [&](int file) { return write_all(file, path, bytes); });
}

base::Result<> write_durably(const std::string& path, const base::OctetRange& octets) {
  return write_new(path, [&](int file) {
    return base::for_each_piece(
        octets, [&](std::string_view piece) { return write_all(file, path, piece); });
  });
}

base::Result<> replace_durably(const std::string& folder, const std::string& name,
                               std::string_view bytes) {
  const std::string target = folder + "/" + name, fresh = target + ".new";
  // A run that died may have left it.
  if (::unlink(fresh.c_str()) != 0 && errno != ENOENT)
    return system_error(fresh, "cannot be removed");
  if (auto done = write_durably(fresh, bytes); !done) return done;
  if (::rename(fresh.c_str(), target.c_str()) != 0)
    return system_error(target, "cannot be replaced");
  return sync_folder(folder);
}

base::Result<> remove_folder(const std::string& path, bool (*ours)(std::string_view name)) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto kind = fs::symlink_status(path, error).type();
  if (kind == fs::file_type::not_found) return {};
  if (kind != fs::file_type::directory)
    return fail(ErrorCode::file_error, path + ": is no folder, so it is not removed");
  std::vector<fs::path> files;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    std::error_code unknown;
    if (!ours(at->path().filename().string()) ||
        at->symlink_status(unknown).type() != fs::file_type::regular)
      return fail(ErrorCode::file_error,
                  path + ": is not removed, for it holds what was not put there by osci");
    files.push_back(at->path());
  }
  for (const auto& file : files)
    if (!error) fs::remove(file, error);
  // Only if it is empty: what somebody puts there meanwhile stays.
  if (!error && ::rmdir(path.c_str()) != 0 && errno != ENOENT)
    error.assign(errno, std::generic_category());
  if (error) return fail(ErrorCode::file_error, path + ": cannot be removed: " + error.message());
  return {};
}

base::Result<std::shared_ptr<const FileOctets>> FileOctets::open(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat found {};
  if (file.get() < 0 || ::fstat(file.get(), &found) != 0)
    return system_error(path, "cannot be read");
  if (!S_ISREG(found.st_mode)) return fail(ErrorCode::file_error, path + ": is no regular file");
  return std::make_shared<const FileOctets>(path, std::move(file),
                                            static_cast<std::uint64_t>(found.st_size));
}

base::Result<> FileOctets::read(std::uint64_t offset, char* out, std::size_t size) const {
  while (size > 0) {
    const ssize_t got = ::pread(file_.get(), out, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path_, "cannot be read");
    if (got == 0) return fail(ErrorCode::file_error, path_ + ": has become shorter");
    out += got;
    offset += static_cast<std::uint64_t>(got);
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

} // namespace cli
