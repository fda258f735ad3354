// Carries out pushes to passive recipients (wire reference 1.5, 1.6, 14.9): what is recorded when,
// who may be dialled, and what the answer means.
#pragma once
#include "async/keyed_lock.h"
#include "async/work_pool.h"
#include "base/clock.h"
#include "base/random.h"
#include "gateway/push_targets.h"
#include "gateway/recipient_transport.h"
#include "gateway/rollovers.h"
#include "mailbox/message_id.h"
#include "mailbox/store.h"
#include "osci/push.h"
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

namespace authority {
class RevocationChecker;
}

namespace gateway {

struct Settings;

// What the composition root supplies for push.
struct PushParts {
  RecipientTransport* transport = nullptr; // null: this gateway pushes nothing (9809)
  async::WorkPool* pool = nullptr;         // its threads block in the transport
  PushLimits limits;
};

// All members on the gateway's executor.
class Pushes {
 public:
  // All parts outlive this object and every call.
  struct Parts {
    const base::Clock& clock;
    base::RandomSource& random;
    mailbox::Store& store;
    const mailbox::MessageIdIssuer& ids;
    async::WorkPool& cpu;
    async::WorkPool& db;
    PushParts push;
    authority::RevocationChecker* revocation = nullptr; // null: nobody is asked
    Rollovers* rollovers = nullptr;                     // as of Gateway::Parts
  };
  explicit Pushes(Parts parts);

  // `plan` holds a PushIt. Errors: nothing has been recorded and the dialog's turn is not taken.
  // Otherwise the outcome, failures with their code among them. Must not be cancelled.
  asio::awaitable<base::Result<mailbox::Push>> carry_out(std::shared_ptr<const osci::Plan> plan,
                                                         std::shared_ptr<const Settings> settings);

  // The daemon ends: what runs goes on to its timeout, what waits is refused.
  void stop() { targets_.stop(); }

 private:
  struct Sent;
  asio::awaitable<mailbox::Push> dial(std::shared_ptr<const osci::Plan> plan,
                                      std::shared_ptr<const Settings> settings,
                                      PushTargets::Permit permit,
                                      std::shared_ptr<mailbox::Push> push);
  asio::awaitable<Sent> send(std::shared_ptr<const osci::PushOrder> order,
                             std::shared_ptr<const Settings> settings,
                             std::shared_ptr<const mailbox::Push> push);
  asio::awaitable<mailbox::Push> finish(std::shared_ptr<const osci::Plan> plan,
                                        std::shared_ptr<mailbox::Push> push, osci::Verdict verdict);

  Parts parts_;
  async::KeyedLock by_message_id_;
  PushTargets targets_;
};

} // namespace gateway
