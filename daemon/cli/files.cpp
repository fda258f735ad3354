#include "cli/files.h"
#include "base/encoding.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cli {

using base::ErrorCode;
using base::fail;

namespace {

constexpr const char* kHalfWritten = ".incoming-";
constexpr const char* kLock = ".osci-lock";
// Content is personal data: for the owner and the group, never for everybody.
constexpr mode_t kFolderMode = 0750;
constexpr mode_t kFileMode = 0640;

base::Error system_error(const std::string& path, const char* what) {
  return fail(ErrorCode::file_error, path + ": " + what + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  int release() {
    const int out = number_;
    number_ = -1;
    return out;
  }

 private:
  int number_;
};

base::Result<> sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0)
    return system_error(path, "cannot be made durable");
  return {};
}

base::Result<> write_durably(const std::string& path, std::string_view bytes) {
  Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (file.get() < 0) return system_error(path, "cannot be created");
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_error(path, "cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return system_error(path, "cannot be made durable");
  if (::close(file.release()) != 0) return system_error(path, "cannot be closed");
  return {};
}

base::Result<> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), kFolderMode) == 0) {
    const auto parent = std::filesystem::path(path).lexically_normal().parent_path();
    return sync_folder(parent.empty() ? "." : parent.string());
  }
  struct stat found {};
  if (errno == EEXIST && ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return {};
  return system_error(path, "cannot be created as a folder");
}

bool same_files(const std::string& folder, const std::vector<NewFile>& files,
                const std::vector<std::string>& compare) {
  return std::all_of(files.begin(), files.end(), [&](const NewFile& file) {
    if (std::find(compare.begin(), compare.end(), file.name) == compare.end()) return true;
    const auto there = read_file(folder + "/" + file.name, file.bytes.size());
    return there && *there == file.bytes;
  });
}

} // namespace

base::Result<std::string> read_file(const std::string& path, std::uint64_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat found {};
  if (file.get() < 0 || ::fstat(file.get(), &found) != 0)
    return system_error(path, "cannot be read");
  if (S_ISDIR(found.st_mode)) return fail(ErrorCode::file_error, path + ": is a folder");
  std::string out;
  // Not by the size alone: a pipe has none, and a file may grow.
  std::string block(256 * 1024, '\0');
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "cannot be read");
    if (got == 0) return out;
    out.append(block, 0, static_cast<std::size_t>(got));
    if (out.size() > limit)
      return fail(ErrorCode::file_error,
                  path + ": larger than " + std::to_string(limit) + " bytes");
  }
}

base::Result<Shelf> Shelf::open(const std::string& path, base::RandomSource& random) {
  if (const auto made = make_folder(path); !made) return made.error();
  Descriptor lock(
      ::open((path + "/" + kLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (lock.get() < 0) return system_error(path, "cannot be written to");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::file_error,
                path +
                    ": another osci fetch is using this folder; wait for it or use another --out");
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored))
    if (entry.path().filename().string().starts_with(kHalfWritten))
      std::filesystem::remove_all(entry.path(), ignored);
  return Shelf(path, lock.release(), random);
}

Shelf::Shelf(Shelf&& other) noexcept
    : path_(std::move(other.path_)), lock_(other.lock_), random_(other.random_) {
  other.lock_ = -1;
}

Shelf::~Shelf() {
  if (lock_ >= 0) ::close(lock_);
}

base::Result<Shelf> Shelf::below(const std::string& name) const {
  const std::string path = path_ + "/" + name;
  if (const auto made = make_folder(path); !made) return made.error();
  return Shelf(path, -1, *random_);
}

base::Result<Kept> Shelf::keep(const std::string& name, const std::vector<NewFile>& files,
                               const std::vector<std::string>& compare) const {
  const std::string temporary = path_ + "/" + kHalfWritten + base::hex_encode(random_->bytes(8));
  const std::string target = path_ + "/" + name;
  if (::mkdir(temporary.c_str(), kFolderMode) != 0)
    return system_error(temporary, "cannot be created");
  const auto give_up = [&temporary](base::Error error) {
    std::error_code ignored;
    std::filesystem::remove_all(temporary, ignored);
    return error;
  };
  for (const auto& file : files)
    if (const auto done = write_durably(temporary + "/" + file.name, file.bytes); !done)
      return give_up(done.error());
  if (const auto done = sync_folder(temporary); !done) return give_up(done.error());
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno != EEXIST) return give_up(system_error(target, "cannot be created"));
    if (!same_files(target, files, compare))
      return give_up(fail(ErrorCode::file_error,
                          target + ": exists with other content; move it away and fetch again"));
    // The earlier run may have died before its last sync.
    if (const auto done = sync_folder(path_); !done) return give_up(done.error());
    give_up({});
    return Kept::already_there;
  }
  if (const auto done = sync_folder(path_); !done) return done.error();
  return Kept::written;
}

} // namespace cli
