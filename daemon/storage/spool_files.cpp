#include "storage/spool_files.h"
#include "base/crash_point.h"
#include "base/encoding.h"
#include "base/log.h"
#include "storage/files.h"
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace storage {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

constexpr std::size_t kNameOctets = 16;
constexpr const char* kWriting = "spool file cannot be written";

bool is_spool_name(std::string_view name) {
  return name.size() == 2 * kNameOctets &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

} // namespace

SpoolFiles::SpoolFiles(fs::path folder, FileCalls calls, SyncFailure& sync_failure)
    : folder_(std::move(folder)), calls_(std::move(calls)), sync_failure_(sync_failure) {}

base::Result<> SpoolFiles::prepare() {
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(ErrorCode::file_error, reason(folder_.string() + " cannot be made", errno));
  if (auto synced = sync_folder(folder_, calls_); !synced) return synced;
  return sync_folder(folder_.parent_path(), calls_);
}

base::Result<std::uint64_t>
SpoolFiles::sweep(const std::function<bool(const std::string& name)>& has_row) {
  std::uint64_t removed = 0;
  try {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const auto name = entry.path().filename().string();
      if (!is_spool_name(name)) {
        base::log(base::LogLevel::warning, "storage.unknown_file", "unknown file in the spool",
                  {{"file", entry.path().string()}});
        continue;
      }
      if (has_row(name)) continue;
      // If the process dies here, the next start sweeps again.
      fs::remove(entry.path());
      ++removed;
    }
  } catch (const fs::filesystem_error& error) {
    return fail(ErrorCode::file_error, error.what());
  }
  return removed;
}

base::Result<std::string> SpoolFiles::create() {
  std::string name = base::hex_encode(random_.bytes(kNameOctets));
  const File file(::open((folder_ / name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return write_error("spool file cannot be made", errno);
  // Dying from here on until the row: a file without a row, swept.
  if (auto synced = sync_folder(folder_, calls_); !synced) {
    sync_failure_.report(synced.error().detail);
    return fail(ErrorCode::storage_failure, synced.error().detail);
  }
  base::crash_point("storage.spool_created");
  return name;
}

base::Result<> SpoolFiles::write(const std::string& name, std::uint64_t offset,
                                 std::string_view bytes) {
  const File file(::open((folder_ / name).c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file || ::lseek(file.number(), static_cast<off_t>(offset), SEEK_SET) < 0)
    return write_error("spool file cannot be opened", errno);
  if (auto written = write_all(calls_, file, bytes, kWriting); !written) return written;
  if (auto synced = sync_file(calls_, file, sync_failure_, "spool file cannot be synced"); !synced)
    return synced;
  // Dying here: the octets lie in their place, but no row says so; the sender repeats the chunk.
  base::crash_point("storage.chunk_written");
  return {};
}

base::Result<std::shared_ptr<const base::Octets>> SpoolFiles::open(const std::string& name,
                                                                   std::uint64_t size) const {
  return open_octets(folder_ / name, size, "spool file");
}

void SpoolFiles::remove(const std::string& name) {
  base::crash_point("storage.spool_before_remove");
  ::unlink((folder_ / name).c_str());
}

class SpoolFiles::SequentialFile final : public Sequential {
 public:
  SequentialFile(SpoolFiles& files, std::string name, File file)
      : Sequential(std::move(name)), files_(files), file_(std::move(file)) {}
  ~SequentialFile() override {
    // After a failed sync the row may be on the disk: then the file must be there too.
    if (!kept() && !files_.sync_failure_.happened()) ::unlink((files_.folder_ / name()).c_str());
  }
  SequentialFile(const SequentialFile&) = delete;
  SequentialFile& operator=(const SequentialFile&) = delete;

 private:
  base::Result<> put(std::string_view bytes) override {
    return write_all(files_.calls_, file_, bytes, kWriting);
  }
  base::Result<> finish() override {
    return sync_file(files_.calls_, file_, files_.sync_failure_, "spool file cannot be synced");
  }

  SpoolFiles& files_;
  File file_;
};

base::Result<std::unique_ptr<Spool::Sequential>> SpoolFiles::sequential() {
  auto name = create();
  if (!name) return name.error();
  File file(::open((folder_ / *name).c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) {
    const auto error = write_error("spool file cannot be opened", errno);
    remove(*name);
    return error;
  }
  return std::unique_ptr<Sequential>(
      std::make_unique<SequentialFile>(*this, std::move(*name), std::move(file)));
}

base::Result<base::OctetRange> SpoolFiles::decode(const base::OctetRange& text) const {
  File file(::open(folder_.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (!file) return write_error("spool file cannot be made", errno);
  base::Base64Decoder decoder;
  std::uint64_t size = 0;
  const auto put = [&](const base::Result<std::string>& octets) -> base::Result<> {
    if (!octets) return octets.error();
    size += octets->size();
    return write_all(calls_, file, *octets, kWriting);
  };
  auto done =
      base::for_each_piece(text, [&](std::string_view piece) { return put(decoder.feed(piece)); });
  if (done) done = put(decoder.finish());
  if (!done) return done.error();
  return base::OctetRange{std::make_shared<FileOctets>(std::move(file), size, "spool file"), 0,
                          size};
}

} // namespace storage
