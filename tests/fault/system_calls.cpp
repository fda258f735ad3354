#include "fault/system_calls.h"
#include "fault/recording.h"
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>

namespace fault {
namespace {

struct Open {
  enum class Kind { file, folder, shared_memory } kind = Kind::file;
  std::uint32_t node = 0;
  std::string path; // of a folder
};

struct Recorder {
  std::mutex mutex; // held over a call and its record, so that both have one order
  std::string root; // with a slash at its end
  int out = -1;
  Fault fault;
  std::array<std::uint64_t, 6> counts{};
  std::map<int, Open> files;
  std::map<std::string, std::uint32_t> nodes; // by path
  std::set<std::string> folders{"."};
  std::uint32_t last_node = 0;

  void put(const Call& call) {
    const std::string record = encode(call);
    std::size_t done = 0;
    while (done < record.size()) {
      const long written = ::syscall(SYS_write, out, record.data() + done, record.size() - done);
      if (written <= 0) ::_exit(3);
      done += static_cast<std::size_t>(written);
    }
  }

  // True: this call shall meet the fault.
  bool meets(Fault::Kind kind) {
    const auto now = ++counts[static_cast<std::size_t>(kind)];
    return fault.kind == kind && now >= fault.at && now - fault.at < fault.lasting;
  }

