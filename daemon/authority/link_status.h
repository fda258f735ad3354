// One link of a chain: does the issuer still stand by this certificate? Blocking; thread-safe.
#pragma once
#include "authority/evidence_folder.h"
#include "authority/transport.h"
#include "base/random.h"
#include "crypto/crl.h"
#include "crypto/status.h"
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace authority {

struct RevocationRules {
  bool require = false;   // a certificate that names nobody to ask counts as unreachable
  bool crl_first = false; // lists before responders
  // A statement is used for this long after it was obtained, and never past its own nextUpdate
  // (plus `grace`).
  base::Milliseconds max_age = std::chrono::hours{48};
  base::Milliseconds grace{0};
  // One question to one address; shorter than the budget, so that a silent responder leaves time
  // for the list.
  base::Milliseconds question = std::chrono::seconds{2};
  base::Milliseconds budget = std::chrono::seconds{3}; // that a request waits, all in all
  base::Milliseconds retry = std::chrono::seconds{60}; // an address that failed is left alone
  std::uint64_t cache_bytes = 64 * 1024 * 1024;        // in memory, and as much on disk
};

// What is known about one certificate, and for how long.
struct LinkStatus {
  crypto::RevocationResult result;
  base::Instant usable_until{};
  base::Instant refresh_at{}; // worth asking again from here on
};

class LinkStatusSource {
 public:
  // All borrowed; `folder` may be null.
  LinkStatusSource(RevocationRules rules, Transport& transport, const base::Clock& clock,
                   base::RandomSource& random, EvidenceFolder* folder);

  // `refresh`: asks although a usable statement is known; that one stays in force when nobody
  // answers. Two callers never ask about the same certificate at once.
  LinkStatus ask(const crypto::Certificate& subject, const crypto::Certificate& issuer,
                 bool refresh);

  const RevocationRules& rules() const { return rules_; }

 private:
  struct List {
    crypto::Crl crl;
    base::Instant obtained;
  };
  class Turn;

  std::optional<LinkStatus> known(const std::string& key, base::Instant now);
  void keep(const std::string& key, const LinkStatus& status);
  std::optional<LinkStatus> from_disk(const crypto::Certificate& subject,
                                      const crypto::Certificate& issuer);
  std::optional<LinkStatus> by_ocsp(const crypto::Certificate& subject,
                                    const crypto::Certificate& issuer,
                                    const std::optional<LinkStatus>& before, base::Instant until);
  std::optional<LinkStatus> by_crl(const crypto::Certificate& subject,
                                   const crypto::Certificate& issuer, bool refresh,
                                   base::Instant until);
  std::optional<List> list(const std::string& url, const crypto::Certificate& issuer, bool refresh,
                           base::Instant until);
  LinkStatus dated(crypto::RevocationResult result, base::Instant obtained,
                   const std::optional<base::Instant>& next_update) const;
  bool left_alone(const std::string& url);
  void leave_alone(const std::string& url);
  crypto::StatusWindow window() const;

  const RevocationRules rules_;
  Transport& transport_;
  const base::Clock& clock_;
  base::RandomSource& random_;
  EvidenceFolder* const folder_;

  std::mutex mutex_; // guards all below
  std::condition_variable freed_;
  std::set<std::string> busy_; // what is being asked about
  std::unordered_map<std::string, LinkStatus> links_;
  std::uint64_t link_bytes_ = 0;
  std::map<std::string, List> lists_;
  std::map<std::string, base::Instant> left_alone_;
};

} // namespace authority
