// Files that survive a power cut, step by step. Private to cli/. Error of all: file_error with path
// and reason.
#pragma once
#include "base/octets.h"
#include "base/result.h"
#include <string>
#include <string_view>
#include <sys/types.h>

namespace cli {

// Content is personal data: for the owner and the group, never for everybody.
inline constexpr mode_t kFolderMode = 0750;
inline constexpr mode_t kFileMode = 0640;
// What is under way is nobody's but the owner's.
inline constexpr mode_t kPrivateFolder = 0700;

base::Error system_error(const std::string& path, const char* what);

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return number_; }
  int release();

 private:
  int number_;
};

base::Result<> sync_folder(const std::string& path);
// Creates it, durably, unless it is there; its parent must be.
base::Result<> make_folder(const std::string& path, mode_t mode = kFolderMode);
base::Result<> write_all(int descriptor, const std::string& path, std::string_view bytes);
// A new file; synced, its folder is not.
base::Result<> write_durably(const std::string& path, std::string_view bytes);
base::Result<> write_durably(const std::string& path, const base::OctetRange& octets);
// Puts a file in the place of another: old or new, never half.
base::Result<> replace_durably(const std::string& folder, const std::string& name,
                               std::string_view bytes);

// Removes a folder and the regular files in it, which must all be `ours` by name: if anything else
// is in it, or it is no folder but a link to one, nothing is removed. One that is not there counts
// as removed.
base::Result<> remove_folder(const std::string& path, bool (*ours)(std::string_view name));

// A regular file. What is read after it was changed or cut is an error or the new octets.
class FileOctets : public base::Octets {
 public:
  static base::Result<std::shared_ptr<const FileOctets>> open(const std::string& path);
  FileOctets(std::string path, Descriptor file, std::uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  base::Result<> read(std::uint64_t offset, char* out, std::size_t size) const override;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  Descriptor file_;
  std::uint64_t size_;
};

} // namespace cli
