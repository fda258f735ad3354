// What happens when the kernel could not bring data to stable storage.
#pragma once
#include <atomic>
#include <functional>
#include <string>

namespace storage {

// After a failed fsync the kernel may have dropped the dirty pages and marked them clean: a second
// fsync would succeed and prove nothing. So the first failure ends the process; the restart reads
// what really is on the disk (design decision 1). Thread-safe.
class SyncFailure {
 public:
  // `end_process` empty: exit status 74 (EX_IOERR) at once, without destructors. Tests pass a
  // function that returns; the store then takes no more writes.
  explicit SyncFailure(std::function<void(const std::string&)> end_process);

  void report(const std::string& what);
  bool happened() const { return happened_.load(); }

 private:
  std::function<void(const std::string&)> end_process_;
  std::atomic<bool> happened_{false};
};

} // namespace storage
