// One request from HTTP body to answer, in seven steps (README): parse and open on the CPU pool,
// decide, let the store carry the plan out, conclude and close on the CPU pool. Knows neither HTTP
// nor SQL.
#pragma once
#include "async/keyed_lock.h"
#include "async/work_pool.h"
#include "base/clock.h"
#include "base/random.h"
#include "crypto/keys.h"
#include "crypto/trust.h"
#include "directory/directory.h"
#include "gateway/accepted_once.h"
#include "gateway/admission.h"
#include "gateway/answer_cache.h"
#include "gateway/pushes.h"
#include "gateway/refusal_times.h"
#include "gateway/rollovers.h"
#include "mailbox/message_id.h"
#include "mailbox/store.h"
#include "mailbox/transfers.h"
#include "osci/decide.h"
#include "seal/message.h"
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace authority {
class RevocationChecker;
class TimestampAuthority;
} // namespace authority

namespace gateway {

namespace asio = boost::asio;

// Everything that a reload may exchange. Immutable; a request works with the snapshot it began
// with.
struct Settings {
  std::vector<crypto::KeyPair> cipher_keys; // the first is the current one
  crypto::KeyPair signature_key;
  crypto::SignatureAlgorithm signature_algorithm = crypto::SignatureAlgorithm::rsa_sha256;
  std::shared_ptr<const directory::Directory> directory;
  std::shared_ptr<const crypto::TrustStore> trust;
  osci::Policy policy;
  seal::OpenOptions open; // old algorithms: by policy.legacy, whatever stands here
  // See RefusalTimes; the daemon's configuration does not allow 0.
  std::chrono::milliseconds refusal_step{0};
  // An ordered cryptographic stamp that cannot be had: refuse (9811) instead of a plain one (3709).
  bool refuse_plain_stamps = false;
  // Chunked transfers; what peers are told of them stands in policy.chunks.
  mailbox::SpoolQuota spool{};
  base::Milliseconds chunk_wait{30'000};          // for the processing of a reassembled message
  std::size_t inner_xml = std::size_t{128} << 20; // its XML part, which is held in memory
  std::shared_ptr<const xml::SchemaSet> schemas = nullptr; // strict mode: what requests must obey
  std::shared_ptr<const directory::Agreements> agreements = nullptr; // null: not asked about
  osci::ContentCheck check_content{}; // of content in clear; empty: no schemas of it are known
};

// Limits of what is taken in, a margin below the defaults that readers have: what is accepted must
// still be within them when our own blocks, signature and process card stand around it.
seal::OpenOptions request_limits();

struct Reply {
  unsigned status = 200;
  std::shared_ptr<const std::string> body; // an OSCI message; empty with status 503
  bool undecryptable = false;              // leaves when RefusalTimes says
  Busy busy{};                             // with status 503
  std::string refused_by{};                // with 503: why, for the log; told already: empty
};

class Chunks;

class Gateway {
 public:
  struct Parts {
    const base::Clock& clock;
    base::RandomSource& random;
    mailbox::Store& store;
    const mailbox::MessageIdIssuer& ids;
    async::WorkPool& cpu;
    async::WorkPool& db;
    PushParts push{};
    // Null: revocation is not checked; cryptographic time stamps are not to be had.
    authority::RevocationChecker* revocation = nullptr;
    authority::TimestampAuthority* timestamps = nullptr;
    // Chunked transfers, and threads for what takes seconds there; null: none are offered.
    mailbox::Transfers* transfers = nullptr;
    async::WorkPool* bulk = nullptr;
    Rollovers* rollovers = nullptr; // hears of senders that have missed one; null: only the log
    AdmissionRules admission{};
    Admission::Clock steady_now = std::chrono::steady_clock::now;
  };
  // All parts outlive the gateway and every request in it.
  Gateway(Parts parts, std::shared_ptr<const Settings> settings, std::size_t answer_cache_bytes);
  ~Gateway();

  // On the gateway's executor, as all members.
  void replace(std::shared_ptr<const Settings> settings) { settings_ = std::move(settings); }
  std::shared_ptr<const Settings> settings() const { return settings_; }

  // Always answers: with an OSCI answer, a SOAP fault (both status 200, wire reference 3.4), 413,
  // or 503 when a pool is full or the sender is over its limits. Must not be cancelled: the outcome
  // of a commit has to be learned.
  asio::awaitable<Reply> handle(std::shared_ptr<const std::string> body, std::string content_type);

  const Admission::Counts& refusals() const { return admission_.counts(); }

  // The daemon ends: pushes that wait for their turn are refused.
  void stop_pushes() { pushes_.stop(); }
  // What the authorities say about the certificates of a message: to be had before decide(). Waits
  // for at most the checker's budget. Null: nobody is asked.
  asio::awaitable<std::shared_ptr<const crypto::RevocationResults>>
  revocation_of(std::shared_ptr<const seal::Message> message,
                std::shared_ptr<const Settings> settings);
  // As far as it is known at this moment.
  bool own_cipher_revoked(const Settings& settings) const;

  // Closes dialogs idle since before `idle_before`.
  asio::awaitable<void> expire_dialogs(base::Instant idle_before, base::Instant forget_before);
  // Processes chunked transfers that were complete when the process ended. Once, at start.
  asio::awaitable<void> resume_transfers();
  // Forgets what chunked transfers have not used since then.
  asio::awaitable<void> expire_transfers(base::Instant unused_before);
  // Reassembled messages being processed: to be awaited before the end.
  std::size_t transfers_in_work() const;

 private:
  asio::awaitable<Reply> answer(std::shared_ptr<const std::string> body, std::string content_type);
  // `plan`: decided while the message was opened; null: still to be decided.
  asio::awaitable<Reply> answer_opened(std::shared_ptr<const seal::Message> message,
                                       std::shared_ptr<const Settings> settings,
                                       std::string conversation_id, std::string signed_digest,
                                       std::size_t octets, std::shared_ptr<osci::Plan> plan);
  asio::awaitable<base::Result<>> close_dialog(std::string conversation_id);
  // Fetch the tokens that a plan needs; a token that cannot be had leaves the plain stamp.
  asio::awaitable<void> stamp_creation(std::shared_ptr<osci::Plan> plan);
  asio::awaitable<void> stamp_reception(std::shared_ptr<osci::Plan> plan);
  asio::awaitable<base::Result<osci::StoreOutcome>>
  carry_out(std::shared_ptr<osci::Plan> plan, std::shared_ptr<const Settings> settings);
  // Takes the dialog's turn alone.
  asio::awaitable<base::Result<osci::StoreOutcome>>
  after_failure(std::shared_ptr<osci::Plan> plan, base::Result<osci::StoreOutcome> outcome);

  Parts parts_;
  std::shared_ptr<const Settings> settings_;
  Admission admission_;
  Pushes pushes_;
  async::KeyedLock dialogs_;
  AnswerCache answers_;
  RefusalTimes refusal_times_;
  // Apart, because anybody can sign messages with certificates of his own making, and could
  // displace what known clients sent.
  AcceptedOnce of_known_clients_;
  AcceptedOnce of_anybody_;
  std::unique_ptr<Chunks> chunks_; // null: chunked transfer is not offered
};

} // namespace gateway
