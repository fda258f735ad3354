// The whole intermediary without HTTP: gateway, real SQLite store in a folder of its own, directory
// with two municipalities, trust in the test CA, a clock that stands still.
#pragma once
#include "async/work_pool.h"
#include "gateway/gateway.h"
#include "storage/database_store.h"
#include "storage/transfers.h"
#include "support/keys.h"
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace support {

// How "recipient" is reached as a passive recipient.
struct PushSetup {
  gateway::RecipientTransport* transport = nullptr;
  std::vector<directory::Endpoint> endpoints{};
  std::vector<crypto::Certificate> more_signers{}; // of its organisation
  gateway::PushLimits limits{};
};

class Intermediary {
 public:
  Intermediary();
  // `legacy_ciphers`: an exception for all of them and everybody. `refusal_step`, `strict_schema`:
  // as in gateway::Settings.
  explicit Intermediary(osci::Policy policy, bool legacy_ciphers = false,
                        std::chrono::milliseconds refusal_step = {}, PushSetup push = {},
                        bool strict_schema = false);
  ~Intermediary();

  // Throws std::runtime_error when an answer, or a request that was carried out, is not valid by
  // the schemas of xoev-schemas/osci.
  std::string post(std::string body, unsigned* status = nullptr);
  // All at the same time; the answers in the same order.
  std::vector<std::string> post_all(const std::vector<std::string>& bodies);
  void restart(); // closes the store and opens it again
  std::string state() const { return folder_.string(); }

  base::ManualClock clock{base::Instant{std::chrono::hours{24 * 365 * 57}}};
  base::SystemRandom random;
  osci::Policy policy;
  PushSetup push; // changes count from the next restart()
  // The same: what else the directory says.
  std::function<void(std::vector<directory::Organisation>&)> change_organisations;
  std::vector<directory::ServiceDescription> descriptions;
  // Read by restart(): chunked transfers.
  mailbox::SpoolQuota spool{std::uint64_t{64} << 20, std::uint64_t{32} << 20};
  base::Milliseconds chunk_wait{30'000};
  std::uint64_t max_in_memory = ~std::uint64_t{0};
  std::uint64_t reserve = 0;
  // Revocation is checked, and certificates that name nobody to ask, as those of the tests, count
  // as not checkable.
  bool require_revocation = false;
  void expire_transfers(base::Instant unused_before);
  void resume_transfers();
  gateway::Rollovers rollovers;
  gateway::AdmissionRules admission;   // the same
  async::PoolLimits cpu{2, 2, 64, 64}; // the same
  // Of admission.
  gateway::Admission::Time steady_now{std::chrono::hours{1}};
  gateway::Busy busy;                                      // of the last answer of post()
  std::shared_ptr<const directory::Agreements> agreements; // taken at restart()
  osci::ContentCheck check_content;                        // the same
  bool check_schemas = true;                               // costs a decryption in each direction

  async::WorkPool& cpu_pool() { return *cpu_; }
  const gateway::Admission::Counts& refusals() const { return gateway_->refusals(); }
  mailbox::Transfers& transfers() { return *transfers_; }
  mailbox::Store& store() { return *store_; }
  const mailbox::MessageIdIssuer& ids() const { return ids_; }

 private:
  void start();
  void check(const std::string& request, const std::string& answer) const;
  std::chrono::milliseconds refusal_step_;
  bool strict_schema_ = false;
  std::filesystem::path folder_;
  std::unique_ptr<storage::DatabaseStore> store_;
  std::unique_ptr<storage::DatabaseTransfers> transfers_;
  mailbox::MessageIdIssuer ids_;
  boost::asio::io_context io_;
  std::unique_ptr<async::WorkPool> cpu_, db_, push_pool_, bulk_;
  struct Inquiries;
  std::unique_ptr<Inquiries> inquiries_;
  std::unique_ptr<gateway::Gateway> gateway_;
};

// A party that talks to the intermediary: composes requests and opens answers.
class Party {
 public:
  explicit Party(const std::string& name); // "sender", "recipient", "other"

  osci::Request request(osci::MessageType type) const; // implicit, with certificates
  // A StoreDelivery of `payload` (as an opaque container) for "recipient".
  osci::Request delivery(const std::string& message_id, const std::string& payload,
                         const std::string& addressee = "recipient") const;
  // A ForwardDelivery or MediateDelivery for `uri`; an empty id: none.
  osci::Request pushed(osci::MessageType type, const std::string& message_id,
                       const std::string& uri, const std::string& payload = "Antrag") const;
  std::string seal(const osci::Request& request, bool sign = true, bool encrypt = true) const;
  osci::Answer open(const std::string& answer) const; // throws std::runtime_error on a fault
  seal::SignWith signing() const;
  seal::EncryptFor encrypting() const;

  std::string name;
  const crypto::KeyPair& cipher;
  const crypto::KeyPair& signature;
  mutable base::SystemRandom random;
};

// Code of a fault or of the first feedback entry ("9400", "0800").
std::string code_of(const Party& party, const std::string& answer);
bool is_fault(const std::string& answer);

// One explicit dialog.
class Dialog {
 public:
  Dialog(Intermediary& intermediary, const Party& party); // InitDialog
  osci::Request next(osci::MessageType type) const;       // with the right ControlBlock
  osci::Answer send(const osci::Request& request);        // and takes the answer's challenge over
  osci::Answer exchange(const std::string& wire, const osci::Request& request);

  Intermediary& intermediary;
  const Party& party;
  std::string conversation_id;
  std::string challenge;
  std::uint32_t sequence = 0;
};

} // namespace support
