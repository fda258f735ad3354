// A session with the intermediary whose exchanges are counted and timed.
#pragma once
#include "base/random.h"
#include "cli/load/metered_transport.h"
#include "cli/settings.h"
#include "client/session.h"
#include <memory>

namespace cli::load {

// One thread at a time. Not to be moved: the session borrows the other members.
class MeteredSession {
 public:
  // Borrowed: tally.
  MeteredSession(const CommonOptions& options, const Parties& parties, Tally& tally);
  MeteredSession(const MeteredSession&) = delete;
  MeteredSession& operator=(const MeteredSession&) = delete;

  client::Session& session() { return session_; }
  const MeteredTransport& wire() const { return transport_; }
  base::RandomSource& random() { return random_; }

 private:
  base::SystemRandom random_;
  MeteredTransport transport_;
  client::Session session_;
};

} // namespace cli::load
