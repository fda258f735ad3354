#include "authority/link_status.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "crypto/ocsp.h"
#include <algorithm>

namespace authority {

using crypto::CertificateStatus;
using crypto::RevocationOutcome;

namespace {

// Without nextUpdate newer information is always to be had (RFC 6960, 4.2.2.1).
constexpr auto kWithoutNextUpdate = std::chrono::hours{1};
// For all addresses of one certificate together.
constexpr auto kWholeQuestion = std::chrono::seconds{20};
constexpr std::size_t kMaxLists = 256;
constexpr std::size_t kMaxLeftAlone = 1024;

std::string link_key(const crypto::Certificate& subject, const crypto::Certificate& issuer) {
  return subject.fingerprint() + issuer.fingerprint();
}
std::string list_key(const std::string& url, const crypto::Certificate& issuer) {
  return crypto::sha256_hex(issuer.fingerprint() + " " + url);
}

std::string host_of(std::string_view url) {
  const auto begin = url.find("//");
  if (begin == std::string_view::npos) return {};
  url.remove_prefix(begin + 2);
  return std::string(url.substr(0, url.find_first_of("/?#")));
}

void log_failure(const char* method, const std::string& url, const std::string& rule) {
  base::log(base::LogLevel::warning, "revocation.unanswered",
            "an authority gave no usable statement",
            {{"method", method}, {"host", host_of(url)}, {"rule", rule}});
}

std::size_t weight(const LinkStatus& status) {
  return status.result.ocsp.size() + 512; // of the key and the entry
}

} // namespace

// The right to ask about one thing.
class LinkStatusSource::Turn {
 public:
  Turn(LinkStatusSource& source, std::string key) : source_(source), key_(std::move(key)) {
    std::unique_lock lock(source_.mutex_);
    source_.freed_.wait(lock, [this] { return !source_.busy_.contains(key_); });
    source_.busy_.insert(key_);
  }
  ~Turn() {
    {
      const std::lock_guard lock(source_.mutex_);
      source_.busy_.erase(key_);
    }
    source_.freed_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  LinkStatusSource& source_;
  const std::string key_;
};

LinkStatusSource::LinkStatusSource(RevocationRules rules, Transport& transport,
                                   const base::Clock& clock, base::RandomSource& random,
                                   EvidenceFolder* folder)
    : rules_(rules), transport_(transport), clock_(clock), random_(random), folder_(folder) {}

crypto::StatusWindow LinkStatusSource::window() const {
  crypto::StatusWindow out{clock_.now()};
  out.grace = rules_.grace;
  return out;
}

LinkStatus LinkStatusSource::dated(crypto::RevocationResult result, base::Instant obtained,
                                   const std::optional<base::Instant>& next_update) const {
  LinkStatus out;
  out.result = std::move(result);
  out.usable_until =
      next_update ? std::min<base::Instant>(*next_update + rules_.grace, obtained + rules_.max_age)
                  : obtained + std::min<base::Milliseconds>(kWithoutNextUpdate, rules_.max_age);
  // Early enough for several attempts before the old one ends.
  out.refresh_at = obtained + (out.usable_until - obtained) * 3 / 4;
  return out;
}

std::optional<LinkStatus> LinkStatusSource::known(const std::string& key, base::Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = links_.find(key);
  if (found == links_.end() || found->second.usable_until <= now) return std::nullopt;
  return found->second;
}

void LinkStatusSource::keep(const std::string& key, const LinkStatus& status) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  if (link_bytes_ + weight(status) > rules_.cache_bytes)
    std::erase_if(links_, [&](const auto& one) {
      if (one.second.usable_until > now) return false;
      link_bytes_ -= weight(one.second);
      return true;
    });
  // Still too much: any entry makes room, it can be asked for again.
  while (!links_.empty() && link_bytes_ + weight(status) > rules_.cache_bytes) {
    link_bytes_ -= weight(links_.begin()->second);
    links_.erase(links_.begin());
  }
  if (const auto old = links_.find(key); old != links_.end()) {
    link_bytes_ -= weight(old->second);
    links_.erase(old);
  }
  link_bytes_ += weight(status);
  links_.emplace(key, status);
}

bool LinkStatusSource::left_alone(const std::string& url) {
  const std::lock_guard lock(mutex_);
  const auto found = left_alone_.find(url);
  return found != left_alone_.end() && clock_.now() < found->second;
}

void LinkStatusSource::leave_alone(const std::string& url) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  if (left_alone_.size() >= kMaxLeftAlone)
    std::erase_if(left_alone_, [&](const auto& one) { return one.second <= now; });
  if (left_alone_.size() >= kMaxLeftAlone) left_alone_.clear();
  left_alone_[url] = now + rules_.retry;
}

