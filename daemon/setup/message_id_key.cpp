#include "setup/message_id_key.h"
#include "setup/files.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace setup {

using base::ErrorCode;
using base::fail;

// If the process dies before the rename the next start makes a new key: no id has been
// issued yet. After the rename it is there to stay.
base::Result<std::string> message_id_key(const std::filesystem::path& state,
                                         base::RandomSource& random) {
  const auto file = state / "message-id.key";
  constexpr std::size_t size = 32;
  if (std::filesystem::exists(file)) {
    auto key = read_file(file);
    if (!key) return key.error();
    if (key->size() != size)
      return fail(ErrorCode::file_error, file.string() + ": damaged; restore it from a backup");
    return key;
  }
  const std::string key = random.bytes(size);
  const auto temporary = state / "message-id.key.new";
  const int out = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0) return fail(ErrorCode::file_error, temporary.string() + ": cannot be written");
  const bool written =
      ::write(out, key.data(), key.size()) == static_cast<ssize_t>(key.size()) && ::fsync(out) == 0;
  const bool closed = ::close(out) == 0;
  if (!written || !closed || ::rename(temporary.c_str(), file.c_str()) != 0)
    return fail(ErrorCode::file_error, file.string() + ": cannot be written");
  const int folder = ::open(state.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && ::fsync(folder) == 0;
  if (folder >= 0) ::close(folder);
  if (!synced) return fail(ErrorCode::file_error, state.string() + ": cannot be synced");
  return key;
}

} // namespace setup
