// What the two kinds of files have in common. Private to storage/.
#pragma once
#include "base/octets.h"
#include "storage/body_files.h"
#include <utility>

namespace storage {

// Owns a file descriptor.
class File {
 public:
  explicit File(int number) : number_(number) {}
  ~File();
  File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File& operator=(File&&) = delete;
  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

std::string reason(std::string_view what, int error);
// storage_full or storage_failure.
base::Error write_error(std::string_view what, int error);
// All of it, at the file's position. `what` names the file in the error.
base::Result<> write_all(const FileCalls& calls, const File& file, std::string_view bytes,
                         std::string_view what);
// Syncs a file's content; a failure is reported, which ends the process.
base::Result<> sync_file(const FileCalls& calls, const File& file, SyncFailure& sync_failure,
                         std::string_view what);

// not_found when the error says that a file is damaged, else storage_failure: our own trouble, such
// as no file descriptor left, says nothing about the file.
base::Error read_error(std::string_view what, int error);

// An open file of known size.
class FileOctets final : public base::Octets {
 public:
  FileOctets(File file, std::uint64_t size, std::string what)
      : file_(std::move(file)), size_(size), what_(std::move(what)) {}
  std::uint64_t size() const override { return size_; }
  base::Result<> read(std::uint64_t offset, char* out, std::size_t size) const override;

 private:
  File file_;
  std::uint64_t size_;
  std::string what_;
};

// Opens an existing regular file of this size for reading. Errors as read_error().
base::Result<std::shared_ptr<const base::Octets>>
open_octets(const std::filesystem::path& path, std::uint64_t size, std::string_view what);

} // namespace storage
