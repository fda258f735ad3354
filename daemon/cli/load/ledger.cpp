#include "cli/load/ledger.h"
#include "base/encoding.h"
#include "cli/load/plan.h"
#include "cli/text.h"
#include <algorithm>
#include <functional>
#include <unordered_set>

namespace cli::load {
namespace {

constexpr std::size_t kExamples = 10;

std::array<char, 32> raw(const std::string& sha256) {
  std::array<char, 32> out{};
  const auto octets = base::hex_decode(sha256);
  if (octets && octets->size() == out.size())
    std::copy(octets->begin(), octets->end(), out.begin());
  return out;
}

} // namespace

std::size_t Ledger::KeyHash::operator()(const Key& key) const {
  return static_cast<std::size_t>(draw(key.run, key.number));
}

Ledger::Key Ledger::key_of(const Stamp& stamp) {
  const auto next = static_cast<std::uint32_t>(runs_.size());
  return {runs_.emplace(stamp.run, next).first->second, stamp.number};
}

Arrival Ledger::arrived(const Stamp& stamp, const std::string& message_id, std::size_t mailbox) {
  const std::lock_guard lock(mutex_);
  const auto id = static_cast<std::uint64_t>(std::hash<std::string>{}(message_id));
  const auto [at, first] =
      entries_.emplace(key_of(stamp), Entry{raw(stamp.sha256), stamp.size, id,
                                            static_cast<std::uint32_t>(mailbox), false});
  if (first) return Arrival::first;
  const Entry& known = at->second;
  if (!known.acknowledged && known.message_id == id) return Arrival::again;
  ++duplicates_;
  return Arrival::duplicate;
}

void Ledger::acknowledged(const Stamp& stamp) {
  const std::lock_guard lock(mutex_);
  if (const auto at = entries_.find(key_of(stamp)); at != entries_.end())
    at->second.acknowledged = true;
}

bool Ledger::full() const {
  const std::lock_guard lock(mutex_);
  return entries_.size() >= kMost;
}

std::uint64_t Ledger::received() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::uint64_t Ledger::duplicates() const {
  const std::lock_guard lock(mutex_);
  return duplicates_;
}

base::Result<Balance> Ledger::balance(const std::string& record) const {
  const std::lock_guard lock(mutex_);
  Balance out;
  std::unordered_set<Key, KeyHash> recorded;
  const std::unordered_set<std::string> own(mailboxes_.begin(), mailboxes_.end());
  const auto wrong = [&out](std::uint64_t& count, const SentMessage& sent, const char* why) {
    ++count;
    if (out.examples.size() < kExamples)
      out.examples.push_back(std::string(why) + "  " + harmless(sent.message_id));
  };
  const auto read = read_record(record, [&](const SentMessage& sent) {
    const auto run = runs_.find(sent.stamp.run);
    const Key key{run == runs_.end() ? UINT32_MAX : run->second, sent.stamp.number};
    const auto found = entries_.find(key);
    const bool came = found != entries_.end();
    if (came) recorded.insert(key);
    if (!came && !own.contains(sent.to)) {
      ++out.other_mailboxes;
      return;
    }
    ++out.recorded;
    if (sent.outcome == Outcome::accepted) ++out.accepted;
    if (!came) {
      if (sent.outcome == Outcome::accepted) wrong(out.missing, sent, "missing");
      if (sent.outcome == Outcome::unknown) ++out.unknown_absent;
      return;
    }
    const Entry& entry = found->second;
    if (sent.outcome == Outcome::accepted) ++out.received;
    if (sent.outcome == Outcome::unknown) ++out.unknown_received;
    if (sent.outcome == Outcome::refused || sent.outcome == Outcome::not_sent)
      wrong(out.refused_received, sent, "refused, and came");
    if (entry.size != sent.stamp.size || entry.sha256 != raw(sent.stamp.sha256))
      wrong(out.altered, sent, "altered");
    if (mailboxes_.at(entry.mailbox) != sent.to) wrong(out.misdelivered, sent, "misdelivered");
  });
  if (!read) return read.error();
  out.unrecorded = entries_.size() - recorded.size();
  return out;
}

} // namespace cli::load
