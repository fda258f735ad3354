#include "authority/revocation.h"
#include "async/within.h"
#include "base/log.h"
#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace authority {

using crypto::RevocationOutcome;

namespace {

// A certificate not seen for this long is no longer kept up to date.
constexpr auto kForgotten = std::chrono::hours{24 * 7};
// Renewals started in one round; the others have time.
constexpr std::size_t kRenewals = 32;

// All links of a certificate's way to its anchor. On the pool.
LinkStatus check_chain(LinkStatusSource& source, const crypto::Certificate& certificate,
                       const crypto::TrustStore& trust, base::Instant now, bool refresh) {
  const auto issuers =
      trust.inspect(certificate, crypto::CertificatePurpose::signature, now).issuers;
  LinkStatus out;
  // Strangers are not remembered: anybody can make as many as he likes, and others need the room.
  out.usable_until = out.refresh_at = issuers.empty() ? now : now + source.rules().max_age;
  const crypto::Certificate* subject = &certificate;
  for (const auto& issuer : issuers) {
    const auto link = source.ask(*subject, issuer, refresh);
    const auto& said = link.result;
    out.usable_until = std::min(out.usable_until, link.usable_until);
    out.refresh_at = std::min(out.refresh_at, link.refresh_at);
    if (said.outcome == RevocationOutcome::revoked) {
      // Its evidence stands for the whole chain; nothing above can make it better.
      out.result = said;
      return out;
    }
    if (said.outcome == RevocationOutcome::unreachable) {
      out.result = {};
      out.result.outcome = RevocationOutcome::unreachable;
    } else if (subject == &certificate) {
      out.result = said;
    }
    // A missing answer about an issuer leaves the whole unsettled; a later "revoked" still counts.
    subject = &issuer;
  }
  return out;
}

} // namespace

struct RevocationChecker::Flight {
  std::optional<LinkStatus> landed;
  bool over = false;
  std::vector<std::shared_ptr<asio::steady_timer>> waiting; // cancelled when it is over
};

RevocationChecker::RevocationChecker(asio::any_io_executor executor, LinkStatusSource& source,
                                     const base::Clock& clock, async::WorkPool& pool)
    : source_(source), clock_(clock), pool_(pool), tasks_(std::move(executor), "revocation") {}

asio::awaitable<std::shared_ptr<const crypto::RevocationResults>>
RevocationChecker::check(std::vector<crypto::Certificate> certificates,
                         std::shared_ptr<const crypto::TrustStore> trust) {
  auto out = std::make_shared<crypto::RevocationResults>();
  const auto now = clock_.now();
  std::vector<std::pair<std::string, std::shared_ptr<Flight>>> awaited;
  for (const auto& one : certificates) {
    if (out->contains(one.fingerprint())) continue;
    auto& result = (*out)[one.fingerprint()];
    const auto found = by_fingerprint_.find(one.fingerprint());
    if (found != by_fingerprint_.end() && found->second->trust.lock() == trust &&
        now < found->second->status.usable_until) {
      Known& known = *found->second;
      known.used = now;
      known_.splice(known_.begin(), known_, found->second);
      result = known.status.result;
      if (now >= known.status.refresh_at) start(one, trust, true);
      continue;
    }
    // Until the flight lands.
    result.outcome = RevocationOutcome::unreachable;
    awaited.emplace_back(one.fingerprint(), start(one, trust, false));
  }
  if (awaited.empty()) co_return out;

  const auto executor = co_await asio::this_coro::executor;
  auto alarm = std::make_shared<asio::steady_timer>(executor);
  const auto until = std::chrono::steady_clock::now() + source_.rules().budget;
  for (const auto& [fingerprint, flight] : awaited) {
    while (!flight->over && std::chrono::steady_clock::now() < until) {
      alarm->expires_at(until);
      flight->waiting.push_back(alarm);
      boost::system::error_code woken;
      auto token = asio::redirect_error(asio::use_awaitable, woken);
      co_await alarm->async_wait(token);
    }
    if (flight->landed) (*out)[fingerprint] = flight->landed->result;
  }
  co_return out;
}

std::optional<crypto::RevocationResult>
RevocationChecker::known(const crypto::Certificate& certificate) const {
  const auto found = by_fingerprint_.find(certificate.fingerprint());
  if (found == by_fingerprint_.end() || clock_.now() >= found->second->status.usable_until)
    return std::nullopt;
  return found->second->status.result;
}

