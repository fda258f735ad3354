// Sends a delivery in chunks (wire reference 11): what the intermediary has already is not sent
// again, a lost dialog is replaced by a new one, and the end is known only when the feedback about
// the whole is there. One thread.
#pragma once
#include "client/session.h"
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace client {

// What is under way. The same in every run: the intermediary holds later chunks against the first.
struct OutgoingTransfer {
  std::string message_id; // of the delivery, without suffix
  crypto::Certificate addressee;
  std::uint64_t size = 0;      // octets of the message
  std::uint64_t chunk_kib = 0; // of every chunk but the last

  std::uint32_t chunks() const;
  std::uint64_t total_kib() const { return size / 1024 + (size % 1024 != 0); }
};

// Chunk size to use: `wished` KiB (0: no wish) within what is announced and kMaxChunkKib. Error:
// invalid_request when no size fits into these limits or needs more than kMaxChunks.
inline constexpr std::uint32_t kMaxChunks = 10'000;
// 64 MiB: a chunk is held in memory several times.
inline constexpr std::uint64_t kMaxChunkKib = 64 * 1024;
base::Result<std::uint64_t> chunk_kib_for(std::uint64_t size, std::uint64_t wished,
                                          const osci::Features& features);

struct ChunkedStoreOptions {
  // How long the intermediary may work on the whole before it is asked no more.
  base::Milliseconds processing{600'000};
};

class ChunkedStore {
 public:
  // Borrowed: session. `message`: what Session::write_delivery() wrote.
  ChunkedStore(Session& session, OutgoingTransfer transfer, base::OctetRange message,
               ChunkedStoreOptions options = {});

  // Hears how many chunks have arrived. `stop` is asked between requests.
  std::function<void(std::uint32_t received, std::uint32_t total)> on_progress;
  std::function<bool()> stop;

  // `begun`: an earlier run may have sent something; then the intermediary is asked first. The
  // receipt is that of the whole delivery; without feedback when the intermediary has forgotten the
  // transfer, and only the process card still tells that it was accepted. Errors: peer_fault
  // (refused; `processed()` tells whether as a whole), timed_out (still being processed, or
  // stopped), those of Session.
  base::Result<Receipt> run(bool begun);
  // Whether the intermediary has judged the whole: nothing is left to be sent.
  bool processed() const { return processed_; }
  // Whether everything has arrived, but processing it takes too long.
  bool overdue() const { return overdue_; }
  // Whether the intermediary takes the message id for used or expired and has no process card of
  // it: nothing was accepted under it, and nothing will be.
  bool expired() const { return expired_; }

 private:
  using Dialog = Session::Dialog;
  base::Result<std::optional<Receipt>> step();
  base::Result<std::optional<Receipt>> take(const osci::Answer& answer,
                                            std::optional<std::uint32_t> number);
  // What became of an id that the intermediary takes for used or expired, as `feedback` says.
  base::Result<std::optional<Receipt>> look_up(const std::vector<osci::FeedbackEntry>& feedback);
  base::Result<> mark(const osci::ChunkInformation& chunk);
  std::optional<std::uint32_t> first_missing() const;

  Session& session_;
  const OutgoingTransfer transfer_;
  const base::OctetRange message_;
  const ChunkedStoreOptions options_;
  std::optional<Dialog> dialog_;
  std::vector<bool> received_; // by number - 1
  std::vector<std::uint8_t> sent_;
  std::uint32_t count_ = 0;
  bool ask_ = false;   // for the state, before anything is sent
  bool begun_ = false; // something may have arrived of which we have no answer
  bool processed_ = false;
  bool overdue_ = false;
  bool expired_ = false;
  base::Milliseconds waited_{0}, wait_{0};
};

} // namespace client
