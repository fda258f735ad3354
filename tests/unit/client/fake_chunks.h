// Chunked transfers for the fake intermediary (wire reference 11), with every way to go wrong.
#pragma once
#include "fake_intermediary.h"
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace test {

class FakeChunks {
 public:
  explicit FakeChunks(FakeIntermediary& intermediary); // borrowed; announces chunks from now on

  // --- what happens next ---
  std::map<std::uint32_t, std::string> refuse; // number -> code, once; 0: InfoOnly
  int processing = 0; // so many answers say `processing_code` before there is a result
  std::string processing_code = "3952";
  std::string result;                          // instead of that of the delivery
  bool forgetful = false;                      // says that it keeps chunks and does not
  std::function<void(std::uint32_t)> on_chunk; // after a chunk was stored or handed out

  // --- what it has seen ---
  struct Transfer {
    std::map<std::uint32_t, std::string> chunks;
    std::uint32_t total = 0;
    std::uint64_t size = 0, total_size = 0;
    std::vector<osci::FeedbackEntry> inside;
    std::optional<mailbox::ProcessCard> card;
  };
  std::map<std::string, Transfer> transfers; // by message id without suffix
  std::vector<std::uint32_t> sent;           // numbers, in order; 0: InfoOnly
  std::vector<std::uint32_t> fetched;        // numbers, in order
  std::vector<std::vector<std::uint32_t>> said_received;
  std::map<std::string, std::string> frozen; // answers by message id

  // Another answer of the same size from now on, as a peer that forgot the first would make.
  void freeze_anew(const std::string& message_id);

 private:
  bool serve(const osci::Request& request, osci::Answer& out);
  void store(const osci::Request& request, osci::Answer& out);
  void execute(Transfer& transfer);
  void fetch(const osci::Request& request, osci::Answer& out);

  FakeIntermediary& intermediary_;
  base::SystemRandom random_;
  std::map<std::string, std::set<std::uint32_t>> handed_out_;
};

// What makes many exchanges cheap: small keys, and clear messages unless `encrypted`.
void make_cheap(FakeIntermediary& intermediary, client::Options& options, bool encrypted);
client::Intermediary cheaply_pinned();
inline constexpr const char* kCheapParty = "bench2048";

} // namespace test
