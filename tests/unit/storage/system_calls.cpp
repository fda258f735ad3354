#include "unit/storage/system_calls.h"
#include <array>
#include <cerrno>
#include <mutex>
#include <sys/syscall.h>
#include <unistd.h>

namespace system_calls {
namespace {

std::mutex mutex; // guards both
Sync on_sync;
Write on_write;

std::string path_of(int file) {
  std::array<char, 4096> path{};
  const auto size =
      ::readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), path.data(), path.size());
  return size < 0 ? std::string{} : std::string(path.data(), static_cast<std::size_t>(size));
}

template <class Hook>
Hook current(const Hook& hook) {
  const std::lock_guard lock(mutex);
  return hook;
}

} // namespace

Intercepted::Intercepted(Sync sync, Write write) {
  const std::lock_guard lock(mutex);
  on_sync = std::move(sync);
  on_write = std::move(write);
}

Intercepted::~Intercepted() {
  const std::lock_guard lock(mutex);
  on_sync = nullptr;
  on_write = nullptr;
}

} // namespace system_calls

extern "C" int fdatasync(int file) {
  using namespace system_calls;
  if (const auto hook = current(on_sync)) {
    if (const int error = hook(path_of(file)); error != 0) {
      errno = error;
      return -1;
    }
  }
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}

extern "C" ssize_t pwrite64(int file, const void* bytes, std::size_t size, off64_t offset) {
  using namespace system_calls;
  if (const auto hook = current(on_write)) {
    if (const int error = hook(path_of(file), offset, size); error != 0) {
      errno = error;
      return -1;
    }
  }
  return ::syscall(SYS_pwrite64, file, bytes, size, offset);
}
