// Are the certificates of a request revoked? Asks responders and lists for every certificate and
// its issuers up to the anchor, and never lets a request wait long for it.
#pragma once
#include "async/task_group.h"
#include "async/work_pool.h"
#include "authority/link_status.h"
#include "crypto/trust.h"
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace authority {

namespace asio = boost::asio;

// Goals, in this order: 1. a delivery is neither lost nor delayed by more than `budget` because a
// responder is away; 2. a revoked certificate is noticed, at the latest max_age after its authority
// said so; 3. an authority is asked once, not once for each request: what it said is kept, renewed
// in the background before it ends, and one question at a time is under way for each certificate.
// A certificate that leads to no anchor is never asked about, so nobody can make us call an address
// of his choice without being a trusted issuer.
//
// All members on one executor that runs one handler at a time. The pool's threads do the asking.
class RevocationChecker {
 public:
  // `source`, `pool`: borrowed; they outlive the checker. Before it
  // ends, stop().
  RevocationChecker(asio::any_io_executor executor, LinkStatusSource& source,
                    const base::Clock& clock, async::WorkPool& pool);

  // One result for each certificate. What is not known when the budget ends counts as unreachable
  // this time; the question goes on for those who come later.
  asio::awaitable<std::shared_ptr<const crypto::RevocationResults>>
  check(std::vector<crypto::Certificate> certificates,
        std::shared_ptr<const crypto::TrustStore> trust);

  // What is known at this moment, without asking; nullopt: nothing.
  std::optional<crypto::RevocationResult> known(const crypto::Certificate& certificate) const;

  bool any_revoked(const std::vector<crypto::Certificate>& certificates) const;

  // Asks again about certificates that were seen lately and whose statements end soon.
  void refresh_due(std::shared_ptr<const crypto::TrustStore> trust);

  // Of how many certificates the latest question went unanswered: for the operator.
  std::size_t unreachable() const;

  // Waits until no question is under way that would come back here.
  asio::awaitable<void> stop();

 private:
  struct Known {
    crypto::Certificate certificate;
    std::weak_ptr<const crypto::TrustStore> trust; // another store, another way
    LinkStatus status;
    base::Instant used;
    std::uint64_t weight = 0;
  };
  struct Flight;

  std::shared_ptr<Flight> start(const crypto::Certificate& certificate,
                                std::shared_ptr<const crypto::TrustStore> trust, bool refresh);
  asio::awaitable<void> fly(crypto::Certificate certificate,
                            std::shared_ptr<const crypto::TrustStore> trust,
                            std::shared_ptr<Flight> flight, bool refresh);
  void remember(const crypto::Certificate& certificate,
                const std::shared_ptr<const crypto::TrustStore>& trust, LinkStatus status);

  LinkStatusSource& source_;
  const base::Clock& clock_;
  async::WorkPool& pool_;
  async::TaskGroup tasks_;
  std::list<Known> known_; // lately used first
  std::unordered_map<std::string, std::list<Known>::iterator> by_fingerprint_;
  std::uint64_t bytes_ = 0;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

} // namespace authority
