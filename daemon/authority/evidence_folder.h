// What authorities stated, kept on disk so that a restart does not ask everybody at once and
// survives a responder that is away. A cache, nothing more: every read is verified again by whoever
// reads it, and a file that is lost or damaged is asked for again.
#pragma once
#include "base/clock.h"
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace authority {

// Thread-safe. Failures are logged and otherwise ignored.
class EvidenceFolder {
 public:
  // Holds at most `max_bytes`; what was written longest ago goes first. Makes the folder (mode
  // 0700) and drops what a crash left half written.
  EvidenceFolder(std::filesystem::path folder, std::uint64_t max_bytes);

  struct Kept {
    std::string bytes;
    base::Instant obtained; // when it was received from the authority
  };
  // `name`: letters, digits and '-'.
  std::optional<Kept> read(const std::string& name, std::size_t max_bytes);
  void write(const std::string& name, const std::string& bytes, base::Instant obtained);
  void remove(const std::string& name);

  std::uint64_t bytes() const;

 private:
  struct File {
    std::uint64_t size = 0;
    base::Instant obtained{};
  };
  void make_room(std::uint64_t more);

  const std::filesystem::path folder_;
  const std::uint64_t max_bytes_;
  mutable std::mutex mutex_; // guards all below
  std::map<std::string, File> files_;
  std::uint64_t bytes_ = 0;
  std::uint64_t temporary_ = 0;
};

} // namespace authority
