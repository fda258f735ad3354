#include "storage/sync_failure.h"
#include "base/log.h"
#include <cstdlib>
#include <utility>

namespace storage {
namespace {

constexpr int kExitIoError = 74;

} // namespace

SyncFailure::SyncFailure(std::function<void(const std::string&)> end_process)
    : end_process_(std::move(end_process)) {}

void SyncFailure::report(const std::string& what) {
  // The flag first: from here on no other thread may report a success that rests on this device.
  happened_ = true;
  base::log(base::LogLevel::critical, "storage.sync_failed",
            "data could not be brought to stable storage; the process ends and must recover",
            {{"error", what}});
  if (end_process_)
    end_process_(what);
  else
    std::_Exit(kExitIoError);
}

} // namespace storage
