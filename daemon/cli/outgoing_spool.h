// Deliveries on their way out in chunks: sealed once, kept until the intermediary has judged the
// whole, so that an interrupted transfer goes on with the very same octets. One folder for each,
// with the message and what is needed to go on; its content is sealed for the reader.
#pragma once
#include "base/octets.h"
#include "base/result.h"
#include "cli/durable.h"
#include "client/chunked_store.h"
#include "crypto/digest.h"
#include <functional>
#include <string>
#include <vector>

namespace cli {

// Who sends where: chunks of a transfer count as one only for the same party.
struct OutgoingParties {
  std::string url;
  std::string own_cipher;          // fingerprint
  std::string intermediary_cipher; // fingerprint
};

// One delivery, locked while it is in use. Errors: file_error.
class OutgoingDelivery {
 public:
  // For Session::write_delivery(); appends to the message.
  base::OctetSink sink();
  std::uint64_t written() const { return written_; }
  // The message is complete. Durable when it returns: from here on it can be resumed.
  base::Result<> keep(const client::OutgoingTransfer& transfer, const OutgoingParties& parties);
  // Of one that was taken up again, only if it still is what was sealed, octet by octet: another
  // message under the same id would be accepted too.
  base::Result<base::OctetRange> message() const;
  const client::OutgoingTransfer& transfer() const { return *transfer_; }
  const OutgoingParties& parties() const { return parties_; }
  const std::string& folder() const { return folder_; }
  // Nothing of it is needed any more.
  base::Result<> remove();

 private:
  friend class OutgoingSpool;
  // Its folder, locked.
  static base::Result<OutgoingDelivery> hold(const std::string& spool,
                                             const std::string& message_id);
  std::string folder_;
  Descriptor lock_, file_;
  std::uint64_t written_ = 0;
  crypto::Hasher hasher_{crypto::DigestAlgorithm::sha256}; // of what is written
  std::string sha256_; // to be compared with; empty: just written
  std::optional<client::OutgoingTransfer> transfer_;
  OutgoingParties parties_;
};

class OutgoingSpool {
 public:
  // ${XDG_STATE_HOME:-~/.local/state}/osci/outgoing. Error: invalid_config (neither is set).
  static base::Result<std::string> usual_folder();
  // Creates the folder, with parents, for nobody but the owner, marks it as a spool, and clears
  // away what runs that died left half written. A folder that holds anything and has no such mark
  // is refused, and nothing but what a spool makes is ever removed.
  static base::Result<OutgoingSpool> open(const std::string& folder);
  base::Result<OutgoingDelivery> create(const std::string& message_id) const;
  // Ids of deliveries that can be resumed, oldest first. `damaged` hears of each whose state cannot
  // be read; it does not stand in the way of the others.
  base::Result<std::vector<std::string>>
  ids(const std::function<void(const base::Error&)>& damaged) const;
  // Errors: not_found; file_error (also: another process is at it).
  base::Result<OutgoingDelivery> take(const std::string& message_id) const;
  // Removes it, also when its state is damaged. Errors as of take().
  base::Result<> discard(const std::string& message_id) const;

 private:
  explicit OutgoingSpool(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

} // namespace cli
