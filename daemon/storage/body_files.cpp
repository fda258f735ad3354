#include "storage/body_files.h"
#include "base/crash_point.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/seeded_fault.h"
#include "crypto/digest.h"
#include "storage/files.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace storage {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::string_view kTemporary = ".tmp";
constexpr std::size_t kNameOctets = 16;

bool is_hex(std::string_view text) {
  return text.find_first_not_of(kDigits) == std::string_view::npos;
}

bool is_body_name(std::string_view name) {
  return name.size() == 2 * kNameOctets && is_hex(name);
}

} // namespace

FileCalls FileCalls::system() {
  FileCalls out;
  out.write = [](int file, const char* bytes, std::size_t size) {
    return ::write(file, bytes, size);
  };
  out.sync = [](int file) { return ::fsync(file); };
  out.free_bytes = [](const fs::path& folder) -> base::Result<std::uint64_t> {
    struct statvfs space {};
    if (::statvfs(folder.c_str(), &space) != 0)
      return fail(ErrorCode::storage_failure, reason("free space cannot be read", errno));
    return static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  };
  return out;
}

base::Result<> sync_folder(const fs::path& folder, const FileCalls& calls) {
  if (base::seeded_fault("unsynced-names")) return {};
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || calls.sync(file.number()) != 0)
    return fail(ErrorCode::file_error, reason(folder.string() + " cannot be synced", errno));
  return {};
}

BodyFiles::BodyFiles(fs::path folder, FileCalls calls, SyncFailure& sync_failure)
    : folder_(std::move(folder)), calls_(std::move(calls)), sync_failure_(sync_failure) {}

base::Result<> BodyFiles::prepare() {
  const auto make = [](const fs::path& path) -> base::Result<> {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
      return fail(ErrorCode::file_error, reason(path.string() + " cannot be made", errno));
    return {};
  };
  if (auto made = make(folder_); !made) return made;
  // All of them now: one made by a first write would need a sync of its parent within that write.
  for (const char digit : kDigits)
    if (auto made = make(folder_ / std::string(1, digit)); !made) return made;
  if (auto synced = sync_folder(folder_, calls_); !synced) return synced;
  return sync_folder(folder_.parent_path(), calls_);
}

base::Result<std::uint64_t>
BodyFiles::sweep(const std::function<bool(const std::string& name)>& has_row) {
  std::uint64_t removed = 0;
  try {
    for (const auto& folder : fs::directory_iterator(folder_)) {
      if (!folder.is_directory()) continue;
      const auto prefix = folder.path().filename().string();
      for (const auto& entry : fs::directory_iterator(folder.path())) {
        const auto name = entry.path().filename().string();
        const bool temporary =
            name.ends_with(kTemporary) &&
            is_body_name(std::string_view(name).substr(0, name.size() - kTemporary.size()));
        // A file that this program cannot have made is somebody's; it is not ours to remove.
        if (!temporary && !is_body_name(name)) {
          base::log(base::LogLevel::warning, "storage.unknown_file",
                    "unknown file among the bodies", {{"file", entry.path().string()}});
          continue;
        }
        if (!temporary && has_row(prefix + "/" + name)) continue;
        // Nothing depends on this removal: if the process dies here, the next start sweeps again.
        fs::remove(entry.path());
        ++removed;
      }
    }
  } catch (const fs::filesystem_error& error) {
    return fail(ErrorCode::file_error, error.what());
  }
  return removed;
}

// One folder for all files of a delivery, so that one sync covers their names.
BodyFiles::Pending::Pending(BodyFiles& files)
    : files_(files), folder_(base::hex_encode(files.random_.bytes(1)).substr(0, 1)) {}

BodyFiles::Pending::~Pending() {
  // After a failed sync the row may or may not be on the disk: the file must stay for the case that
  // it is.
  if (kept_ || files_.sync_failure_.happened()) return;
  for (const auto& name : names_) {
    const auto path = files_.folder_ / name;
    ::unlink(path.c_str());
    ::unlink((path.string() + std::string(kTemporary)).c_str());
  }
}

base::Result<std::string> BodyFiles::Pending::write(std::string_view bytes) {
  return create([bytes](const base::OctetSink& out) { return out(bytes); });
}

base::Result<BodyFiles::Copied> BodyFiles::Pending::copy(const base::OctetRange& range) {
  crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
  auto name = create([&](const base::OctetSink& out) {
    const auto both = [&](std::string_view piece) {
      hasher.update(piece);
      return out(piece);
    };
    return base::for_each_piece(range, both);
  });
  if (!name) return name.error();
  return Copied{std::move(*name), hasher.finish()};
}

base::Result<std::string>
BodyFiles::Pending::create(const std::function<base::Result<>(const base::OctetSink&)>& fill) {
  std::string name = folder_ + "/" + base::hex_encode(files_.random_.bytes(kNameOctets));
  const std::string path = (files_.folder_ / name).string();
  const std::string temporary = path + std::string(kTemporary);
  const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return write_error("body file cannot be made", errno);
  // Dying anywhere up to the rename leaves a temporary file, which the sweep removes by its name.
  names_.push_back(name);
  const auto out = [&](std::string_view piece) {
    return write_all(files_.calls_, file, piece, "body file cannot be written");
  };
  if (const auto filled = fill(out); !filled) return filled.error();
  if (const auto synced =
          sync_file(files_.calls_, file, files_.sync_failure_, "body file cannot be synced");
      !synced)
    return synced.error();
  base::crash_point("storage.body_file_written");
  // Content is durable. Dying before or after the rename leaves a file without a row: swept.
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return write_error("body file cannot be renamed", errno);
  base::crash_point("storage.body_file_renamed");
  return name;
}

base::Result<> BodyFiles::Pending::settle() {
  if (names_.empty()) return {};
  // Without this sync the row could survive a power cut that the file's name does not.
  if (auto synced = sync_folder(files_.folder_ / folder_, files_.calls_); !synced) {
    files_.sync_failure_.report(synced.error().detail);
    return fail(ErrorCode::storage_failure, synced.error().detail);
  }
  // Dying from here on until the commit: whole files without a row, swept; the sender has no
  // receipt.
  base::crash_point("storage.body_folder_synced");
  return {};
}

void BodyFiles::remove(const std::string& name) {
  // After a failed sync nobody knows whether its row is gone.
  if (sync_failure_.happened()) return;
  if (::unlink((folder_ / name).c_str()) != 0 && errno != ENOENT)
    base::log(base::LogLevel::warning, "storage.file_stays", "a body file could not be removed",
              {{"file", name}, {"error", std::strerror(errno)}});
}

base::Result<std::shared_ptr<const base::Octets>> BodyFiles::open(const std::string& name,
                                                                  std::uint64_t size) const {
  return open_octets(folder_ / name, size, "body file");
}

} // namespace storage
