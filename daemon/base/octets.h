// Octets that need not fit into memory: read at a place, in pieces.
#pragma once
#include "base/result.h"
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace base {

// Does not change while it is read. Thread-safe.
class Octets {
 public:
  virtual ~Octets() = default;
  virtual std::uint64_t size() const = 0;
  // Exactly `size` octets from `offset` on. Errors: those of the source, e.g. storage_failure.
  virtual Result<> read(std::uint64_t offset, char* out, std::size_t size) const = 0;
};

class MemoryOctets final : public Octets {
 public:
  explicit MemoryOctets(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<> read(std::uint64_t offset, char* out, std::size_t size) const override;

 private:
  std::string bytes_;
};

// A part of it; shares ownership of the source.
struct OctetRange {
  std::shared_ptr<const Octets> source; // null: the octets are elsewhere
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  explicit operator bool() const { return source != nullptr; }
};

// Takes the octets piece by piece; the piece is borrowed for the call. An error ends the passage.
using OctetSink = std::function<Result<>(std::string_view piece)>;

// One passage through a buffer of fixed size. Errors: of the source or of the sink.
Result<> for_each_piece(const OctetRange& range, const OctetSink& sink);
// The whole range in memory: only where the caller has bounded its size.
Result<std::string> read_range(const OctetRange& range);

} // namespace base