  // Relative to the folder; nullopt: outside of it.
  std::optional<std::string> inside(int at, const char* path) const {
    std::string whole = path;
    if (whole.empty()) return std::nullopt;
    if (whole[0] != '/') {
      std::array<char, 4096> base{};
      const std::string link =
          at == AT_FDCWD ? std::string("/proc/self/cwd") : "/proc/self/fd/" + std::to_string(at);
      const long size = ::syscall(SYS_readlink, link.c_str(), base.data(), base.size());
      if (size <= 0) return std::nullopt;
      whole = std::string(base.data(), static_cast<std::size_t>(size)) + "/" + whole;
    }
    while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
    if (whole + "/" == root) return ".";
    if (!whole.starts_with(root)) return std::nullopt;
    return whole.substr(root.size());
  }
};

std::atomic<Recorder*> recorder{nullptr}; // never freed: calls come until the last moment

bool is_shared_memory(const std::string& path) {
  return path.ends_with("-shm");
}

// Sleeps before the call takes its place in the order.
void delay(Recorder& to) {
  bool slow = false;
  {
    const std::lock_guard lock(to.mutex);
    slow = to.meets(Fault::Kind::slow);
  }
  if (slow) std::this_thread::sleep_for(std::chrono::milliseconds{30});
}

int failed(int error) {
  errno = error;
  return -1;
}

int do_open(int at, const char* path, int flags, mode_t mode) {
  const auto really = [&] {
    return static_cast<int>(::syscall(SYS_openat, at, path, flags, mode));
  };
  Recorder* const to = recorder.load();
  if (!to) return really();
  const std::lock_guard lock(to->mutex);
  const auto where = to->inside(at, path);
  // A file without a name (O_TMPFILE) is gone after a crash whatever is written to it.
  if (!where || (flags & O_TMPFILE) == O_TMPFILE) return really();
  Open open;
  if (is_shared_memory(*where)) open.kind = Open::Kind::shared_memory;
  if (to->folders.contains(*where)) {
    open.kind = Open::Kind::folder;
    open.path = *where;
  }
  const bool fresh =
      (flags & O_CREAT) != 0 && open.kind == Open::Kind::file && !to->nodes.contains(*where);
  if (fresh && to->meets(Fault::Kind::disk_full)) return failed(ENOSPC);
  const int file = really();
  if (file < 0) return file;
  if (open.kind == Open::Kind::file) {
    if (fresh) {
      to->nodes[*where] = ++to->last_node;
      to->put({CallKind::create, to->last_node, 0, *where, ""});
    } else if ((flags & O_TRUNC) != 0) {
      to->put({CallKind::truncate, to->nodes[*where], 0, "", ""});
    }
    open.node = to->nodes[*where];
  }
  to->files[file] = open;
  return file;
}

// `offset` < 0: at the file's position.
ssize_t do_write(int file, const char* bytes, std::size_t size, std::int64_t offset) {
  const auto really = [&](std::size_t count) -> ssize_t {
    return offset < 0 ? ::syscall(SYS_write, file, bytes, count)
                      : ::syscall(SYS_pwrite64, file, bytes, count, offset);
  };
  Recorder* const to = recorder.load();
  if (!to) return really(size);
  {
    const std::lock_guard lock(to->mutex);
    if (!to->files.contains(file)) return really(size);
  }
  delay(*to);
  const std::lock_guard lock(to->mutex);
  const auto found = to->files.find(file);
  if (found == to->files.end()) return really(size);
  if (to->meets(Fault::Kind::disk_full)) return failed(ENOSPC);
  if (to->meets(Fault::Kind::write_error)) return failed(EIO);
  const bool half = to->meets(Fault::Kind::short_write) && size > 1;
  const std::int64_t place = offset < 0 ? ::syscall(SYS_lseek, file, 0, SEEK_CUR) : offset;
  const ssize_t written = really(half ? size / 2 : size);
  if (written > 0 && found->second.kind == Open::Kind::file)
    to->put({CallKind::write, found->second.node, static_cast<std::uint64_t>(place), "",
             std::string(bytes, static_cast<std::size_t>(written))});
  return written;
}

int do_truncate(int file, std::int64_t size) {
  const auto really = [&] { return static_cast<int>(::syscall(SYS_ftruncate, file, size)); };
  Recorder* const to = recorder.load();
  if (!to) return really();
  const std::lock_guard lock(to->mutex);
  const auto found = to->files.find(file);
  if (found == to->files.end()) return really();
  struct stat status {};
  if (::fstat(file, &status) == 0 && status.st_size < size && to->meets(Fault::Kind::disk_full))
    return failed(ENOSPC);
  const int done = really();
  if (done == 0 && found->second.kind == Open::Kind::file)
    to->put({CallKind::truncate, found->second.node, static_cast<std::uint64_t>(size), "", ""});
  return done;
}

int do_sync(int file, long number) {
  const auto really = [&] { return static_cast<int>(::syscall(number, file)); };
  Recorder* const to = recorder.load();
  if (!to) return really();
  {
    const std::lock_guard lock(to->mutex);
    const auto found = to->files.find(file);
    if (found == to->files.end() || found->second.kind == Open::Kind::shared_memory)
      return really();
  }
  delay(*to);
  const std::lock_guard lock(to->mutex);
  const Open open = to->files[file];
  const bool folder = open.kind == Open::Kind::folder;
  const bool broken = to->meets(Fault::Kind::sync_error);
  const int done = broken ? -1 : really();
  const int error = broken ? EIO : errno;
  if (done == 0)
    to->put({folder ? CallKind::sync_folder : CallKind::sync, open.node, 0, open.path, ""});
  else
    to->put({folder ? CallKind::sync_folder_failed : CallKind::sync_failed, open.node, 0, open.path,
             ""});
  errno = error;
  return done;
}

// Removes a file or a folder.
int do_remove(int at, const char* path, int flags) {
  const auto really = [&] { return static_cast<int>(::syscall(SYS_unlinkat, at, path, flags)); };
  Recorder* const to = recorder.load();
  if (!to) return really();
  const std::lock_guard lock(to->mutex);
  const auto where = to->inside(at, path);
  const int done = really();
  if (done != 0 || !where || is_shared_memory(*where)) return done;
  to->nodes.erase(*where);
  to->folders.erase(*where);
  to->put({CallKind::remove, 0, 0, *where, ""});
  return done;
}

int do_rename(int from_at, const char* from, int to_at, const char* target, bool keep) {
  const auto really = [&] {
    return static_cast<int>(keep ? ::syscall(SYS_linkat, from_at, from, to_at, target, 0)
                                 : ::syscall(SYS_renameat, from_at, from, to_at, target));
  };
  Recorder* const to = recorder.load();
  if (!to) return really();
  const std::lock_guard lock(to->mutex);
  const auto old_place = to->inside(from_at, from), new_place = to->inside(to_at, target);
  if (old_place && to->meets(Fault::Kind::disk_full)) return failed(ENOSPC);
  // Folders do not move, and nothing moves in or out: the replay could not follow.
  const bool known = old_place && new_place && to->nodes.contains(*old_place);
  if (!known && (old_place || new_place)) return failed(ENOTSUP);
  const int done = really();
  if (done != 0 || !known) return done;
  to->nodes[*new_place] = to->nodes[*old_place];
  if (!keep) to->nodes.erase(*old_place);
  to->put({keep ? CallKind::link : CallKind::rename, 0, 0, *old_place, *new_place});
  return done;
}

int do_make_folder(int at, const char* path, mode_t mode) {
  const auto really = [&] { return static_cast<int>(::syscall(SYS_mkdirat, at, path, mode)); };
  Recorder* const to = recorder.load();
  if (!to) return really();
  const std::lock_guard lock(to->mutex);
  const auto where = to->inside(at, path);
  if (where && !to->folders.contains(*where) && to->meets(Fault::Kind::disk_full))
    return failed(ENOSPC);
  const int done = really();
  if (done != 0 || !where) return done;
  to->folders.insert(*where);
  to->put({CallKind::make_folder, 0, 0, *where, ""});
  return done;
}

// The replay knows no such call; whoever needs one adds it here and there.
int unknown_call(const char* name) {
  std::fprintf(stderr, "fault: %s is not recorded\n", name);
  return failed(ENOTSUP);
}

bool recorded(int file) {
  Recorder* const to = recorder.load();
  if (!to) return false;
  const std::lock_guard lock(to->mutex);
  return to->files.contains(file);
}

} // namespace

void start_recording(const std::filesystem::path& folder, const std::filesystem::path& file,
                     const Fault& fault) {
  auto* const fresh = new Recorder;
  fresh->root = folder.string() + "/";
  fresh->fault = fault;
  fresh->out = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, file.c_str(),
                                          O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (fresh->out < 0) ::_exit(3);
  recorder = fresh;
}

void mark(std::string_view text) {
  Recorder* const to = recorder.load();
  if (!to) return;
  const std::lock_guard lock(to->mutex);
  to->put({CallKind::mark, 0, 0, "", std::string(text)});
}

std::uint64_t calls_for(Fault::Kind kind) {
  Recorder* const to = recorder.load();
  const std::lock_guard lock(to->mutex);
  return to->counts[static_cast<std::size_t>(kind)];
}

} // namespace fault

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return fault::do_open(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return fault::do_open(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return fault::do_open(at, path, flags, mode);
}

int close(int file) {
  if (auto* const to = fault::recorder.load()) {
    const std::lock_guard lock(to->mutex);
    to->files.erase(file);
    return static_cast<int>(::syscall(SYS_close, file));
  }
  return static_cast<int>(::syscall(SYS_close, file));
}

ssize_t write(int file, const void* bytes, std::size_t size) {
  return fault::do_write(file, static_cast<const char*>(bytes), size, -1);
}

ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  return fault::do_write(file, static_cast<const char*>(bytes), size, offset);
}

