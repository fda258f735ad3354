#include "authority/desk.h"

namespace authority {
namespace {

// They wait for the network, not for a core.
constexpr std::size_t kThreads = 8;
constexpr std::size_t kWaiting = 512;

} // namespace

Desk::Desk(asio::any_io_executor executor, DeskRules rules, const base::Clock& clock,
           base::RandomSource& random)
    : check_revocation_(rules.check_revocation), offers_timestamps_(!rules.timestamps.url.empty()),
      to_authorities_(rules.private_addresses), to_timestamps_(true),
      evidence_(rules.folder, rules.revocation.cache_bytes),
      statements_(rules.revocation, to_authorities_, clock, random, &evidence_),
      inquiries_("inquiries", kThreads, kWaiting),
      revocation_(std::move(executor), statements_, clock, inquiries_),
      timestamps_(std::move(rules.timestamps), to_timestamps_, clock, random, inquiries_) {}

} // namespace authority