LinkStatus LinkStatusSource::ask(const crypto::Certificate& subject,
                                 const crypto::Certificate& issuer, bool refresh) {
  const std::string key = link_key(subject, issuer);
  const Turn turn(*this, key);
  const auto now = clock_.now();
  auto before = known(key, now);
  // Somebody else may just have asked.
  if (before && (!refresh || now < before->refresh_at)) return *before;
  if (!before) {
    before = from_disk(subject, issuer);
    if (before) keep(key, *before);
    if (before && (!refresh || now < before->refresh_at)) return *before;
  }

  const base::Instant until = now + kWholeQuestion;
  std::optional<LinkStatus> found;
  if (rules_.crl_first) found = by_crl(subject, issuer, refresh, until);
  if (!found) found = by_ocsp(subject, issuer, before, until);
  if (!found && !rules_.crl_first) found = by_crl(subject, issuer, refresh, until);
  if (found) {
    keep(key, *found);
    return *found;
  }

  const auto later = clock_.now();
  if (before && later < before->usable_until) {
    before->refresh_at = later + rules_.retry;
    keep(key, *before);
    return *before;
  }
  const bool nobody = crypto::ocsp_urls(subject).empty() && crypto::crl_urls(subject).empty();
  LinkStatus out;
  if (nobody && !rules_.require) {
    out.result.outcome = RevocationOutcome::not_checked;
    out.usable_until = out.refresh_at = later + rules_.max_age;
  } else {
    out.result.outcome = RevocationOutcome::unreachable;
    out.usable_until = out.refresh_at = later + rules_.retry;
  }
  keep(key, out);
  return out;
}

std::optional<LinkStatus> LinkStatusSource::from_disk(const crypto::Certificate& subject,
                                                      const crypto::Certificate& issuer) {
  if (!folder_) return std::nullopt;
  const std::string name = "ocsp-" + subject.fingerprint();
  const auto kept = folder_->read(name, crypto::kMaxOcspResponse);
  if (!kept) return std::nullopt;
  const auto statement = crypto::read_ocsp_response(kept->bytes, subject, issuer, {}, window());
  if (!statement || statement->status == CertificateStatus::unknown) {
    folder_->remove(name);
    return std::nullopt;
  }
  crypto::RevocationResult result;
  result.outcome = statement->status == CertificateStatus::good ? RevocationOutcome::good
                                                                : RevocationOutcome::revoked;
  result.revoked_at = statement->revoked_at;
  result.ocsp = kept->bytes;
  // A file from the future would never be asked for again.
  auto out =
      dated(std::move(result), std::min(kept->obtained, clock_.now()), statement->next_update);
  if (out.usable_until <= clock_.now()) return std::nullopt;
  return out;
}

std::optional<LinkStatus> LinkStatusSource::by_ocsp(const crypto::Certificate& subject,
                                                    const crypto::Certificate& issuer,
                                                    const std::optional<LinkStatus>& before,
                                                    base::Instant until) {
  for (const auto& url : crypto::ocsp_urls(subject)) {
    const auto now = clock_.now();
    if (left_alone(url) || now >= until) continue;
    const auto request = crypto::make_ocsp_request(subject, issuer, random_);
    if (!request) return std::nullopt;
    const auto reply =
        transport_.post(url, request->der, "application/ocsp-request",
                        std::min(rules_.question, until - now), crypto::kMaxOcspResponse);
    if (!reply || reply->status != 200) {
      log_failure("ocsp", url,
                  reply ? "HTTP status " + std::to_string(reply->status)
                        : std::string(base::to_string(reply.error().code)));
      leave_alone(url);
      continue;
    }
    const auto statement =
        crypto::read_ocsp_response(reply->body, subject, issuer, request->nonce, window());
    if (!statement) {
      log_failure("ocsp", url, statement.error().detail);
      leave_alone(url);
      continue;
    }
    if (statement->status == CertificateStatus::unknown) {
      // An answer, so the address is fine; but it settles nothing.
      log_failure("ocsp", url, "the responder does not know the certificate");
      continue;
    }
    // An older statement than the one we hold, said again: a replay, or a stale mirror.
    if (before && !before->result.ocsp.empty()) {
      const auto held =
          crypto::read_ocsp_response(before->result.ocsp, subject, issuer, {}, window());
      if (held && statement->this_update < held->this_update) {
        log_failure("ocsp", url, "older than the statement that is held");
        continue;
      }
    }
    const auto obtained = clock_.now();
    crypto::RevocationResult result;
    result.outcome = statement->status == CertificateStatus::good ? RevocationOutcome::good
                                                                  : RevocationOutcome::revoked;
    result.revoked_at = statement->revoked_at;
    result.ocsp = reply->body;
    if (folder_) folder_->write("ocsp-" + subject.fingerprint(), reply->body, obtained);
    // Within the skew of the clocks it may have ended just now: then it is used this once.
    return dated(std::move(result), obtained, statement->next_update);
  }
  return std::nullopt;
}