ssize_t pwrite64(int file, const void* bytes, std::size_t size, off64_t offset) {
  return fault::do_write(file, static_cast<const char*>(bytes), size, offset);
}

ssize_t writev(int file, const struct iovec* pieces, int count) {
  if (!fault::recorded(file)) return ::syscall(SYS_writev, file, pieces, count);
  std::string all;
  for (int i = 0; i < count; ++i)
    all.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  return fault::do_write(file, all.data(), all.size(), -1);
}

int ftruncate(int file, off_t size) noexcept {
  return fault::do_truncate(file, size);
}

int ftruncate64(int file, off64_t size) noexcept {
  return fault::do_truncate(file, size);
}

int fsync(int file) {
  return fault::do_sync(file, SYS_fsync);
}

int fdatasync(int file) {
  return fault::do_sync(file, SYS_fdatasync);
}

int unlink(const char* path) noexcept {
  return fault::do_remove(AT_FDCWD, path, 0);
}

int unlinkat(int at, const char* path, int flags) noexcept {
  return fault::do_remove(at, path, flags);
}

int rmdir(const char* path) noexcept {
  return fault::do_remove(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char* path) noexcept {
  const int done = fault::do_remove(AT_FDCWD, path, 0);
  return done != 0 && errno == EISDIR ? fault::do_remove(AT_FDCWD, path, AT_REMOVEDIR) : done;
}

int rename(const char* from, const char* to) noexcept {
  return fault::do_rename(AT_FDCWD, from, AT_FDCWD, to, false);
}

int renameat(int from_at, const char* from, int to_at, const char* to) noexcept {
  return fault::do_rename(from_at, from, to_at, to, false);
}

int link(const char* from, const char* to) noexcept {
  return fault::do_rename(AT_FDCWD, from, AT_FDCWD, to, true);
}

int mkdir(const char* path, mode_t mode) noexcept {
  return fault::do_make_folder(AT_FDCWD, path, mode);
}

int mkdirat(int at, const char* path, mode_t mode) noexcept {
  return fault::do_make_folder(at, path, mode);
}

int fallocate(int file, int mode, off_t offset, off_t size) {
  if (fault::recorded(file)) return fault::unknown_call("fallocate");
  return static_cast<int>(::syscall(SYS_fallocate, file, mode, offset, size));
}

int posix_fallocate(int file, off_t offset, off_t size) {
  if (fault::recorded(file)) return (void)fault::unknown_call("posix_fallocate"), ENOTSUP;
  return ::syscall(SYS_fallocate, file, 0, offset, size) == 0 ? 0 : errno;
}

// Promises nothing about durability, so there is nothing to record.
int sync_file_range(int file, off64_t offset, off64_t size, unsigned flags) {
  return static_cast<int>(::syscall(SYS_sync_file_range, file, offset, size, flags));
}

ssize_t sendfile(int out, int in, off_t* offset, std::size_t count) noexcept {
  if (fault::recorded(out)) return fault::unknown_call("sendfile");
  return ::syscall(SYS_sendfile, out, in, offset, count);
}

ssize_t copy_file_range(int in, off64_t* in_offset, int out, off64_t* out_offset, std::size_t count,
                        unsigned flags) {
  if (fault::recorded(out)) return fault::unknown_call("copy_file_range");
  return ::syscall(SYS_copy_file_range, in, in_offset, out, out_offset, count, flags);
}

} // extern "C"
