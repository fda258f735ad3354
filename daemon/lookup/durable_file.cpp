#include "lookup/durable_file.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace lookup {

namespace {

base::Error failed(const std::filesystem::path& file, const char* what) {
  return base::fail(base::ErrorCode::file_error,
                    file.string() + ": " + what + ": " + std::strerror(errno));
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

} // namespace

base::Result<> replace_file(const std::filesystem::path& file, std::string_view bytes) {
  auto fresh = file;
  fresh += ".new";
  const int opened =
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
  if (opened < 0) return failed(fresh, "cannot be created");
  if (!write_all(opened, bytes) || ::fsync(opened) != 0) {
    const auto error = failed(fresh, "cannot be written");
    ::close(opened);
    return error;
  }
  if (::close(opened) != 0) return failed(fresh, "cannot be closed");
  if (::rename(fresh.c_str(), file.c_str()) != 0) return failed(file, "cannot be replaced");
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const int listed = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listed < 0) return failed(folder, "cannot be opened");
  const bool synced = ::fsync(listed) == 0;
  const auto error = failed(folder, "cannot be made durable");
  ::close(listed);
  if (!synced) return error;
  return {};
}

} // namespace lookup