bool RevocationChecker::any_revoked(const std::vector<crypto::Certificate>& certificates) const {
  return std::any_of(certificates.begin(), certificates.end(), [this](const auto& one) {
    const auto said = known(one);
    return said && said->outcome == RevocationOutcome::revoked;
  });
}

std::shared_ptr<RevocationChecker::Flight>
RevocationChecker::start(const crypto::Certificate& certificate,
                         std::shared_ptr<const crypto::TrustStore> trust, bool refresh) {
  const auto found = flights_.find(certificate.fingerprint());
  if (found != flights_.end()) return found->second;
  auto flight = std::make_shared<Flight>();
  flights_.emplace(certificate.fingerprint(), flight);
  tasks_.spawn(fly(certificate, std::move(trust), flight, refresh));
  return flight;
}

asio::awaitable<void> RevocationChecker::fly(crypto::Certificate certificate,
                                             std::shared_ptr<const crypto::TrustStore> trust,
                                             std::shared_ptr<Flight> flight, bool refresh) {
  // However it ends, whoever waits is woken and the next request may ask again.
  struct Landing {
    RevocationChecker& checker;
    std::string fingerprint;
    std::shared_ptr<Flight> flight;
    ~Landing() {
      flight->over = true;
      for (const auto& alarm : flight->waiting) alarm->cancel();
      flight->waiting.clear();
      checker.flights_.erase(fingerprint);
    }
  };
  const Landing landing{*this, certificate.fingerprint(), flight};
  auto job = [&source = source_, certificate, trust, refresh, now = clock_.now()] {
    return check_chain(source, certificate, *trust, now, refresh);
  };
  auto status = co_await pool_.run(std::move(job));
  if (!status) {
    base::log(base::LogLevel::warning, "revocation.overloaded",
              "too many questions about certificates wait; this one was not asked");
    co_return;
  }
  if (status->result.outcome == RevocationOutcome::revoked)
    base::log(base::LogLevel::warning, "certificate.revoked",
              "a certificate or its issuer is revoked",
              {{"fingerprint", certificate.fingerprint()},
               {"revoked_at", status->result.revoked_at
                                  ? base::format_datetime(*status->result.revoked_at)
                                  : std::string{}}});
  flight->landed = *status;
  remember(certificate, trust, std::move(*status));
}

void RevocationChecker::remember(const crypto::Certificate& certificate,
                                 const std::shared_ptr<const crypto::TrustStore>& trust,
                                 LinkStatus status) {
  const auto now = clock_.now();
  const auto drop = [&](std::list<Known>::iterator one) {
    bytes_ -= one->weight;
    by_fingerprint_.erase(one->certificate.fingerprint());
    known_.erase(one);
  };
  base::Instant used = now;
  if (const auto found = by_fingerprint_.find(certificate.fingerprint());
      found != by_fingerprint_.end()) {
    used = found->second->used; // a renewal is no use
    drop(found->second);
  }
  if (status.usable_until <= now) return;
  const std::uint64_t weight = certificate.der().size() + status.result.ocsp.size() + 512;
  while (!known_.empty() && bytes_ + weight > source_.rules().cache_bytes)
    drop(std::prev(known_.end()));
  known_.push_front({certificate, trust, std::move(status), used, weight});
  by_fingerprint_[certificate.fingerprint()] = known_.begin();
  bytes_ += weight;
}

void RevocationChecker::refresh_due(std::shared_ptr<const crypto::TrustStore> trust) {
  const auto now = clock_.now();
  std::vector<crypto::Certificate> due;
  for (const auto& one : known_)
    if (due.size() < kRenewals && now >= one.status.refresh_at && now - one.used < kForgotten &&
        one.trust.lock() == trust)
      due.push_back(one.certificate);
  for (const auto& one : due) start(one, trust, true);
}

asio::awaitable<void> RevocationChecker::stop() {
  tasks_.cancel();
  co_await tasks_.empty();
}

std::size_t RevocationChecker::unreachable() const {
  return static_cast<std::size_t>(std::count_if(known_.begin(), known_.end(), [](const Known& one) {
    return one.status.result.outcome == RevocationOutcome::unreachable;
  }));
}

} // namespace authority
