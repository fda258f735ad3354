// Fetching: from the mailbox into a folder, so that nothing is acknowledged before it is on the
// disk, and nothing undeliverable stands in the way of what follows it.
//
// Any request of a dialog acknowledges the delivery fetched before it (wire reference 8.6). So a
// delivery is written durably first, and then the next request may leave. One that cannot be
// decrypted or verified must not be acknowledged: its dialog is dropped without another word (7.4).
// But "the oldest unreceived" would be the same one again; from then on deliveries are fetched by
// id, as the list of unreceived process cards names them, each bad one in a dialog that is dropped.
#pragma once
#include "cli/keep.h"
#include "client/chunked_fetch.h"
#include "client/session.h"
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cli {

struct FetchOrder {
  std::vector<std::string> ids; // empty: all that has not been received
  bool skip_bad = false;        // acknowledge what cannot be opened, after keeping it raw
  bool allow_unsigned = false;  // take content that no author signed
  const crypto::TrustStore* authors = nullptr; // who may sign content; null: anyone
};

// Fetching in chunks, where the intermediary announces it. Borrowed.
struct ChunkedReception {
  client::ChunkedFetch& fetch;
  client::IncomingSpool& spool;
};

struct FetchReport {
  std::vector<KeptDelivery> kept;
  std::vector<BadDelivery> bad;
  std::vector<std::string> not_found;
  std::optional<base::Error> stopped; // why it ended early
};

class Receiver {
 public:
  using Listener = std::function<void(const KeptDelivery&)>;
  using BadListener = std::function<void(const BadDelivery&)>;

  // Borrowed: session, shelf, clock, random. Without `chunked` each delivery comes in one answer.
  Receiver(client::Session& session, const Shelf& shelf, FetchOrder order, const base::Clock& clock,
           base::RandomSource& random, std::optional<ChunkedReception> chunked = {})
      : session_(session), order_(std::move(order)), random_(random),
        keeper_(shelf, {order_.allow_unsigned, order_.authors}, clock), chunked_(chunked) {}

  // Both hear of a delivery as soon as it is on the disk. `stop` is asked between deliveries.
  Listener on_kept;
  BadListener on_bad;
  std::function<bool()> stop;

  // May be called again: what was found bad is not fetched again by the same Receiver.
  FetchReport run();

 private:
  using Dialog = client::Session::Dialog;
  enum class Handled { kept, bad, disk_failed };

  base::Result<std::optional<client::Delivery>> ask(std::optional<Dialog>& dialog,
                                                    const osci::Selection& selection);
  // What is partly there of a delivery that came in one piece, or that somebody else has received.
  base::Result<> forget_partial(const osci::Selection& selection,
                                const std::optional<client::Delivery>& delivery);
  bool resume();   // what was interrupted; false: stop everything
  bool in_order(); // false: a bad delivery is at the head of the mailbox
  void by_list();
  void by_ids(const std::vector<std::string>& ids);
  // One delivery by id in `dialog`, opening one if needed. False: stop everything.
  bool fetch_one(std::optional<Dialog>& dialog, const std::string& id, bool report_missing);
  Handled handle(const client::Delivery& delivery);
  base::Result<KeptDelivery> put_away(const client::Delivery& delivery);
  // `raw`: as of Keeper::set_aside.
  template <class Octets>
  bool set_aside(const std::string& id, const base::Error& error, const Octets& raw,
                 bool acknowledged);
  bool set_aside_answer(const std::string& id, const base::Error& error);
  // What was kept of deliveries that came in chunks is needed until they are acknowledged.
  void forget_settled();
  bool ensure(std::optional<Dialog>& dialog);
  void finish(std::optional<Dialog>& dialog);
  bool stopping() const { return report_.stopped || (stop && stop()); }

  client::Session& session_;
  const FetchOrder order_;
  base::RandomSource& random_;
  const Keeper keeper_;
  std::optional<ChunkedReception> chunked_;
  bool chunks_refused_ = false;
  std::vector<std::string> settled_;
  std::set<std::string> known_bad_;
  FetchReport report_;
};

} // namespace cli
