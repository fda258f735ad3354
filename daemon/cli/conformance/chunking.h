// What the cases of chunked transfer share (cases_chunks.cpp, cases_transfer.cpp).
#pragma once
#include "cli/conformance/bench.h"
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace cli::conformance {

inline constexpr std::uint64_t kKiB = 1024;

// As announced; NotOffered when nothing is.
osci::ChunkLimits chunk_limits(Bench& b);
// Small, and within the limits; KiB.
std::uint64_t chunk_kib(const osci::ChunkLimits& limits);

// A StoreDelivery in its clear inner form, cut into chunks (11.1).
struct Transfer {
  std::string id;
  std::string inner;
  std::string octets;      // of the attachment inside
  std::uint64_t chunk = 0; // KiB
  std::uint32_t total = 0;
  std::uint64_t total_size() const { return (inner.size() + kKiB - 1) / kKiB; }
  std::string piece(std::uint32_t number) const {
    return inner.substr((number - 1) * chunk * kKiB, chunk * kKiB);
  }
};

// Of `delivery` under the id of it, with an attachment that makes so many chunks of it.
Transfer transfer_of(Bench& b, osci::Request delivery, std::uint32_t chunks,
                     bool signed_inside = false);
Transfer transfer(Bench& b, std::uint32_t chunks = 3);

// Messages of a dialog.
osci::Request partial(Bench& b, const Dialog& dialog, const Transfer& t, std::uint32_t number);
osci::Request info_only(Bench& b, const Dialog& dialog, const Transfer& t);
osci::Request partial_fetch(const Dialog& dialog, const std::string& id, std::uint32_t number,
                            std::uint64_t chunk, std::vector<std::uint32_t> have);

std::set<std::uint32_t> received(const Heard& heard); // ReceivedChunks
std::string inside(const Heard& heard);               // first code of InsideFeedback, or "none"
Heard stored(Dialog& dialog, const osci::Request& request); // demands 0801
// Stores all chunks in the given order and says what the last answer was.
Heard store_all(Bench& b, Dialog& dialog, const Transfer& t, std::vector<std::uint32_t> order);

} // namespace cli::conformance
