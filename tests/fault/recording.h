// What a workload asked of the file system, in order, with marks of what it was told in between.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace fault {

enum class CallKind : std::uint8_t {
  create, // a file of this path; `node` is its number from now on, whatever its name becomes
  write,
  truncate, // to the size in `offset`
  sync,     // of a file's content
  sync_failed,
  sync_folder,
  sync_folder_failed,
  rename, // `path` becomes `bytes`
  link,   // `path` is now also `bytes`
  remove, // a file or an empty folder
  make_folder,
  mark, // no call: `bytes` says what the workload was told, see marks.h
};

// Paths are relative to the recorded folder, which itself is ".".
struct Call {
  CallKind kind = CallKind::mark;
  std::uint32_t node = 0;
  std::uint64_t offset = 0;
  std::string path;
  std::string bytes;
};

using Calls = std::vector<Call>;

std::string encode(const Call& call);
// A record that was cut off by the end of its process is left out.
Calls load_recording(const std::filesystem::path& file);

} // namespace fault
