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

  // Borrowed: session, shelf, clock, random.
  Receiver(client::Session& session, const Shelf& shelf, FetchOrder order, const base::Clock& clock,
           base::RandomSource& random)
      : session_(session), order_(std::move(order)), random_(random),
        keeper_(shelf, {order_.allow_unsigned, order_.authors}, clock) {}

  // Both hear of a delivery as soon as it is on the disk. `stop` is asked between deliveries.
  Listener on_kept;
  BadListener on_bad;
  std::function<bool()> stop;

  // May be called again: what was found bad is not fetched again by the same Receiver.
  FetchReport run();

 private:
  using Dialog = client::Session::Dialog;
  enum class Handled { kept, bad, disk_failed };

  bool in_order(); // false: a bad delivery is at the head of the mailbox
  void by_list();
  void by_ids(const std::vector<std::string>& ids);
  // One delivery by id in `dialog`, opening one if needed. False: stop everything.
  bool fetch_one(std::optional<Dialog>& dialog, const std::string& id, bool report_missing);
  Handled handle(const client::Delivery& delivery);
  base::Result<KeptDelivery> put_away(const client::Delivery& delivery);
  bool set_aside(const std::string& id, const base::Error& error, std::string_view raw,
                 bool acknowledged);
  bool ensure(std::optional<Dialog>& dialog);
  void finish(std::optional<Dialog>& dialog);
  bool stopping() const { return report_.stopped || (stop && stop()); }

  client::Session& session_;
  const FetchOrder order_;
  base::RandomSource& random_;
  const Keeper keeper_;
  std::set<std::string> known_bad_;
  FetchReport report_;
};

} // namespace cli
