// Fetches deliveries in chunks where they are too large for one answer (wire reference 11.7). What
// has arrived is kept, and an interrupted fetch goes on where it was. One thread.
#pragma once
#include "client/session.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace client {

// A delivery on its way in, as its first chunk described it.
struct IncomingTransfer {
  std::string message_id;
  std::uint64_t requested_kib = 0; // chunk size that was asked for
  std::uint64_t chunk_size = 0;    // octets of every chunk but the last
  std::uint32_t chunks = 0;
  std::uint64_t total_kib = 0; // as announced
  friend bool operator==(const IncomingTransfer&, const IncomingTransfer&) = default;
};

// Where chunks are kept until the delivery is whole: a port, its adapter writes files. Numbers
// count from 1. Errors of all: file_error.
class IncomingSpool {
 public:
  struct Known {
    IncomingTransfer transfer;
    std::vector<bool> received; // by number - 1
  };
  virtual ~IncomingSpool() = default;
  // Ids of deliveries that something is there of.
  virtual base::Result<std::vector<std::string>> pending() = 0;
  virtual base::Result<std::optional<Known>> find(const std::string& message_id) = 0;
  // Begins anew unless exactly this transfer is there already; tells what has been received of it.
  virtual base::Result<std::vector<bool>> begin(const IncomingTransfer& transfer) = 0;
  // Durable when it returns. False: another chunk of that number is there, and stays.
  virtual base::Result<bool> put(const IncomingTransfer& transfer, std::uint32_t number,
                                 std::string_view bytes) = 0;
  // All of it, when every chunk is there.
  virtual base::Result<base::OctetRange> whole(const IncomingTransfer& transfer) = 0;
  virtual base::Result<> forget(const std::string& message_id) = 0;
  // For octets decoded on the way; gone with the transfer.
  virtual seal::NewPlainFile plain_files(const std::string& message_id) = 0;
};

struct ChunkedFetchOptions {
  std::uint64_t chunk_kib = 4096;            // wished
  std::uint64_t max_total_kib = 16ULL << 20; // of one delivery: 16 GiB
};

class ChunkedFetch {
 public:
  // Borrowed: session, spool, random.
  ChunkedFetch(Session& session, IncomingSpool& spool, ChunkedFetchOptions options,
               base::RandomSource& random)
      : session_(session), spool_(spool), options_(options), random_(random) {}

  // Hears of every chunk.
  std::function<void(std::uint32_t received, std::uint32_t total, std::uint64_t total_kib)>
      on_progress;
  std::function<bool()> stop;

  // As Dialog::fetch(), and replaces the dialog when it is lost on the way. Of a delivery that came
  // in chunks, the spool keeps everything until forget(). After an error that is_unverified the
  // dialog is dropped. Further errors: file_error, timed_out (stopped).
  base::Result<std::optional<Delivery>> fetch(std::optional<Session::Dialog>& dialog,
                                              const osci::Selection& selection);

  // What could not be opened last, by id and text.
  struct Unopened {
    std::string message_id;
    base::OctetRange text;
  };
  const std::optional<Unopened>& unopened() const { return unopened_; }

 private:
  struct Progress;
  base::Result<> take(Progress& progress, const Delivery& answered);
  base::Result<> begin(Progress& progress, const osci::Answer& answer, std::uint64_t size);
  base::Result<Delivery> reassemble(const IncomingTransfer& transfer);

  Session& session_;
  IncomingSpool& spool_;
  const ChunkedFetchOptions options_;
  base::RandomSource& random_;
  std::optional<Unopened> unopened_;
};

} // namespace client
