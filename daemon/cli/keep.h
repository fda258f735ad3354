// Putting deliveries away, however they came: fetched, pushed, or as the reply to a request. Names
// from messages are made safe, authors are checked, and all of a delivery is on the disk before
// anybody hears that it has arrived.
#pragma once
#include "base/clock.h"
#include "cli/files.h"
#include "crypto/trust.h"
#include "mailbox/process_card.h"
#include "seal/content.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

struct KeptFile {
  std::string name;
  std::string original_name; // as in the message: untrusted
  bool attachment = false;
  std::uint64_t size = 0;
  std::string sha256;
};

struct KeptDelivery {
  std::string message_id;
  std::string folder; // where it is now
  bool already_there = false;
  std::optional<std::string> subject;
  base::Instant creation{};
  std::vector<KeptFile> files;
  std::vector<crypto::Certificate> authors; // each signed at least one file
  bool is_signed = false;                   // every file is
  std::string duplicate_of; // folder on the shelf that has the same message already; empty: none
  std::size_t foreign_containers = 0;
  std::vector<std::string> unclaimed_attachments;
};

struct BadDelivery {
  std::string message_id;
  std::string folder; // raw message and report
  base::Error error;
  bool acknowledged = false;
};

// What content must be to be kept.
struct ContentPolicy {
  bool allow_unsigned = false;                 // take content that no author signed
  const crypto::TrustStore* authors = nullptr; // who may sign content; null: anyone
};

// How a delivery is called.
struct Label {
  std::string message_id;                     // empty: it came without protocol
  std::string folder;                         // below the shelf
  const mailbox::ProcessCard* card = nullptr; // null: none
  std::string metadata{};                     // MessageMetaData as it came; empty: none
};
Label label_of(const mailbox::ProcessCard& card);
// A delivery without id is called by the digest of its message, so that the identical message finds
// its folder again.
Label label_of_unnumbered(std::string_view message_digest);

// Thread-safe as far as no two threads keep the same folder. Borrowed: shelf, the trust store,
// clock.
class Keeper {
 public:
  Keeper(const Shelf& shelf, ContentPolicy policy, const base::Clock& clock)
      : shelf_(shelf), policy_(policy), clock_(clock) {}

  // Errors: signature_missing, signer_certificate_wrong (the policy); file_error.
  base::Result<KeptDelivery> keep(const seal::OpenedContent& content, const Label& label) const;
  // Keeps `raw`, which cannot be opened, with a report in undeliverable/. Error: file_error.
  base::Result<BadDelivery> set_aside(const Label& label, const base::Error& error,
                                      std::string_view raw, bool acknowledged) const;
  // The same of octets that need not fit into memory.
  base::Result<BadDelivery> set_aside(const Label& label, const base::Error& error,
                                      const base::OctetRange& raw, bool acknowledged) const;

 private:
  base::Result<> check(const seal::OpenedContent& content) const;
  base::Result<> find_duplicate(const seal::OpenedContent& content, const Label& label,
                                KeptDelivery& out) const;
  base::Result<BadDelivery> set_aside(const Label& label, const base::Error& error, NewFile raw,
                                      bool acknowledged) const;

  const Shelf& shelf_;
  const ContentPolicy policy_;
  const base::Clock& clock_;
};

// An answer or content that must not be believed, as opposed to a broken connection or a refusal.
bool is_unverified(base::ErrorCode code);

} // namespace cli
