// SQLite's own system calls under the control of a test: this program's fdatasync(2) and
// pwrite64(2) stand before those of the C library.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace system_calls {

// Called with the file's path instead of the system call; a returned errno fails the call, 0 lets
// it through. Called from the thread that syncs or writes.
using Sync = std::function<int(const std::string& path)>;
using Write = std::function<int(const std::string& path, std::int64_t offset, std::size_t size)>;

// For the life of this object; one at a time.
class Intercepted {
 public:
  explicit Intercepted(Sync sync, Write write = {});
  ~Intercepted();
  Intercepted(const Intercepted&) = delete;
  Intercepted& operator=(const Intercepted&) = delete;
};

} // namespace system_calls
