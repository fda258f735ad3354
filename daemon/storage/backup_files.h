// Files of a backup: copied, hashed and synced on the way. Private to storage/.
#pragma once
#include "storage/backup.h"
#include "storage/files.h"
#include <map>

namespace storage {

constexpr const char* kManifestName = "MANIFEST";
constexpr const char* kHeadName = "journal-head";
constexpr const char* kKeyName = "message-id.key"; // setup::message_id_key

// Only what backup() writes; nothing leads out of the folder.
bool is_backup_path(std::string_view path);

using Hashes = std::map<std::string, std::string>; // path -> SHA-256, lower-case hex

class BackupFolder {
 public:
  // Makes the folder. Error: file_error (it holds something already).
  static base::Result<BackupFolder> make(const std::filesystem::path& path, bool may_exist);

  struct Copied {
    std::string sha256; // hex
    std::uint64_t size = 0;
  };
  // A new file, 0600, synced. not_found: the source is not there or unreadable.
  base::Result<Copied> copy(const std::filesystem::path& source, const std::string& path,
                            const std::function<void(std::uint64_t)>& pace);
  base::Result<> write(const std::string& path, std::string_view bytes);
  base::Result<> remove(const std::string& path);
  // Folders too.
  base::Result<> sync() const;
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  explicit BackupFolder(std::filesystem::path path) : path_(std::move(path)) {}
  base::Result<File> create(const std::string& path) const;
  std::filesystem::path path_;
};

base::Result<BackupFolder::Copied> hash_file(const std::filesystem::path& path);
base::Result<> sync_file_at(const std::filesystem::path& path);

std::string to_manifest(const Hashes& files);
// Error: invalid_content, with the line.
base::Result<Hashes> read_manifest(const std::filesystem::path& path);

} // namespace storage
