#include "cli/files.h"
#include "base/encoding.h"
#include "cli/durable.h"
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
constexpr std::size_t kHalfWrittenOctets = 8; // of its name, in hexadecimal digits

// A name that keep() makes, and no other hidden folder that somebody keeps there.
bool half_written(std::string_view name) {
  constexpr std::string_view prefix = kHalfWritten;
  return name.size() == prefix.size() + 2 * kHalfWrittenOctets && name.starts_with(prefix) &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string_view::npos;
}

void clear_half_written(const std::string& path) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(path, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    if (half_written(at->path().filename().string()) &&
        at->symlink_status(ignored).type() == std::filesystem::file_type::directory)
      std::filesystem::remove_all(at->path(), ignored);
  }
}

// Whether both files are there and hold the same octets.
bool same_octets(const std::string& one, const std::string& other) {
  const auto a = FileOctets::open(one), b = FileOctets::open(other);
  if (!a || !b || (*a)->size() != (*b)->size()) return false;
  std::uint64_t at = 0;
  std::string there;
  const auto compared =
      base::for_each_piece({*a, 0, (*a)->size()}, [&](std::string_view piece) -> base::Result<> {
        there.resize(piece.size());
        if (auto done = (*b)->read(at, there.data(), there.size()); !done) return done;
        at += piece.size();
        return piece == there ? base::Result<>{} : fail(ErrorCode::file_error);
      });
  return compared.has_value();
}

// The octets of a file that was written by somebody else become the shelf's.
base::Result<> move_durably(const std::string& from, const std::string& to) {
  const Descriptor file(::open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (file.get() < 0 || ::fsync(file.get()) != 0)
    return system_error(from, "cannot be made durable");
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0)
    return system_error(to, "cannot be created");
  return {};
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
  // Here and in the folders that are kept below: under the one lock, nobody is writing there.
  for (const char* name : {"", "/undeliverable", "/replies"}) clear_half_written(path + name);
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
  const std::string temporary =
      path_ + "/" + kHalfWritten + base::hex_encode(random_->bytes(kHalfWrittenOctets));
  const std::string target = path_ + "/" + name;
  if (::mkdir(temporary.c_str(), kFolderMode) != 0)
    return system_error(temporary, "cannot be created");
  const auto give_up = [&temporary](base::Error error) {
    std::error_code ignored;
    std::filesystem::remove_all(temporary, ignored);
    return error;
  };
  for (const auto& file : files) {
    const std::string path = temporary + "/" + file.name;
    const auto done = !file.move_from.empty() ? move_durably(file.move_from, path)
                      : file.octets           ? write_durably(path, file.octets)
                                              : write_durably(path, file.bytes);
    if (!done) return give_up(done.error());
  }
  if (const auto done = sync_folder(temporary); !done) return give_up(done.error());
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno != EEXIST) return give_up(system_error(target, "cannot be created"));
    const bool same = std::all_of(compare.begin(), compare.end(), [&](const auto& file) {
      return same_octets(temporary + "/" + file, target + "/" + file);
    });
    if (!same)
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
