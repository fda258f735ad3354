#include "authority/evidence_folder.h"
#include "base/log.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace authority {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 8192;
constexpr std::string_view kTemporary = "new-";

void complain(const char* what, int error) {
  base::log(base::LogLevel::warning, "revocation.cache_failed", what,
            {{"error", std::strerror(error)}});
}

base::Instant instant_of(const timespec& time) {
  return base::Instant{std::chrono::seconds{time.tv_sec}} +
         base::Milliseconds{time.tv_nsec / 1'000'000};
}

} // namespace

EvidenceFolder::EvidenceFolder(fs::path folder, std::uint64_t max_bytes)
    : folder_(std::move(folder)), max_bytes_(max_bytes) {
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) {
    complain("the folder for revocation evidence cannot be made", errno);
    return;
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (name.starts_with(kTemporary)) {
      ::unlink(entry.path().c_str());
      continue;
    }
    files_[name] = {static_cast<std::uint64_t>(status.st_size), instant_of(status.st_mtim)};
    bytes_ += static_cast<std::uint64_t>(status.st_size);
  }
  make_room(0);
}

std::optional<EvidenceFolder::Kept> EvidenceFolder::read(const std::string& name,
                                                         std::size_t max_bytes) {
  File file;
  {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(name);
    if (found == files_.end() || found->second.size > max_bytes) return std::nullopt;
    file = found->second;
  }
  std::ifstream in(folder_ / name, std::ios::binary);
  Kept out{std::string(file.size, '\0'), file.obtained};
  in.read(out.bytes.data(), static_cast<std::streamsize>(out.bytes.size()));
  // Replaced or shortened meanwhile: whatever it holds now is verified by the caller.
  if (!in.is_open() || in.bad()) return std::nullopt;
  out.bytes.resize(static_cast<std::size_t>(in.gcount()));
  return out;
}

void EvidenceFolder::write(const std::string& name, const std::string& bytes,
                           base::Instant obtained) {
  const std::lock_guard lock(mutex_);
  if (bytes.size() > max_bytes_) return;
  make_room(bytes.size());
  // Dying before the rename leaves a file that the next start removes; after it, perhaps one
  // without content, which does not verify. Nothing is synced: it can be asked for again.
  const auto temporary = folder_ / (std::string(kTemporary) + std::to_string(temporary_++));
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return complain("revocation evidence cannot be kept", errno);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(obtained);
  timespec time{};
  time.tv_sec = static_cast<time_t>(seconds.time_since_epoch().count());
  time.tv_nsec = static_cast<long>((obtained - seconds).count()) * 1'000'000;
  const timespec times[2] = {time, time};
  const bool written =
      ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      ::futimens(file, times) == 0;
  const int error = errno;
  ::close(file);
  if (!written || ::rename(temporary.c_str(), (folder_ / name).c_str()) != 0) {
    complain("revocation evidence cannot be kept", written ? errno : error);
    ::unlink(temporary.c_str());
    return;
  }
  auto& entry = files_[name];
  bytes_ += bytes.size() - entry.size;
  entry = {bytes.size(), obtained};
}

void EvidenceFolder::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(name);
  if (found == files_.end()) return;
  ::unlink((folder_ / name).c_str());
  bytes_ -= found->second.size;
  files_.erase(found);
}

std::uint64_t EvidenceFolder::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void EvidenceFolder::make_room(std::uint64_t more) {
  while (!files_.empty() && (bytes_ + more > max_bytes_ || files_.size() >= kMaxFiles)) {
    const auto oldest =
        std::min_element(files_.begin(), files_.end(), [](const auto& a, const auto& b) {
          return a.second.obtained < b.second.obtained;
        });
    ::unlink((folder_ / oldest->first).c_str());
    bytes_ -= oldest->second.size;
    files_.erase(oldest);
  }
}

} // namespace authority
