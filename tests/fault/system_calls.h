// Records the system calls of this process on one folder, SQLite's and our own, and can make one of
// them fail. The program's own open(2), write(2), fsync(2) and so on stand before those of the C
// library, for every library in it; so a program that links system_calls.cpp is the whole
// machinery, and it works the same under the sanitizers.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace fault {

struct Fault {
  enum class Kind {
    none,
    disk_full,   // ENOSPC where space is taken: open of a new file, mkdir, write, growth
    write_error, // EIO of a write
    sync_error,  // EIO of fsync or fdatasync; a later one would succeed
    short_write, // half of it is written
    slow,        // the call takes 30 ms longer
  };
  Kind kind = Kind::none;
  std::uint64_t at = 0;      // counted from 1, among the calls that the kind is about
  std::uint64_t lasting = 1; // so many calls from there on
};

// Everything below `folder` from now on, but for SQLite's shared memory (-shm), which holds nothing
// that is not rebuilt; its calls can fail all the same. `folder` is absolute and empty.
void start_recording(const std::filesystem::path& folder, const std::filesystem::path& file,
                     const Fault& fault);
void mark(std::string_view text);
// Calls so far that a fault of this kind could have met.
std::uint64_t calls_for(Fault::Kind kind);

} // namespace fault