std::optional<LinkStatus> LinkStatusSource::by_crl(const crypto::Certificate& subject,
                                                   const crypto::Certificate& issuer, bool refresh,
                                                   base::Instant until) {
  for (const auto& url : crypto::crl_urls(subject)) {
    const auto held = list(url, issuer, refresh, until);
    if (!held) continue;
    const auto statement = held->crl.status_of(subject, window());
    if (!statement) {
      log_failure("crl", url, statement.error().detail);
      continue;
    }
    crypto::RevocationResult result;
    result.outcome = statement->status == CertificateStatus::good ? RevocationOutcome::good
                                                                  : RevocationOutcome::revoked;
    result.revoked_at = statement->revoked_at;
    result.crl = held->crl.this_update();
    return dated(std::move(result), held->obtained, held->crl.next_update());
  }
  return std::nullopt;
}

std::optional<LinkStatusSource::List> LinkStatusSource::list(const std::string& url,
                                                             const crypto::Certificate& issuer,
                                                             bool refresh, base::Instant until) {
  const std::string key = list_key(url, issuer);
  const Turn turn(*this, key);
  const auto now = clock_.now();
  const auto usable = [&](const List& one) {
    return now < one.crl.next_update() + rules_.grace && now < one.obtained + rules_.max_age;
  };
  const auto due = [&](const List& one) {
    const auto end = std::min<base::Instant>(one.crl.next_update(), one.obtained + rules_.max_age);
    return now >= one.obtained + (end - one.obtained) * 3 / 4;
  };
  const auto remember = [&](const List& one) {
    const std::lock_guard lock(mutex_);
    std::uint64_t total = one.crl.size();
    for (const auto& [name, other] : lists_) total += other.crl.size();
    while (!lists_.empty() && (total > rules_.cache_bytes || lists_.size() >= kMaxLists)) {
      const auto oldest =
          std::min_element(lists_.begin(), lists_.end(), [](const auto& a, const auto& b) {
            return a.second.obtained < b.second.obtained;
          });
      total -= oldest->second.crl.size();
      lists_.erase(oldest);
    }
    lists_.insert_or_assign(key, one);
  };

  std::optional<List> held;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = lists_.find(key); found != lists_.end()) held = found->second;
  }
  if (!held && folder_) {
    if (const auto kept = folder_->read("crl-" + key, crypto::kMaxCrl)) {
      if (auto crl = crypto::Crl::from_der(kept->bytes, issuer)) {
        held = List{std::move(*crl), std::min(kept->obtained, now)};
        remember(*held);
      } else {
        folder_->remove("crl-" + key);
      }
    }
  }
  if (held && usable(*held) && !(refresh && due(*held))) return held;
  const auto fallback = [&]() -> std::optional<List> {
    if (held && usable(*held)) return held;
    return std::nullopt;
  };
  if (left_alone(url) || now >= until) return fallback();

  const auto reply = transport_.get(url, std::min(rules_.question, until - now), crypto::kMaxCrl);
  if (!reply || reply->status != 200) {
    log_failure("crl", url,
                reply ? "HTTP status " + std::to_string(reply->status)
                      : std::string(base::to_string(reply.error().code)));
    leave_alone(url);
    return fallback();
  }
  auto crl = crypto::Crl::from_der(reply->body, issuer);
  if (!crl || (held && crl->this_update() < held->crl.this_update())) {
    log_failure("crl", url, crl ? "older than the list that is held" : crl.error().detail);
    leave_alone(url);
    return fallback();
  }
  const List fresh{std::move(*crl), clock_.now()};
  remember(fresh);
  if (folder_) folder_->write("crl-" + key, reply->body, fresh.obtained);
  return fresh;
}

} // namespace authority
